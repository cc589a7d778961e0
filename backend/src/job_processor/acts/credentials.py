"""A cache of keys and sessions: whose credential it is, without a read of the store at each request.

Every process caches all keys and the sessions in use, and refreshes both every ``REFRESH_SECONDS``. An older cache than
``STALE_SECONDS`` is not used: a revoked key or an ended session is refused everywhere within that time, and a process
that cannot reach its store refuses all.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from job_processor.acts.sessions import IDLE_MS, Sessions, session_id
from job_processor.core.access import ApiKey, Principal, PrincipalKind, Session
from job_processor.core.key_text import digest_of, id_of
from job_processor.store.base import Store

REFRESH_SECONDS = 2.0
STALE_SECONDS = 4.0
UNKNOWN_KEY_SECONDS = 0.5
"""A well-formed key that is not in the cache may have been made by another process just now: then all keys are read
again, but at most once in this time, however many wrong keys are sent."""
MAX_SESSIONS = 10_000
FLUSH_SECONDS = 30.0
"""How often the times of last use are written."""
MINUTE_MS = 60_000
_PREFIX = b"jp_"
_BEARER = b"Bearer jp_"


@dataclass(eq=False, slots=True)
class _Held:
    """A long request: an event stream, an export, a batch that is being received, or one that waits for a job."""

    principal: Principal
    leave: Callable[[], None]


class Credentials:
    """``monotonic`` gives seconds; tests pass their own."""

    def __init__(self, store: Store, sessions: Sessions, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._signed = sessions
        self._monotonic = monotonic
        self._shared = store.info.shared
        self._in_use = False
        """Whether any credential was checked yet: a server without login reads no keys."""
        self._keys: dict[str, ApiKey] = {}
        self._by_digest: dict[str, Principal] = {}
        self._by_header: dict[bytes, Principal] = {}
        """The keys that were sent since ``refresh``: their next requests need no hash, and their last use is recorded.
        Only valid keys are in it."""
        self._keys_read_at = float("-inf")
        self._changes = 0
        """Number of changes of keys by this process; a read that began before the last change is discarded."""
        self._changes_read = -1
        self._reading: asyncio.Task[None] | None = None
        self._sessions: OrderedDict[str, tuple[Session, float]] = OrderedDict()
        self._held: set[_Held] = set()
        self._used: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._unwritten: tuple[dict[str, int], dict[str, int]] = ({}, {})
        self._flushed_at = monotonic()

    @property
    def texts(self) -> int:
        """The number of keys whose text is in memory."""
        return len(self._by_header)

    async def of_key(self, text: bytes) -> Principal | None:
        """The principal of an API key; ``None`` for one that is wrong, expired or revoked. Raises
        ``StoreUnavailable``."""
        if not text.startswith(_PREFIX) or len(text) > 100:
            return None
        if self._is_older(STALE_SECONDS):
            await self._read_keys()
        principal = self.of_known_key(text)
        if principal is None and self._is_older(UNKNOWN_KEY_SECONDS) and id_of(text.decode("latin-1")) is not None:
            await self._read_keys()
            principal = self.of_known_key(text)
        return principal

    def of_known_key(self, text: bytes) -> Principal | None:
        """The principal of an API key that is in memory and valid, without a wait. ``None``: ask ``of_key``."""
        principal = None if self._is_older(STALE_SECONDS) else self._by_digest.get(digest_of(text))
        if principal is None or not _lasts(principal, now := self._store.now()):
            return None
        self._note(self._used, self._unwritten[0], principal.id, now)
        return principal

    def of_header(self, value: bytes) -> Principal | None:
        """As ``of_known_key``, of the key in the header Authorization. ``value``: empty if there is no such header."""
        principal = self._by_header.get(value)
        if principal is None:
            return self._first_sent(value)
        # It is valid until it expires or the cache is too old: at changes ``forget`` empties ``_by_header``.
        if (self._shared and self._is_older(STALE_SECONDS)) or (
            principal.expires_at is not None and not _lasts(principal, self._store.now())
        ):
            return None
        return principal

    def _first_sent(self, value: bytes) -> Principal | None:
        """As ``of_header``, for a value of the header that was not sent since ``refresh``."""
        principal = self.of_known_key(value[7:]) if value[:10] == _BEARER else None
        if principal is not None:
            self._by_header[value] = principal
        return principal

    async def of_session(self, value: bytes) -> Principal | None:
        """The principal of a session cookie; ``None`` for one that is forged or has ended. Raises
        ``StoreUnavailable``."""
        id_ = self.session_named(value)
        if id_ is None:
            return None
        session, read_at = self._sessions.get(id_, (None, float("-inf")))
        if self._monotonic() - read_at > REFRESH_SECONDS:
            session = next(iter(await self._store.sessions([id_])), None)
            self._remember(id_, session)
        now = self._store.now()
        if session is None or not session.is_valid(now, IDLE_MS):
            return None
        if session.key_id is None:
            principal = session.person
        else:
            if self._is_older(STALE_SECONDS):
                await self._read_keys()
            key = self._keys.get(session.key_id)
            if key is None or not key.is_valid(now):
                return None
            principal = replace(key.principal, session=id_)
        self._note(self._seen, self._unwritten[1], id_, now)
        return principal

    def session_named(self, value: bytes) -> str | None:
        """The id of the session that a cookie names; ``None`` for a forged one. It may have ended."""
        return session_id(value.decode("ascii")) if len(value) <= 100 and self._signed.is_ours(value) else None

    def is_valid(self, principal: Principal) -> bool:
        """Whether the key or session of an earlier request's principal is still valid, by the cache."""
        now = self._store.now()
        if not _lasts(principal, now):
            return False
        if principal.session is not None:
            session, _ = self._sessions.get(principal.session, (None, 0.0))
            if session is None or not session.is_valid(now, IDLE_MS):
                return False
        if principal.kind is PrincipalKind.KEY:
            key = self._keys.get(principal.id)
            return key is not None and key.is_valid(now)
        return True

    @contextlib.contextmanager
    def held(self, principal: Principal, leave: Callable[[], None]) -> Iterator[None]:
        """A context for a long request: ``leave`` is called when the principal's key or session ends meanwhile."""
        one = _Held(principal, leave)
        self._held.add(one)
        try:
            yield
        finally:
            self._held.discard(one)

    def forget(self) -> None:
        """Keys or sessions changed in this process: read them again before the next answer."""
        self._changes += 1
        self._keys_read_at = float("-inf")
        self._by_header.clear()
        self._sessions = OrderedDict((id_, (one, float("-inf"))) for id_, (one, _) in self._sessions.items())

    async def refresh(self) -> None:
        """Refresh the cache, and end the long requests whose key or session has ended. Raises ``StoreUnavailable``."""
        self._by_header.clear()
        if self._in_use and self._is_older(REFRESH_SECONDS):
            await self._read_keys()
        in_use = {one.principal.session for one in self._held if one.principal.session is not None}
        if in_use:
            found = {one.id: one for one in await self._store.sessions(in_use)}
            for id_ in in_use:
                self._remember(id_, found.get(id_))
        for one in list(self._held):
            if not self.is_valid(one.principal):
                one.leave()
        if self._monotonic() - self._flushed_at >= FLUSH_SECONDS:
            await self.flush()

    async def flush(self) -> None:
        """Write the times of last use. Raises ``StoreUnavailable``."""
        self._flushed_at = self._monotonic()
        used, seen = dict(self._unwritten[0]), dict(self._unwritten[1])
        if used:
            await self._store.mark_keys_used(used)
        if seen:
            await self._store.mark_sessions_seen(seen)
        self._unwritten = (_without(self._unwritten[0], used), _without(self._unwritten[1], seen))
        if len(self._seen) > MAX_SESSIONS:
            self._seen = {}

    def _is_older(self, seconds: float) -> bool:
        """Whether the cached keys are older than that. If only this process uses the store they never are: each change
        empties the cache."""
        self._in_use = True
        if not self._shared:
            return self._keys_read_at == float("-inf")
        return self._monotonic() - self._keys_read_at > seconds

    async def _read_keys(self) -> None:
        """Read all keys; concurrent callers share one read."""
        wanted, has_read = self._changes, False
        while not has_read or self._changes_read < wanted:
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read(), name="api-keys")
                self._reading.add_done_callback(lambda task: task.cancelled() or task.exception())
            await asyncio.shield(self._reading)
            has_read = True

    async def _read(self) -> None:
        began, changes = self._monotonic(), self._changes
        keys = await self._store.api_keys()
        self._keys = {key.id: key for key in keys}
        # A rotated pair may be valid at once; keys that have ended are not looked up any more.
        now = self._store.now()
        self._by_digest = {key.digest: key.principal for key in keys if key.is_valid(now)}
        self._by_header.clear()
        self._changes_read = changes
        if changes == self._changes:
            self._keys_read_at = began

    def _remember(self, id_: str, session: Session | None) -> None:
        self._sessions.pop(id_, None)
        if session is not None:
            self._sessions[id_] = (session, self._monotonic())
            while len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)

    @staticmethod
    def _note(known: dict[str, int], unwritten: dict[str, int], id_: str, now: int) -> None:
        minute = now - now % MINUTE_MS
        if known.get(id_) != minute:
            known[id_] = unwritten[id_] = minute


def _lasts(principal: Principal, now: int) -> bool:
    return principal.expires_at is None or now < principal.expires_at


def _without(times: Mapping[str, int], written: Mapping[str, int]) -> dict[str, int]:
    return {id_: at for id_, at in times.items() if written.get(id_) != at}
