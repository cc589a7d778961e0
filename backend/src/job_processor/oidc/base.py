"""What the server asks of those who know people: light, so that a server without an identity provider loads nothing of
Authlib and its cryptography."""

from dataclasses import dataclass
from typing import Protocol

from job_processor.core.access import Principal


@dataclass(frozen=True, slots=True)
class Begun:
    """``address``: where the browser goes; ``cookie``: the value that it keeps meanwhile."""

    address: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What the provider sent the browser back with."""

    code: str
    state: str
    issuer: str
    error: str


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom the provider knows. ``back_to``: the page's path to end at; ``replaces``: the id of the browser's
    session so far."""

    principal: Principal
    back_to: str
    replaces: str | None


class People(Protocol):
    """Who somebody is, by the word of an identity provider. A principal has no right where the provider gives no role:
    the caller refuses it, and knows whom."""

    @property
    def name(self) -> str:
        """The provider's name, for people."""
        ...

    @property
    def take_tokens(self) -> bool:
        """Whether programs may send access tokens."""
        ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def sign_of_life(self) -> str:
        """What the provider answers, for people. Nobody signs in. Raises ``ProviderUnavailable``, with the reason."""
        ...

    async def begin(self, back_to: str, replaces: str | None) -> Begun:
        """Begin a sign-in. Raises ``ProviderUnavailable``."""
        ...

    async def end(self, returned: Returned, cookie: str) -> Known:
        """End a sign-in. Raises ``SignInRefused`` and ``ProviderUnavailable``."""
        ...

    async def of_token(self, text: str) -> Principal:
        """The principal of an access token. Raises ``TokenRefused`` and ``ProviderUnavailable``."""
        ...
