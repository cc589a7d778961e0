"""Sessions of the page: sign in, and sign out here or everywhere."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from job_processor.acts.facts import Facts, KeysChanged, SignedIn
from job_processor.acts.trail import Trail
from job_processor.core.access import Principal, PrincipalKind, Requester, Session, session_holder
from job_processor.core.audit import AuditAct
from job_processor.core.errors import SessionNotFound
from job_processor.store.base import Store

IDLE_MS = 12 * 3_600_000
"""Idle timeout: a session that was not used for this long ends."""
LIFE_MS = 7 * 86_400_000
"""A session ends after this time, even if it is in use."""
PERSON_LIFE_MS = 12 * 3_600_000
"""The same for a person: no notice comes when the identity provider removes a role, so people sign in again each day.
"""
MAX_SESSIONS_EACH = 50
"""Maximum number of sessions of one key or person; the oldest ends when another begins."""
LISTED = 200
"""Maximum number of sessions in a list."""
_RANDOM_BYTES = 32
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session, and the cookie's value, which is stored nowhere."""

    session: Session
    value: str


class Sessions:
    """``secrets_``: of callbacks; cookies are signed with keys derived from them, so that a forged one costs no
    look-up."""

    def __init__(self, store: Store, trail: Trail, facts: Facts, secrets_: Sequence[str]) -> None:
        self._store = store
        self._trail = trail
        self._facts = facts
        self._keys = tuple(hmac.digest(one.encode(), b"job-processor session cookie v1", "sha256") for one in secrets_)

    async def open(self, by: Requester, replaces: str | None = None) -> Opened:
        """Begin a session of the key or person that ``by`` names. ``replaces``: the id of the browser's current
        session, which ends."""
        principal = by.principal
        now = self._store.now()
        value = self._signed(secrets.token_bytes(_RANDOM_BYTES))
        is_key = principal.kind is PrincipalKind.KEY
        session = Session(
            id=session_id(value),
            created_at=now,
            seen_at=now,
            expires_at=now + (LIFE_MS if is_key else PERSON_LIFE_MS),
            key_id=principal.id if is_key else None,
            subject="" if is_key else principal.id,
            name=principal.name,
            rights=() if is_key else tuple(sorted(principal.rights)),
            flows=None if is_key or principal.flows is None else tuple(sorted(principal.flows)),
            address=by.address,
        )
        await self._store.add_session(session, self._trail.entry(by, AuditAct.SIGNED_IN, session.id[:16]))
        self._facts.tell(SignedIn(principal.kind.value))
        newest = await self._store.sessions_of(session.holder, MAX_SESSIONS_EACH + 20)
        ending = [one.id for one in newest[MAX_SESSIONS_EACH:]]
        ending += [] if replaces is None else [replaces]
        if ending:
            await self._store.end_sessions(ending)
            self._facts.tell(KeysChanged())
        return Opened(session, value)

    async def close(self, by: Requester, *, everywhere: bool = False) -> None:
        """End the session of this request, or with ``everywhere`` all of the same key or person."""
        principal = by.principal
        ids = set() if principal.session is None else {principal.session}
        if everywhere:
            ids |= {one.id for one in await self._store.sessions_of(session_holder(principal))}
        if ids:
            what = "all" if everywhere else next(iter(ids))[:16]
            await self._store.end_sessions(ids, self._trail.entry(by, AuditAct.SIGNED_OUT, what))
            self._facts.tell(KeysChanged())

    async def of(self, principal: Principal | None) -> Sequence[Session]:
        """The valid sessions of a key or person, or with ``None`` of all, newest first."""
        found = await self._store.sessions_of(None if principal is None else session_holder(principal), LISTED)
        now = self._store.now()
        ended = {key.id for key in await self._store.api_keys() if not key.is_valid(now)}
        return [one for one in found if one.is_valid(now, IDLE_MS) and one.key_id not in ended]

    async def end(self, id_: str, by: Requester, *, anyones: bool) -> None:
        """End one session: of the requester, or with ``anyones`` of anybody. Raises ``SessionNotFound``."""
        found = next(iter(await self._store.sessions([id_])), None)
        if found is None or not (anyones or found.holder == session_holder(by.principal)):
            raise SessionNotFound
        await self._store.end_sessions([id_], self._trail.entry(by, AuditAct.SIGNED_OUT, id_[:16]))
        self._facts.tell(KeysChanged())

    async def prune(self) -> int:
        now = self._store.now()
        return await self._store.prune_sessions(now - IDLE_MS, now)

    def is_ours(self, value: bytes) -> bool:
        """Whether the signature of a cookie's value is ours; checked before any look-up."""
        try:
            raw = base64.urlsafe_b64decode(value + b"=" * (-len(value) % 4))
        except ValueError:
            return False
        random, mac = raw[:_RANDOM_BYTES], raw[_RANDOM_BYTES:]
        # Decoding ignores foreign characters: the value must be exactly what was made.
        if len(raw) != _RANDOM_BYTES + _MAC_BYTES or base64.urlsafe_b64encode(raw).rstrip(b"=") != value:
            return False
        matches = [hmac.compare_digest(_mac(key, random), mac) for key in self._keys]
        return any(matches)

    def _signed(self, random: bytes) -> str:
        return base64.urlsafe_b64encode(random + _mac(self._keys[0], random)).rstrip(b"=").decode()


def ends_at(session: Session) -> int:
    """When the session ends if it is not used any more (ms since 1970)."""
    return min(session.expires_at, session.seen_at + IDLE_MS)


def session_id(value: str) -> str:
    """The id under which the session of this cookie is stored."""
    return hashlib.sha256(value.encode()).hexdigest()


def _mac(key: bytes, random: bytes) -> bytes:
    return hmac.digest(key, random, "sha256")[:_MAC_BYTES]
