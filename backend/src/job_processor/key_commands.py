"""The commands for API keys: on a running server, or with ``--store`` directly on the store."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from job_processor import configured, settings
from job_processor.acts.api_keys import ApiKeys, MadeKey, NewKey
from job_processor.acts.facts import Facts
from job_processor.acts.trail import Trail
from job_processor.client import Client, RequestFailed, key_line
from job_processor.core.access import COMMAND, ApiKey, Right
from job_processor.core.ids import IdFactory

KEY_VARIABLE = "JOB_PROCESSOR_KEY"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
Print = Callable[[str], None]


def key_of(environment: Mapping[str, str]) -> str:
    """The API key for commands: JOB_PROCESSOR_KEY, or the content of the file JOB_PROCESSOR_KEY_FILE; empty: none.

    There is no option for it, because all users of a machine can see the arguments of a process. Raises
    ``RequestFailed`` if the file cannot be read.
    """
    path = environment.get(f"{KEY_VARIABLE}_FILE")
    if environment.get(KEY_VARIABLE) or not path:
        return environment.get(KEY_VARIABLE, "").strip()
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise RequestFailed(f"{KEY_VARIABLE}_FILE: {path} cannot be read.") from None


def seconds(text: str) -> float:
    """A duration such as 90s, 15m, 12h or 30d, in seconds. Raises ``ValueError``."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if match is None:
        raise ValueError(text)
    return float(int(match[1]) * _UNITS[match[2]])


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a new key. ``lasts``: validity in seconds; ``None``: unlimited. ``rate``: requests per minute."""

    name: str
    rights: Sequence[str]
    flows: Sequence[str] = ()
    lasts: float | None = None
    rate: int | None = None


def create(client: Client, wanted: Options) -> Coroutine[Any, Any, int]:
    body: dict[str, object] = {"name": wanted.name, "rights": list(wanted.rights)}
    if wanted.flows:
        body["flows"] = list(wanted.flows)
    if wanted.lasts is not None:
        end = datetime.fromtimestamp(datetime.now(UTC).timestamp() + wanted.lasts, UTC)
        body["expiresAt"] = end.isoformat(timespec="milliseconds")
    if wanted.rate is not None:
        body["ratePerMinute"] = wanted.rate
    return client.create_key(body)


class StoreKeys:
    """The commands on the store itself: with MongoDB while servers run, with SQLite only while none runs."""

    def __init__(self, environment: Mapping[str, str], print_line: Print) -> None:
        self._settings = settings.load(environment)
        self._print = print_line

    def create(self, wanted: Options) -> int:
        async def run(keys: ApiKeys, now: int) -> int:
            end = None if wanted.lasts is None else now + int(wanted.lasts * 1000)
            chosen = frozenset(wanted.flows) if wanted.flows else None
            new = NewKey(wanted.name, frozenset(map(Right, wanted.rights)), chosen, end, wanted.rate)
            return self._show(await keys.create(new, COMMAND))

        return self._run(run)

    def list(self) -> int:
        async def run(keys: ApiKeys, now: int) -> int:
            for key in await keys.all():
                self._print(key_line(_described(key)))
            return 0

        return self._run(run)

    def revoke(self, key_id: str) -> int:
        async def run(keys: ApiKeys, now: int) -> int:
            await keys.revoke(key_id, COMMAND)
            self._print(f"{key_id}  revoked")
            return 0

        return self._run(run)

    def rotate(self, key_id: str, overlap_seconds: float) -> int:
        async def run(keys: ApiKeys, now: int) -> int:
            return self._show(await keys.rotate(key_id, overlap_seconds, COMMAND))

        return self._run(run)

    def _show(self, made: MadeKey) -> int:
        self._print(key_line(_described(made.key)))
        self._print(made.text)
        return 0

    def _run(self, work: Callable[[ApiKeys, int], Awaitable[int]]) -> int:
        async def run() -> int:
            store = configured.make_store(self._settings)
            await store.open()
            try:
                keys = ApiKeys(store, Trail(store, IdFactory(secrets.randbits(48))), Facts())
                return await work(keys, store.now())
            finally:
                await store.close()

        return asyncio.run(run())


def _described(key: ApiKey) -> dict[str, object]:
    def time(ms: int | None) -> str | None:
        return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")

    return {
        "id": key.id,
        "name": key.name,
        "rights": key.rights,
        "flows": key.flows,
        "expiresAt": time(key.expires_at),
        "revokedAt": time(key.revoked_at),
        "lastUsedAt": time(key.last_used_at),
        "ratePerMinute": key.rate_per_minute,
    }
