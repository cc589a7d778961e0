"""The interface to an identity provider. It imports neither Authlib nor its cryptography, so that a server without a
provider does not load them."""

from dataclasses import dataclass
from typing import Protocol

from job_processor.core.access import Principal


@dataclass(frozen=True, slots=True)
class SignInStart:
    """A sign-in that begins. ``address``: the provider's page, to which the browser is redirected; ``cookie``: a value
    that the browser keeps until the sign-in ends."""

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
    """A person who has signed in. ``back_to``: the path of the page to open then; ``replaces``: the id of the browser's
    session before."""

    principal: Principal
    back_to: str
    replaces: str | None


class People(Protocol):
    """Identifies people through an identity provider. A person without a role is a principal without rights: the caller
    refuses it, and the audit names the person."""

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
        """Check that the provider answers; returns a description for people. No sign-in takes place. Raises
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
