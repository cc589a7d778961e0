"""Who asks, and what they may: rights, principals, API keys and sessions."""

import functools
from dataclasses import dataclass
from enum import StrEnum

import msgspec


class Right(StrEnum):
    READ = "read"
    """See jobs, callbacks, flows, workers, counts and events."""
    SUBMIT = "submit"
    """Submit jobs."""
    OPERATE = "operate"
    """Cancel, retry, replay, delete and accept; pause and resume flows. It includes ``READ``: the answers show jobs."""
    ADMIN = "admin"
    """Everything, and besides keys and the audit."""


ALL_RIGHTS = frozenset(Right)
_INCLUDED = {Right.ADMIN: ALL_RIGHTS, Right.OPERATE: frozenset({Right.OPERATE, Right.READ})}


@functools.cache
def _with_included(rights: frozenset[Right]) -> frozenset[Right]:
    """There are few sets of rights, and each request asks."""
    return rights.union(*(_INCLUDED.get(had, frozenset()) for had in rights))


class PrincipalKind(StrEnum):
    EVERYONE = "everyone"
    """Nobody in particular: the server runs without login (``AUTH=off``)."""
    PROXY = "proxy"
    """Whoever the reverse proxy in front lets through (``AUTH=proxy``)."""
    KEY = "key"
    PERSON = "person"
    """Somebody who signed in with an identity provider."""
    COMMAND = "command"
    """Who works on the store itself, with the command line or by a first start."""
    SYSTEM = "system"
    """The product itself."""
    NOBODY = "nobody"
    """No valid credential was sent."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. ``id``: a key's id or a person's subject. ``flows``: the flows it is limited to; ``None``: no limit.

    ``owner``: whose idempotency keys, rate limit and quota these are; it stays the same when a key is rotated.
    ``session``: the id of the session that the request came with, if any. ``expires_at``: in milliseconds; ``None``:
    never. ``rate_per_minute``: of its key; ``None``: the usual limit.
    """

    kind: PrincipalKind
    id: str = ""
    name: str = ""
    rights: frozenset[Right] = frozenset()
    flows: frozenset[str] | None = None
    owner: str = ""
    session: str | None = None
    expires_at: int | None = None
    rate_per_minute: int | None = None

    def may(self, right: Right) -> bool:
        return right in _with_included(self.rights)

    def sees(self, flow: str) -> bool:
        return self.flows is None or flow in self.flows


EVERYONE = Principal(PrincipalKind.EVERYONE, rights=ALL_RIGHTS)
PROXY = Principal(PrincipalKind.PROXY, rights=ALL_RIGHTS)
NOBODY = Principal(PrincipalKind.NOBODY)


class Requester(msgspec.Struct, frozen=True, gc=False):
    """Who asks for an act, from where and in which request: what the audit writes down."""

    principal: Principal
    address: str = ""
    request_id: str = ""

    def sees(self, flow: str) -> bool:
        return self.principal.sees(flow)


SYSTEM = Requester(Principal(PrincipalKind.SYSTEM, rights=ALL_RIGHTS))
"""The product itself asks; such acts are not in the audit."""


COMMAND = Requester(Principal(PrincipalKind.COMMAND, rights=ALL_RIGHTS))


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it is stored: everything but its secret. Times in milliseconds since 1970.

    ``digest``: SHA-256 of the whole key, in hex. ``rev`` is incremented by every change and checked by every
    compare-and-set. ``owner``: the id of the first key of a row of rotations. ``last_used_at``: to the minute.
    ``rate_per_minute``: the requests that it may make; ``None``: the usual limit.
    """

    id: str
    name: str
    digest: str
    rights: tuple[Right, ...]
    created_at: int
    created_by: str
    owner: str
    flows: tuple[str, ...] | None = None
    expires_at: int | None = None
    revoked_at: int | None = None
    rate_per_minute: int | None = None
    last_used_at: int | None = None
    rev: int = 0

    def is_valid(self, now: int) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def ended_at(self) -> int | None:
        """When it stopped or stops being valid; ``None``: never."""
        return min((at for at in (self.revoked_at, self.expires_at) if at is not None), default=None)

    @property
    def principal(self) -> Principal:
        return Principal(
            PrincipalKind.KEY,
            self.id,
            self.name,
            frozenset(self.rights),
            None if self.flows is None else frozenset(self.flows),
            self.owner,
            expires_at=self.expires_at,
            rate_per_minute=self.rate_per_minute,
        )


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in on the page. ``id``: SHA-256 of the cookie's value, in hex: the value itself is not stored.

    ``key_id``: the key that was signed in with; its rights are looked up at each request. Without one ``subject``,
    ``name``, ``rights`` and ``flows`` are those of the person who signed in. ``seen_at``: to the minute.
    """

    id: str
    created_at: int
    seen_at: int
    expires_at: int
    """The end of the session, however much it is used."""
    key_id: str | None = None
    subject: str = ""
    name: str = ""
    rights: tuple[Right, ...] = ()
    flows: tuple[str, ...] | None = None
    address: str = ""

    @property
    def whose(self) -> str:
        """Whose session it is: as ``whose`` says of its principal."""
        return _of_person(self.subject) if self.key_id is None else self.key_id

    def is_valid(self, now: int, idle_ms: int) -> bool:
        return now < min(self.expires_at, self.seen_at + idle_ms)

    @property
    def person(self) -> Principal:
        """The principal of a session without a key."""
        return Principal(
            PrincipalKind.PERSON,
            self.subject,
            self.name,
            frozenset(self.rights),
            None if self.flows is None else frozenset(self.flows),
            _of_person(self.subject),
            self.id,
            self.expires_at,
        )


def person(subject: str, name: str, rights: frozenset[Right], expires_at: int | None = None) -> Principal:
    """The principal of somebody whom the identity provider knows."""
    return Principal(PrincipalKind.PERSON, subject, name, rights, owner=_of_person(subject), expires_at=expires_at)


def whose(principal: Principal) -> str:
    """Whose sessions a principal may end: those of the same key or person."""
    return principal.id if principal.kind is PrincipalKind.KEY else _of_person(principal.id)


def _of_person(subject: str) -> str:
    """A name for a person that no key has: a space is in no id of a key."""
    return f"person {subject}"
