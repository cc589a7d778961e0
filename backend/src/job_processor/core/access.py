"""Access control: rights, principals, API keys and sessions."""

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
    """All of the above, and manage API keys and read the audit."""


ALL_RIGHTS = frozenset(Right)
_INCLUDED = {Right.ADMIN: ALL_RIGHTS, Right.OPERATE: frozenset({Right.OPERATE, Right.READ})}


@functools.cache
def _with_included(rights: frozenset[Right]) -> frozenset[Right]:
    """The rights with those that they include. Cached: every request asks, and there are few sets of rights."""
    return rights.union(*(_INCLUDED.get(had, frozenset()) for had in rights))


class PrincipalKind(StrEnum):
    EVERYONE = "everyone"
    """Any requester: the server runs without authentication (``AUTH=off``)."""
    PROXY = "proxy"
    """A requester that the reverse proxy has authenticated (``AUTH=proxy``)."""
    KEY = "key"
    PERSON = "person"
    """A person who signed in with an identity provider."""
    COMMAND = "command"
    """The command line working directly on the store, or the first start of an installation."""
    SYSTEM = "system"
    """The product itself, such as a background loop."""
    NOBODY = "nobody"
    """No valid credential was sent."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The requester, as decided once per request. ``id``: a key's id or a person's subject. ``flows``: the flows that
    it is limited to; ``None``: no limit.

    ``owner``: the id under which idempotency keys, rate limit and quota are kept; a rotated key keeps it. ``session``:
    the id of the request's session, if any. ``expires_at``: milliseconds since 1970; ``None``: never.
    ``rate_per_minute``: the key's own rate limit in requests; ``None``: the default one.
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
        """Whether the principal has the right, or one that includes it."""
        return right in _with_included(self.rights)

    def sees(self, flow: str) -> bool:
        return self.flows is None or flow in self.flows


EVERYONE = Principal(PrincipalKind.EVERYONE, rights=ALL_RIGHTS)
PROXY = Principal(PrincipalKind.PROXY, rights=ALL_RIGHTS)
NOBODY = Principal(PrincipalKind.NOBODY)


class Requester(msgspec.Struct, frozen=True, gc=False):
    """Principal, client address and request id of an act, as the audit records them."""

    principal: Principal
    address: str = ""
    request_id: str = ""

    def sees(self, flow: str) -> bool:
        return self.principal.sees(flow)


SYSTEM = Requester(Principal(PrincipalKind.SYSTEM, rights=ALL_RIGHTS))
"""The requester of acts of the product itself; the audit does not record them."""


COMMAND = Requester(Principal(PrincipalKind.COMMAND, rights=ALL_RIGHTS))


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it is stored, without its secret. Times in milliseconds since 1970.

    ``digest``: SHA-256 of the whole key, in hex. ``rev``: incremented by every change and checked by every
    compare-and-set. ``owner``: the id of the first key in a chain of rotations. ``last_used_at``: rounded down to the
    minute. ``rate_per_minute``: the key's own rate limit in requests; ``None``: the default one.
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
        """Whether the key is neither revoked nor expired at ``now`` (ms since 1970)."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def ended_at(self) -> int | None:
        """When the key expires or was revoked, whichever is earlier; ``None``: never."""
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
    """A sign-in on the page. ``id``: SHA-256 of the cookie's value, in hex; the value itself is not stored.

    ``key_id``: the API key of the sign-in; its rights are looked up at each request. ``None``: a person signed in, whom
    ``subject``, ``name``, ``rights`` and ``flows`` describe. ``seen_at``: the last request, rounded down to the minute.
    """

    id: str
    created_at: int
    seen_at: int
    expires_at: int
    """The end of the session; requests do not extend it."""
    key_id: str | None = None
    subject: str = ""
    name: str = ""
    rights: tuple[Right, ...] = ()
    flows: tuple[str, ...] | None = None
    address: str = ""

    @property
    def holder(self) -> str:
        """The key or person that the session belongs to, in the form of ``session_holder``."""
        return _person_id(self.subject) if self.key_id is None else self.key_id

    def is_valid(self, now: int, idle_ms: int) -> bool:
        """Whether the session has not ended at ``now`` (ms since 1970). ``idle_ms``: its timeout without requests."""
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
            _person_id(self.subject),
            self.id,
            self.expires_at,
        )


def person(subject: str, name: str, rights: frozenset[Right], expires_at: int | None = None) -> Principal:
    """The principal of a person with this subject at the identity provider. ``expires_at``: ms since 1970."""
    return Principal(PrincipalKind.PERSON, subject, name, rights, owner=_person_id(subject), expires_at=expires_at)


def session_holder(principal: Principal) -> str:
    """The key or person whose sessions the principal may end."""
    return principal.id if principal.kind is PrincipalKind.KEY else _person_id(principal.id)


def _person_id(subject: str) -> str:
    """An id of a person that cannot equal a key's id, because those contain no space."""
    return f"person {subject}"
