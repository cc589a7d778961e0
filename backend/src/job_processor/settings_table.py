"""The documented settings: names, defaults and help. ``settings`` reads them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. ``default``: as written in the environment; empty: no default. ``secret``: may be in a file."""

    name: str
    default: str
    help: str
    secret: bool = False


TABLE = (
    Setting("APP_ENV", "development", "`production` turns on every safety check, whatever HOST is"),
    Setting("HOST", "127.0.0.1", "address to listen on"),
    Setting("PORT", "3000", "port to listen on; 0: any free one"),
    Setting("METRICS_PORT", "", "port on which a `worker` serves its own /metrics; unset: none; 0: any free one"),
    Setting("PUBLIC_URL", "", "address for browsers and processors, with its path; default: http://HOST:PORT"),
    Setting(
        "PUBLISHED_AT",
        "",
        "of a container: addresses at which its port is published, comma-separated; AUTH may be off only on loopback",
    ),
    Setting(
        "AUTH",
        "",
        "`keys`: API keys, and a sign-in on the page; `proxy`: a reverse proxy in front authenticates; `off`: no "
        "authentication, on loopback only. Default: `off` on loopback, else `keys`",
    ),
    Setting(
        "OIDC_ISSUER",
        "",
        "address of an identity provider (OpenID Connect) with which people sign in, beside API keys; needs AUTH=keys, "
        "which it makes the default",
    ),
    Setting("OIDC_CLIENT_ID", "", "client id of this server at the identity provider"),
    Setting("OIDC_CLIENT_SECRET", "", "client secret of this server; unset: a public client (PKCE)", secret=True),
    Setting("OIDC_NAME", "", "the identity provider's name on the page; default: its host name"),
    Setting("OIDC_REDIRECT_URL", "", "default: PUBLIC_URL with the path /session/oidc/callback"),
    Setting("OIDC_SCOPES", "openid profile email", "scopes that a sign-in requests"),
    Setting("OIDC_ROLE_CLAIM", "roles", "the claim that gives the role; a path with dots, such as realm_access.roles"),
    Setting("OIDC_ROLES", "", "pairs VALUE=ROLE, comma-separated; default: viewer, operator and admin by their names"),
    Setting("OIDC_DEFAULT_ROLE", "none", "role if the claim gives none: `none` (refused), viewer or operator"),
    Setting("OIDC_AUDIENCE", "", "audiences of access tokens that are accepted, comma-separated; unset: none"),
    Setting("OIDC_CA_FILE", "", "certificates (PEM) to trust for the identity provider; default: the system's"),
    Setting(
        "ALLOWED_HOSTS",
        "",
        "allowed names in the Host header, comma-separated; required off loopback; default: HOST and loopback names",
    ),
    Setting(
        "TRUSTED_PROXIES",
        "",
        "reverse proxies whose X-Forwarded-For names the client: addresses, networks or host names, comma-separated; "
        "default: none, with AUTH=proxy any",
    ),
    Setting("CORS_ORIGINS", "", "other origins whose pages may call the API, comma-separated; never `*`"),
    Setting("WEBHOOK_SECRET", "dev-secret-key", "shared secret of callbacks; required off loopback", secret=True),
    Setting(
        "WEBHOOK_SECRET_PREVIOUS", "", "the previous secret, still accepted while the secret is rotated", secret=True
    ),
    Setting("MONGODB_URI", "", "set: MongoDB; unset: SQLite in DATA_DIR", secret=True),
    Setting("DATA_DIR", "data", "directory of the SQLite database"),
    Setting("FLOWS_FILE", "", "default: flows.toml in the working directory if it exists, else one mock flow"),
    Setting(
        "RATE_LIMIT_PER_KEY",
        "120000",
        "requests a minute of a key without its own rate limit, and of a person; 0: not limited",
    ),
    Setting(
        "RATE_LIMIT_PER_ADDRESS",
        "120000",
        "requests a minute without a key from one address, unless AUTH is off; 0: not limited",
    ),
    Setting(
        "WRONG_KEYS_PER_ADDRESS", "300", "wrong keys a minute from one address; further ones get a 429; 0: not limited"
    ),
    Setting("WAITING_JOBS_PER_KEY", "100000", "maximum PENDING jobs of one key; 0: not limited"),
    Setting("RETENTION_DAYS", "30", "days after which final jobs are deleted; 0 keeps them for ever"),
    Setting("AUDIT_RETENTION_DAYS", "365", "days after which entries of the audit are deleted; 0 keeps them for ever"),
    Setting(
        "WEBHOOK_RETENTION_DAYS",
        "30",
        "days after which delivered and failed webhooks are deleted; 0 keeps them for ever",
    ),
    Setting(
        "WEBHOOK_PRIVATE_ADDRESSES",
        "refuse",
        "`allow`: webhooks may be sent to private and loopback addresses; link-local ones stay refused",
    ),
    Setting(
        "MAX_RESULT_BYTES",
        "1048576",
        "maximum size of a result in bytes of UTF-8, from a callback or an answer; at most 8388608",
    ),
    Setting("DRAIN_SECONDS", "6", "time for running attempts to end when a process stops; then they are put back"),
    Setting("WORKER_NAME", "", "this worker's name on the page; default: the host name"),
    Setting("LOG_LEVEL", "info", "debug, info, warning or error"),
    Setting("LOG_FORMAT", "text", "text or json"),
    Setting("ACCESS_LOG", "", "on or off: a log line for each request. Default: off where AUTH is off, else on"),
)
