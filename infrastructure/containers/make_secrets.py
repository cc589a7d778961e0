"""Generate all secrets of the stack, once: the one-shot service `secrets` runs this before all others.

Each secret is a file in a volume, readable by the one user that needs it. What is there stays; what the operator
brought wins: a file of the same name in /operator, or a variable in .env, such as WEBHOOK_SECRET for webhook-secret.
`--rotate webhook-secret` makes a new one and keeps the old as `webhook-secret-previous`, which callbacks may use until
it is removed.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus

import cpu_check
from alerting import AlertingRefused, alertmanager, probe_targets

APPLICATION, MONGODB, CADDY, N8N, GRAFANA, ALERTMANAGER = 10001, 999, 10002, 1000, 472, 65534
PREVIOUS = "webhook-secret-previous"


@dataclass(frozen=True)
class Secret:
    name: str
    owner: int
    # None: exists only if the operator provides it.
    make: Callable[[Store], str] | None


class Store:
    """The volume; files in the operator's folder take precedence."""

    def __init__(self, volume: Path, operator: Path) -> None:
        self._volume = volume
        self._operator = operator

    def brought(self, name: str) -> str | None:
        variable = name.upper().replace("-", "_")
        return _read(self._operator / name) or os.environ.get(variable, "").strip() or None

    def current(self, name: str) -> str | None:
        return self.brought(name) or _read(self._volume / name)

    def need(self, name: str) -> str:
        value = self.current(name)
        if value is None:
            raise LookupError(f"secret {name} must be made before what is built from it")
        return value

    def write(self, name: str, value: str, owner: int) -> None:
        """Write atomically, and never readable by anyone else in between."""
        target, draft = self._volume / name, self._volume / f".{name}.new"
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        if os.geteuid() == 0:
            os.chown(draft, owner, owner)
        draft.replace(target)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def _random(_store: Store) -> str:
    return secrets.token_urlsafe(48)


def _key_file(_store: Store) -> str:
    """MongoDB accepts only base64 characters, at most 1,024."""
    return base64.b64encode(secrets.token_bytes(512)).decode()


def _mongodb_uri(store: Store) -> str:
    password = quote_plus(store.need("mongodb-app-password"))
    options = os.environ.get("MONGODB_URI_OPTIONS", "replicaSet=rs0&w=majority")
    return f"mongodb://job_processor:{password}@mongodb:27017/job_processor?{options}"


def _backup_identity(store: Store) -> str:
    if store.brought("backup-recipient"):
        return "none: backups are encrypted to a key that is kept elsewhere"
    from pyrage import x25519

    identity = x25519.Identity.generate()
    return f"# public key: {identity.to_public()}\n{identity}"


def _alertmanager(store: Store) -> str:
    return alertmanager(store.brought, os.environ)


def _no_key(_store: Store) -> str:
    """Prometheus requires the file; only AUTH=keys reads what it sends."""
    return "none"


def _probe_targets(_store: Store) -> str:
    return probe_targets(os.environ)


def _same_as(name: str) -> Callable[[Store], str]:
    return lambda store: store.need(name)


# In this order: a later secret may be built from an earlier one.
SECRETS = (
    Secret("webhook-secret", APPLICATION, _random),
    Secret(PREVIOUS, APPLICATION, None),
    Secret("azure-openai-api-key", APPLICATION, None),
    Secret("oidc-client-secret", APPLICATION, None),
    Secret("n8n-token", N8N, _random),
    Secret("app-n8n-token", APPLICATION, _same_as("n8n-token")),
    Secret("n8n-webhook-secret", N8N, _same_as("webhook-secret")),
    Secret("n8n-encryption-key", N8N, _random),
    Secret("mongodb-key-file", MONGODB, _key_file),
    Secret("mongodb-root-password", MONGODB, _random),
    Secret("mongodb-app-password", MONGODB, _random),
    Secret("mongodb-uri", APPLICATION, _mongodb_uri),
    Secret("basic-auth-password", CADDY, _random),
    Secret("grafana-admin-password", GRAFANA, _random),
    Secret("alertmanager.yml", ALERTMANAGER, _alertmanager),
    Secret("metrics-key", ALERTMANAGER, _no_key),
    Secret("probe-targets.json", ALERTMANAGER, _probe_targets),
    Secret("backup-recipient", APPLICATION, None),
    Secret("backup-identity", APPLICATION, _backup_identity),
    Secret("backup-s3-access-key", APPLICATION, None),
    Secret("backup-s3-secret-key", APPLICATION, None),
)
# Rebuilt each time, so that they follow their sources.
DERIVED = frozenset(
    {"app-n8n-token", "n8n-webhook-secret", "mongodb-uri", "alertmanager.yml", "metrics-key", "probe-targets.json"}
)


def make_all(store: Store) -> list[str]:
    """Bring the volume up to date; returns the names of generated secrets."""
    made = []
    for secret in SECRETS:
        value = store.brought(secret.name) if secret.name in DERIVED else store.current(secret.name)
        if value is None and secret.make is not None:
            value = secret.make(store)
            if secret.name not in DERIVED:
                made.append(secret.name)
        if value is not None:
            store.write(secret.name, value, secret.owner)
    return made


def rotate_webhook_secret(store: Store) -> None:
    if store.brought("webhook-secret"):
        raise SystemExit("webhook-secret is brought by you: rotate it where it comes from")
    store.write(PREVIOUS, store.need("webhook-secret"), APPLICATION)
    store.write("webhook-secret", secrets.token_urlsafe(48), APPLICATION)


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Make the secrets of the stack.")
    parser.add_argument("--volume", type=Path, default=Path("/run/job-processor"))
    parser.add_argument("--operator", type=Path, default=Path("/operator"))
    parser.add_argument("--rotate", choices=["webhook-secret"])
    arguments = parser.parse_args(words)
    store = Store(arguments.volume, arguments.operator)
    # The first service of the stack: what it says is read before MongoDB would crash.
    if store.brought("mongodb-uri") is None and os.environ.get("CPU_CHECK") != "off":
        refused = cpu_check.refusal()
        if refused:
            raise SystemExit(refused)
    if arguments.rotate:
        rotate_webhook_secret(store)
    try:
        made = make_all(store)
    except AlertingRefused as error:
        raise SystemExit(f"secrets: {error}") from None
    print(f"secrets: made {', '.join(made)}" if made else "secrets: all there")


if __name__ == "__main__":
    main()
