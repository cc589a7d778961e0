"""Parses the settings from the environment into one immutable object. Reports all errors at once.

No other module reads the environment. A secret NAME may be in a file, whose path is then ``NAME_FILE``.
"""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from job_processor import public_url
from job_processor.core import proxies
from job_processor.core.errors import SettingsInvalid
from job_processor.core.permits import Limits
from job_processor.core.proxies import Proxies
from job_processor.oidc import options as oidc
from job_processor.secret_files import WithFiles
from job_processor.secret_strength import MIN_CHARACTERS, is_weak
from job_processor.settings_table import TABLE

__all__ = ["TABLE", "Settings", "is_loopback", "load"]

T = TypeVar("T")

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]{2,45}\]")


@dataclass(frozen=True, slots=True)
class Settings:
    """The parsed settings; ``settings_table`` describes each of them."""

    app_env: str
    host: str
    port: int
    metrics_port: int | None
    public_url: str
    published_at: tuple[str, ...]
    auth: str
    oidc: oidc.OidcOptions | None
    allowed_hosts: tuple[str, ...]
    proxies: Proxies
    cors_origins: tuple[str, ...]
    webhook_secrets: tuple[str, ...]
    mongodb_uri: str | None
    data_dir: Path
    flows_file: Path | None
    limits: Limits
    retention_days: float
    audit_retention_days: float
    webhook_retention_days: float
    webhook_private_addresses: bool
    """Whether webhooks may be sent to private and loopback addresses."""
    max_result_bytes: int
    drain_seconds: float
    worker_name: str
    log_level: str
    log_format: str
    access_log: bool
    failpoints: str
    environment: Mapping[str, str]
    """The whole environment, for secrets that flows name; supports NAME_FILE."""

    @property
    def is_exposed(self) -> bool:
        """True in production, or if other machines can reach the port. Then development defaults are refused."""
        return self.app_env == "production" or not all(map(is_loopback, (self.host, *self.published_at)))

    @property
    def is_published_on_loopback(self) -> bool:
        """True if the port of a container is known to be published only on loopback addresses."""
        return bool(self.published_at) and all(map(is_loopback, self.published_at))

    def callback_base(self, port: int) -> str:
        """The base URL of this server for processors, without a trailing slash. ``port``: the actual port."""
        if self.public_url:
            return self.public_url
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "localhost") else self.host
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def base_path(self) -> str:
        """The path of PUBLIC_URL, below which a reverse proxy serves the product; empty: none."""
        return public_url.base_path(self.public_url)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def load(environment: Mapping[str, str]) -> Settings:
    """Settings from the environment. Raises ``SettingsInvalid`` with a line per error that names its setting."""
    return _Loader(environment).load()


class _Loader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._faults: list[str] = []
        for setting in TABLE:
            if setting.secret:
                if setting.name in self._environment:
                    self._environment[setting.name] = self._environment[setting.name].strip()
                self._take_file(setting.name)

    def load(self) -> Settings:
        settings = Settings(
            app_env=self._choice("APP_ENV", "development", "production"),
            host=self._text("HOST"),
            port=self._number("PORT", int, 0, 65535),
            metrics_port=self._number("METRICS_PORT", int, 0, 65535) if self._text("METRICS_PORT") else None,
            public_url=self._url("PUBLIC_URL"),
            published_at=self._published_at(),
            auth=self._auth(),
            oidc=self._oidc(),
            allowed_hosts=self._hosts("ALLOWED_HOSTS"),
            proxies=self._proxies(),
            cors_origins=self._origins("CORS_ORIGINS"),
            webhook_secrets=tuple(filter(None, map(self._text, ("WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS")))),
            mongodb_uri=self._text("MONGODB_URI") or None,
            data_dir=Path(self._text("DATA_DIR")),
            flows_file=self._flows_file(),
            limits=Limits(
                per_key=self._number("RATE_LIMIT_PER_KEY", int, 0, 100_000_000),
                per_address=self._number("RATE_LIMIT_PER_ADDRESS", int, 0, 100_000_000),
                wrong_keys=self._number("WRONG_KEYS_PER_ADDRESS", int, 0, 1_000_000),
                waiting_jobs=self._number("WAITING_JOBS_PER_KEY", int, 0, 1_000_000_000),
            ),
            retention_days=self._number("RETENTION_DAYS", float, 0, 36_500),
            audit_retention_days=self._number("AUDIT_RETENTION_DAYS", float, 0, 36_500),
            webhook_retention_days=self._number("WEBHOOK_RETENTION_DAYS", float, 0, 36_500),
            webhook_private_addresses=self._choice("WEBHOOK_PRIVATE_ADDRESSES", "refuse", "allow") == "allow",
            max_result_bytes=self._number("MAX_RESULT_BYTES", int, 1024, 8 * 1_048_576),
            drain_seconds=self._number("DRAIN_SECONDS", float, 0, 3_600),
            worker_name=self._text("WORKER_NAME") or os.uname().nodename,
            log_level=self._choice("LOG_LEVEL", "debug", "info", "warning", "error"),
            log_format=self._choice("LOG_FORMAT", "text", "json"),
            access_log=self._access_log(),
            failpoints=self._environment.get("FAILPOINTS", ""),
            environment=WithFiles(self._environment),
        )
        self._check_exposure(settings)
        if self._faults:
            raise SettingsInvalid("\n".join(self._faults))
        return settings

    def _check_exposure(self, settings: Settings) -> None:
        if "*" in settings.cors_origins:
            self._faults.append("CORS_ORIGINS must name origins; `*` would let every page on the web call the API")
        if not settings.is_exposed:
            return
        why = "APP_ENV is production" if settings.app_env == "production" else "HOST is not loopback"
        if not all(map(is_loopback, settings.published_at)):
            why = "PUBLISHED_AT is not loopback"
        if not self._environment.get("WEBHOOK_SECRET"):
            self._faults.append(f"WEBHOOK_SECRET must be set ({why})")
        for name in ("WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS"):
            secret = self._environment.get(name, "")
            if secret and is_weak(secret):
                self._faults.append(
                    f"{name} must have at least {MIN_CHARACTERS} characters, and not be an example or easy to guess "
                    f"({why}); `openssl rand -hex 32` makes a strong one"
                )
        if settings.auth == "off" and not settings.is_published_on_loopback:
            self._faults.append(
                f"AUTH must not be off ({why}); leave it out for API keys, or set `proxy` if a reverse proxy in front "
                "of this port authenticates"
            )
        elif settings.auth != "keys" and not settings.allowed_hosts and not is_loopback(settings.host):
            self._faults.append(
                f"ALLOWED_HOSTS must list the host names that clients use ({why}), such as jobs.example.com,localhost; "
                "otherwise a web page could use the API by DNS rebinding"
            )
        if settings.failpoints:
            self._faults.append(f"FAILPOINTS must not be set ({why})")

    def _take_file(self, name: str) -> None:
        path = self._environment.get(f"{name}_FILE")
        if not path:
            return
        if self._environment.get(name):
            self._faults.append(f"{name} and {name}_FILE must not both be set")
            return
        try:
            secret = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            self._faults.append(f"{name}_FILE cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            self._faults.append(f"{name}_FILE must contain UTF-8 text")
        else:
            self._environment[name] = secret
            if not secret:
                self._faults.append(f"{name}_FILE must not be empty")

    def _text(self, name: str) -> str:
        default = next(s.default for s in TABLE if s.name == name)
        return self._environment.get(name, "").strip() or default

    def _choice(self, name: str, *choices: str) -> str:
        value = self._text(name).lower()
        if value not in choices:
            self._faults.append(f"{name} must be one of: {', '.join(choices)}")
            return choices[0]
        return value

    def _auth(self) -> str:
        if self._text("AUTH"):
            return self._choice("AUTH", "off", "proxy", "keys")
        if self._text("OIDC_ISSUER"):
            return "keys"
        published = self._names("PUBLISHED_AT")
        if published:
            return "off" if all(map(is_loopback, published)) else "keys"
        open_ = is_loopback(self._text("HOST")) and self._text("APP_ENV").lower() != "production"
        return "off" if open_ else "keys"

    def _published_at(self) -> tuple[str, ...]:
        addresses = self._names("PUBLISHED_AT")
        if any(one != "localhost" and proxies.parse_address(one.strip("[]")) is None for one in addresses):
            self._faults.append("PUBLISHED_AT must be comma-separated addresses such as 127.0.0.1,10.0.0.5")
        return addresses

    def _proxies(self) -> Proxies:
        networks, names, faults = proxies.read(self._text("TRUSTED_PROXIES"))
        self._faults += [f"TRUSTED_PROXIES: {fault}" for fault in faults]
        # With AUTH=proxy only the proxy can reach this port, by assumption.
        return Proxies(networks, names, every_peer=self._auth() == "proxy" and not (networks or names))

    def _oidc(self) -> oidc.OidcOptions | None:
        found, faults = oidc.read(self._text, self._text("PUBLIC_URL").rstrip("/") or self._own_site())
        self._faults += faults
        if found is not None and self._text("AUTH").lower() not in ("", "keys"):
            self._faults.append("OIDC_ISSUER needs AUTH=keys, which allows a sign-in beside API keys; leave AUTH out")
        return found

    def _own_site(self) -> str:
        host = self._text("HOST")
        return f"http://{f'[{host}]' if ':' in host else host}:{self._text('PORT')}"

    def _access_log(self) -> bool:
        if self._text("ACCESS_LOG"):
            return self._choice("ACCESS_LOG", "on", "off") == "on"
        return self._auth() != "off"

    def _number(self, name: str, kind: Callable[[str], T], low: float, high: float) -> T:
        try:
            value = kind(self._text(name))
            if not low <= value <= high:  # type: ignore[operator]  # int or float
                raise ValueError
        except ValueError:
            self._faults.append(f"{name} must be a number from {low:g} to {high:g}")
            return kind(str(int(low)))
        return value

    def _url(self, name: str) -> str:
        value = self._text(name)
        if not value:
            return ""
        if fault := public_url.fault_of(value):
            self._faults.append(f"{name} {fault}")
            return ""
        return value.rstrip("/")

    def _names(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self._text(name).split(",") if part.strip())

    def _hosts(self, name: str) -> tuple[str, ...]:
        hosts = tuple(f"[{host}]" if host.count(":") > 1 and host[0] != "[" else host for host in self._names(name))
        if any(not _HOST.fullmatch(host) for host in hosts):
            self._faults.append(
                f"{name} must be comma-separated names or addresses like jobs.example.com, without scheme, port or "
                "path; `*` is not allowed: list each host"
            )
        return hosts

    def _origins(self, name: str) -> tuple[str, ...]:
        origins = self._names(name)
        # Any other form never matches a browser's Origin header. `_check_exposure` reports `*`.
        if not all(
            o == "*" or re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?|https?://\[[0-9a-f:]+\](:\d+)?", o)
            for o in origins
        ):
            self._faults.append(f"{name} must be comma-separated origins like https://jobs.example.com, without a path")
        return origins

    def _flows_file(self) -> Path | None:
        named = self._text("FLOWS_FILE")
        if named:
            if not Path(named).is_file():
                self._faults.append("FLOWS_FILE must be the path of an existing file")
            return Path(named)
        default = Path("flows.toml")
        return default if default.is_file() else None
