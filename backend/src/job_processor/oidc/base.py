"""The interface to an identity provider. It does not import Authlib, so that a server without a provider does not load
it."""

from dataclasses import dataclass
from typing import Protocol

from job_processor.core.access import Principal


@dataclass(frozen=True, slots=True)
class SignInStart:
    """The start of a sign-in. ``address``: the URL of the provider to which the browser is redirected; ``cookie``: the
    value of a cookie for the time of the sign-in."""

    address: str
    cookie: str


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """The query parameters with which the provider redirects the browser to this server."""

    code: str
    state: str
    issuer: str
    error: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person who has signed in. ``back_to``: the path of the page to open; ``replaces``: the id of the browser's
    previous session."""

    principal: Principal
    back_to: str
    replaces: str | None


class People(Protocol):
    """Authenticates people with an identity provider. A person without a role is a principal without rights; the caller
    refuses it, so that the audit can name the person."""

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

    async def health(self) -> str:
        """Check that the provider answers, without a sign-in. Returns a message for people. Raises
        ``ProviderUnavailable`` with the reason."""
        ...

    async def begin(self, back_to: str, replaces: str | None) -> SignInStart:
        """Begin a sign-in. Raises ``ProviderUnavailable``."""
        ...

    async def end(self, returned: AuthorizationResponse, cookie: str) -> Person:
        """End a sign-in. Raises ``SignInRefused`` and ``ProviderUnavailable``."""
        ...

    async def of_token(self, text: str) -> Principal:
        """The principal of an access token. Raises ``TokenRefused`` and ``ProviderUnavailable``."""
        ...
