"""API keys: create, list, revoke, rotate, and the first admin key of a new installation."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from job_processor.acts.facts import Facts, KeysChanged
from job_processor.acts.trail import Trail
from job_processor.core.access import COMMAND, SYSTEM, ApiKey, Requester, Right
from job_processor.core.audit import AuditAct
from job_processor.core.errors import InvalidField, KeyNotFound, MoveRefused, StoreUnavailable
from job_processor.core.key_text import ALPHABET, ID_ALPHABET, ID_LENGTH, SECRET_LENGTH, digest_of, id_of, key_text
from job_processor.store.base import Store

MAX_KEYS = 1_000
"""Keys that may be valid at the same time; all of them are in the memory of every process."""
MAX_OVERLAP_SECONDS = 30 * 86_400
TRIES = 20
FIRST_ID = "first"
"""Prefix of the ids of keys that a first start makes: the next id follows from the existing ones, so that of two
processes only one can store its key."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """The properties of a key to be made. ``expires_at``: milliseconds since 1970; ``None``: never."""

    name: str
    rights: frozenset[Right]
    flows: frozenset[str] | None = None
    expires_at: int | None = None
    rate_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key and its text, which is shown once and stored nowhere."""

    key: ApiKey
    text: str


class ApiKeys:
    def __init__(self, store: Store, trail: Trail, facts: Facts) -> None:
        self._store = store
        self._trail = trail
        self._facts = facts

    async def all(self) -> Sequence[ApiKey]:
        """All keys, the newest first, including ended ones until their retention time is over."""
        return sorted(await self._store.api_keys(), key=lambda key: (key.created_at, key.id), reverse=True)

    async def create(self, new: NewKey, by: Requester = SYSTEM) -> MadeKey:
        """Make a key. Raises ``InvalidField``, and ``MoveRefused`` when there are ``MAX_KEYS`` valid ones."""
        now = self._store.now()
        check(new, now)
        if sum(key.is_valid(now) for key in await self._store.api_keys()) >= MAX_KEYS:
            raise MoveRefused(f"There are {MAX_KEYS:,} valid keys; revoke one first.")
        for _ in range(TRIES):
            made = _made(new, _random(ID_ALPHABET, ID_LENGTH), now, by)
            if await self._add(made, AuditAct.KEY_CREATED, by):
                return made
        raise StoreUnavailable("No free id was found for a key.")

    async def revoke(self, key_id: str, by: Requester = SYSTEM) -> ApiKey:
        """End a key at once. Revoking a revoked key changes nothing. Raises ``KeyNotFound``."""
        for _ in range(TRIES):
            key = await self.get(key_id)
            if key.revoked_at is not None:
                return key
            ended = replace(key, revoked_at=self._store.now())
            if await self._store.save_api_key(ended, self._trail.entry(by, AuditAct.KEY_REVOKED, key_id)):
                self._facts.tell(KeysChanged())
                return ended
        raise StoreUnavailable("The key changes faster than it can be written.")

    async def rotate(self, key_id: str, overlap_seconds: float, by: Requester = SYSTEM) -> MadeKey:
        """Make a new key with the rights of an old one. The old one ends after the overlap; both own the same
        idempotency keys.

        Raises ``KeyNotFound``, and ``MoveRefused`` for a key that has ended.
        """
        now = self._store.now()
        old = await self.get(key_id)
        if not old.is_valid(now):
            raise MoveRefused("The key has ended; make a new one.")
        new = NewKey(
            old.name,
            frozenset(old.rights),
            None if old.flows is None else frozenset(old.flows),
            # The new key expires when the old one would have.
            None if old.expires_at is None else now + (old.expires_at - old.created_at),
            old.rate_per_minute,
        )
        made = _made(new, _random(ID_ALPHABET, ID_LENGTH), now, by, owner=old.owner)
        if not await self._add(made, AuditAct.KEY_ROTATED, by, detail=old.id):
            raise StoreUnavailable("No free id was found for a key.")
        end = now + int(overlap_seconds * 1000)
        for _ in range(TRIES):
            old = await self.get(key_id)
            ended = replace(old, expires_at=end if old.expires_at is None else min(end, old.expires_at))
            if ended == old or await self._store.save_api_key(ended):
                self._facts.tell(KeysChanged())
                return made
        raise StoreUnavailable("The key changes faster than it can be written.")

    async def get(self, key_id: str) -> ApiKey:
        """Raises ``KeyNotFound``."""
        for key in await self._store.api_keys():
            if key.id == key_id:
                return key
        raise KeyNotFound(key_id)

    async def first_admin_text(self, known: str = "") -> str | None:
        """The text of a first admin key, not stored yet; ``None``: there is a valid admin key. ``known``: the text that
        an earlier start wrote to its file; it is used again if its id is free, because that start may have died before
        it stored the key.

        The id follows from the existing keys: of several processes that read the same keys, only one can store it.
        """
        now, keys = self._store.now(), await self._store.api_keys()
        if any(key.is_valid(now) and Right.ADMIN in key.rights for key in keys):
            return None
        taken = {key.id for key in keys}
        if (known_id := id_of(known)) is not None and known_id.startswith(FIRST_ID) and known_id not in taken:
            return known
        number = sum(one.startswith(FIRST_ID) for one in taken) + 1
        return key_text(f"{FIRST_ID}{number:0{ID_LENGTH - len(FIRST_ID)}d}", _random(ALPHABET, SECRET_LENGTH))

    async def store_first_admin(self, text: str) -> bool:
        """Store a first admin key. ``False``: another process has stored one just now."""
        key_id = id_of(text)
        assert key_id is not None
        new = NewKey("first admin key", frozenset({Right.ADMIN}))
        made = replace(_made(new, key_id, self._store.now(), COMMAND), text=text)
        made = replace(made, key=replace(made.key, digest=digest_of(text.encode())))
        return await self._add(made, AuditAct.KEY_CREATED, COMMAND)

    async def prune(self, ended_before: int) -> int:
        return await self._store.prune_api_keys(ended_before)

    async def _add(self, made: MadeKey, act: AuditAct, by: Requester, detail: str | None = None) -> bool:
        added = await self._store.save_api_key(made.key, self._trail.entry(by, act, made.key.id, detail))
        if added:
            self._facts.tell(KeysChanged())
        return added


def check(new: NewKey, now: int) -> None:
    """Raises ``InvalidField`` for a key that cannot be made."""
    if not new.rights:
        raise InvalidField("rights", f"must name at least one of: {', '.join(Right)}")
    if new.flows is not None and not new.flows:
        raise InvalidField("flows", "must name at least one flow, or be left out for all flows")
    if new.flows is not None and Right.ADMIN in new.rights:
        raise InvalidField("flows", "must be left out for an admin key, which sees everything")
    if new.expires_at is not None and new.expires_at <= now:
        raise InvalidField("expiresAt", "must lie ahead")


def _made(new: NewKey, key_id: str, now: int, by: Requester, owner: str | None = None) -> MadeKey:
    text = key_text(key_id, _random(ALPHABET, SECRET_LENGTH))
    key = ApiKey(
        id=key_id,
        name=new.name,
        digest=digest_of(text.encode()),
        rights=tuple(right for right in Right if right in new.rights),
        created_at=now,
        created_by=by.principal.id or by.principal.kind.value,
        owner=owner or key_id,
        flows=None if new.flows is None else tuple(sorted(new.flows)),
        expires_at=new.expires_at,
        rate_per_minute=new.rate_per_minute,
    )
    return MadeKey(key, text)


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
