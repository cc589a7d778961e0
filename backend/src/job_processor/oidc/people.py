"""Identifies people through the identity provider: at the page's sign-in, and by access tokens that programs send."""

import hmac
from collections.abc import Callable, Mapping, Sequence

from job_processor.core.access import Principal, person
from job_processor.oidc import code_flow, tokens
from job_processor.oidc.base import AuthorizationResponse, Person, SignInStart
from job_processor.oidc.errors import SignInRefused, TokenRefused
from job_processor.oidc.options import OidcOptions
from job_processor.oidc.provider import Provider
from job_processor.oidc.transit import Transits
from job_processor.outgoing.text import one_line

MOST_AT_ONCE = 32
"""Sign-ins that wait for the provider at once; each costs a few requests to it."""
_MOST_OF_A_NAME = 100
_NAMES = ("name", "preferred_username", "email", "azp", "client_id")


class OidcPeople:
    """``People`` of ``base``. ``now``: the store's clock in milliseconds. ``secrets``: of the server, the newest
    first."""

    def __init__(
        self, provider: Provider, options: OidcOptions, secrets: Sequence[str], now: Callable[[], int]
    ) -> None:
        self._provider = provider
        self._options = options
        self._transits = Transits(secrets)
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
        return f"The identity provider answers, names itself as OIDC_ISSUER does, and has {count} public keys."

    async def begin(self, back_to: str, replaces: str | None) -> SignInStart:
        transit, cookie = self._transits.begin(self._seconds(), back_to, replaces)
        return SignInStart(await code_flow.address(self._provider, self._options, transit), cookie)

    async def end(self, returned: AuthorizationResponse, cookie: str) -> Person:
        transit = self._transits.read(cookie, self._seconds())
        if transit is None or not hmac.compare_digest(transit.state.encode(), returned.state.encode()):
            raise SignInRefused("sign_in_expired")
        await self._check_issuer(returned)
        if returned.error or not returned.code:
            raise SignInRefused("denied" if returned.error == "access_denied" else "provider_error")
        if self._ending >= MOST_AT_ONCE:
            raise SignInRefused("too_many_sign_ins")
        self._ending += 1
        try:
            claims = await code_flow.claims_of(self._provider, self._options, transit, returned.code, self._seconds())
        finally:
            self._ending -= 1
        return Person(self._principal(claims, None), transit.back_to, transit.replaces)

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
        """RFC 9207: an answer of another provider must not be taken for one of ours."""
        described = await self._provider.description()
        if returned.issuer not in ("", described.issuer) or (
            described.authorization_response_iss_parameter_supported and not returned.issuer
        ):
            raise SignInRefused("provider_error")

    def _principal(self, claims: Mapping[str, object], expires_at: int | None) -> Principal:
        role = self._options.roles.role_of(claims)
        found = (value for one in _NAMES if isinstance(value := claims.get(one), str) and value.strip())
        name = one_line(next(found, ""), _MOST_OF_A_NAME)
        return person(str(claims["sub"]), name, frozenset() if role is None else role.rights, expires_at)

    def _seconds(self) -> int:
        return self._now() // 1000
