"""Authenticates people with the identity provider: by the page's sign-in, and by access tokens of programs."""

import hmac
from collections.abc import Callable, Mapping, Sequence

from job_processor.core.access import Principal, person
from job_processor.oidc import code_flow, tokens
from job_processor.oidc.base import AuthorizationResponse, Person, SignInStart
from job_processor.oidc.errors import SignInRefused, TokenRefused
from job_processor.oidc.options import OidcOptions
from job_processor.oidc.pending_sign_in import PendingSignIns
from job_processor.oidc.provider import Provider
from job_processor.outgoing.text import one_line

MAX_CONCURRENT = 32
"""Maximum sign-ins that wait for the provider at the same time; each sends it a few requests."""
_MAX_NAME_CHARACTERS = 100
_NAMES = ("name", "preferred_username", "email", "azp", "client_id")


class OidcPeople:
    """Implements ``base.People``. ``now``: the store's clock in milliseconds. ``secrets``: those of the server, newest
    first."""

    def __init__(
        self, provider: Provider, options: OidcOptions, secrets: Sequence[str], now: Callable[[], int]
    ) -> None:
        self._provider = provider
        self._options = options
        self._pending = PendingSignIns(secrets)
        self._now = now
        self._ending = 0

    @property
    def name(self) -> str:
        return self._options.name

    async def open(self) -> None:
        await self._provider.open()

    async def close(self) -> None:
        await self._provider.close()

    async def health(self) -> str:
        count = await self._provider.count_keys()
        return f"The identity provider answers, its issuer is OIDC_ISSUER, and it has {count} public keys."

    async def begin(self, back_to: str, replaces: str | None) -> SignInStart:
        pending, cookie = self._pending.begin(self._seconds(), back_to, replaces)
        return SignInStart(await code_flow.address(self._provider, self._options, pending), cookie)

    async def end(self, returned: AuthorizationResponse, cookie: str) -> Person:
        pending = self._pending.read(cookie, self._seconds())
        if pending is None or not hmac.compare_digest(pending.state.encode(), returned.state.encode()):
            raise SignInRefused("sign_in_expired")
        await self._check_issuer(returned)
        if returned.error or not returned.code:
            raise SignInRefused("denied" if returned.error == "access_denied" else "provider_error")
        if self._ending >= MAX_CONCURRENT:
            raise SignInRefused("too_many_sign_ins")
        self._ending += 1
        try:
            claims = await code_flow.claims_of(self._provider, self._options, pending, returned.code, self._seconds())
        finally:
            self._ending -= 1
        return Person(self._principal(claims, None), pending.back_to, pending.replaces)

    @property
    def take_tokens(self) -> bool:
        return bool(self._options.audiences)

    async def of_token(self, text: str) -> Principal:
        claims = await tokens.access_token(
            self._provider,
            text,
            issuer=self._options.issuer,
            audiences=self._options.audiences,
            now=self._seconds(),
        )
        expires = claims["exp"]
        if not isinstance(expires, (int, float)):
            raise TokenRefused("It has no expiry (exp).")
        return self._principal(claims, int(expires * 1000))

    async def _check_issuer(self, returned: AuthorizationResponse) -> None:
        """Refuse the response of another provider (RFC 9207, mix-up attack)."""
        metadata = await self._provider.metadata()
        if returned.issuer not in ("", metadata.issuer) or (
            metadata.authorization_response_iss_parameter_supported and not returned.issuer
        ):
            raise SignInRefused("provider_error")

    def _principal(self, claims: Mapping[str, object], expires_at: int | None) -> Principal:
        role = self._options.roles.role_of(claims)
        found = (value for one in _NAMES if isinstance(value := claims.get(one), str) and value.strip())
        name = one_line(next(found, ""), _MAX_NAME_CHARACTERS)
        return person(str(claims["sub"]), name, frozenset() if role is None else role.rights, expires_at)

    def _seconds(self) -> int:
        return self._now() // 1000
