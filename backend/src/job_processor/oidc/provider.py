"""The identity provider: its description (discovery) and its keys, both cached with bounds, and requests to it."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec
from joserfc.jwk import Key
from yarl import URL

from job_processor.core.outcome import HandOver, LaneClosed, LaneServerError
from job_processor.oidc import keys
from job_processor.oidc.answers import decoded
from job_processor.oidc.cached import Cached
from job_processor.oidc.errors import ProviderUnavailable
from job_processor.oidc.options import OidcOptions, is_secure
from job_processor.outgoing.addresses import parse_url
from job_processor.outgoing.session import Outgoing, Reply

REQUEST_SECONDS = 10.0
BODY_LIMIT = 512 * 1024
DISCOVERY_SECONDS = 3_600.0
KEYS_SECONDS = 600.0
"""A key that the provider has taken away is accepted no longer than this."""
STALE_SECONDS = 24 * 3_600.0
"""A provider that cannot be reached for so long: then its tokens are not accepted any more."""
PAUSE_SECONDS = 10.0
"""At least so long between two fetches of the keys, however many tokens name a key that is not there."""
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Description(msgspec.Struct, frozen=True):
    """The parts of the provider's discovery document that are used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool = False


class Provider:
    """``monotonic`` gives seconds; tests pass their own. Raises ``ProcessorUnusable`` for a wrong ``ca_file``."""

    def __init__(self, options: OidcOptions, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._outgoing = Outgoing(
            REQUEST_SECONDS,
            headers={"Accept": "application/json"},
            ca_file=options.ca_file,
            body_limit=BODY_LIMIT,
        )
        self._description = Cached(
            "description",
            self._discover,
            monotonic,
            fresh_seconds=DISCOVERY_SECONDS,
            stale_seconds=STALE_SECONDS,
            pause_seconds=PAUSE_SECONDS,
        )
        self._keys = Cached(
            "keys",
            self._fetch_keys,
            monotonic,
            fresh_seconds=KEYS_SECONDS,
            stale_seconds=STALE_SECONDS,
            pause_seconds=PAUSE_SECONDS,
        )

    async def open(self) -> None:
        await self._outgoing.open()

    async def close(self) -> None:
        await self._outgoing.close()

    async def description(self) -> Description:
        """Raises ``ProviderUnavailable``."""
        return await self._description.get()

    async def key(self, kid: str | None, algorithm: str) -> Key | None:
        """The key of a token's header; ``None``: the provider has none like that. A key that is not known may be new:
        then the keys are fetched again, once in ``PAUSE_SECONDS``. Raises ``ProviderUnavailable``."""
        known = keys.named(await self._keys.get(), kid, algorithm)
        return known or keys.named(await self._keys.newer(), kid, algorithm)

    async def count_keys(self) -> int:
        """Ask past the caches. Raises ``ProviderUnavailable``, with what exactly is wrong."""
        return len(await self._keys_at((await self._discover()).jwks_uri))

    async def get(self, address: str, headers: Mapping[str, str] = _NO_HEADERS) -> Reply:
        """Raises ``ProviderUnavailable`` where there is no whole answer."""
        return await self._request("GET", address, None, headers)

    async def post_form(self, address: str, body: str, headers: Mapping[str, str]) -> Reply:
        """Raises ``ProviderUnavailable`` where there is no whole answer."""
        form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return await self._request("POST", address, body.encode(), form)

    async def _request(self, method: str, address: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        reply = await self._outgoing.request(method, self._checked(address), body, headers)
        if isinstance(reply, HandOver):
            raise ProviderUnavailable(_reason(reply))
        if reply.unread is not None:
            raise ProviderUnavailable(f"the answer was not read: {reply.unread}")
        if reply.status >= 500:
            raise ProviderUnavailable(f"it answered {reply.status}")
        return reply

    def _checked(self, address: str) -> URL:
        try:
            url = parse_url(address, allow_private=True)
        except ValueError as error:
            raise ProviderUnavailable(f"an address in its description {error}") from None
        if not is_secure(str(url)):
            raise ProviderUnavailable("an address in its description is not https")
        return url

    async def _discover(self) -> Description:
        issuer = self._options.issuer
        reply = await self.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if reply.status != 200:
            raise ProviderUnavailable(f"discovery: it answered {reply.status} (OIDC_ISSUER)")
        found = decoded(reply.body, Description)
        if found is None:
            raise ProviderUnavailable("discovery: what it answered is no description of a provider")
        if found.issuer != issuer:
            raise ProviderUnavailable(
                "discovery: it names itself otherwise than OIDC_ISSUER does, character by character"
            )
        for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            self._checked(address)
        return found

    async def _fetch_keys(self) -> Sequence[Key]:
        return await self._keys_at((await self.description()).jwks_uri)

    async def _keys_at(self, address: str) -> Sequence[Key]:
        reply = await self.get(address)
        if reply.status != 200:
            raise ProviderUnavailable(f"keys: it answered {reply.status}")
        return keys.read(reply.body)


def _reason(fault: HandOver) -> str:
    match fault.lane:
        case LaneClosed(detail=detail) | LaneServerError(detail=detail):
            return detail
        case _:
            return "the request failed"
