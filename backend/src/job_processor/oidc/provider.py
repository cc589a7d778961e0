"""The identity provider: its metadata (discovery) and its keys, both cached, and requests to it."""

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
"""Maximum time that a key which the provider has removed is still accepted."""
STALE_SECONDS = 24 * 3_600.0
"""Maximum time that tokens are accepted while the provider is unreachable."""
PAUSE_SECONDS = 10.0
"""Minimum interval between two fetches of the keys, however many tokens name an unknown key."""
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class ProviderMetadata(msgspec.Struct, frozen=True):
    """The used fields of the provider's metadata (discovery document)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool = False


class Provider:
    """The client of an identity provider. ``monotonic``: a clock in seconds. Raises ``ProcessorUnusable`` for an
    invalid ``ca_file``."""

    def __init__(self, options: OidcOptions, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._outgoing = Outgoing(
            REQUEST_SECONDS,
            headers={"Accept": "application/json"},
            ca_file=options.ca_file,
            body_limit=BODY_LIMIT,
        )
        self._metadata = Cached(
            "metadata",
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

    async def metadata(self) -> ProviderMetadata:
        """The cached metadata. Raises ``ProviderUnavailable``."""
        return await self._metadata.get()

    async def key(self, kid: str | None, algorithm: str) -> Key | None:
        """The key of a token's header; ``None``: the provider has no such key. An unknown key may be new, so the keys
        are fetched again for it, at most once in ``PAUSE_SECONDS``. Raises ``ProviderUnavailable``."""
        known = keys.select(await self._keys.get(), kid, algorithm)
        return known or keys.select(await self._keys.refreshed(), kid, algorithm)

    async def count_keys(self) -> int:
        """The number of usable keys, fetched without the caches. Raises ``ProviderUnavailable`` with the exact
        reason."""
        return len(await self._keys_at((await self._discover()).jwks_uri))

    async def get(self, address: str, headers: Mapping[str, str] = _NO_HEADERS) -> Reply:
        """The reply to a GET request. Raises ``ProviderUnavailable`` without a complete answer, or for a 5xx."""
        return await self._request("GET", address, None, headers)

    async def post_form(self, address: str, body: str, headers: Mapping[str, str]) -> Reply:
        """The reply to a POST request with a form. Raises ``ProviderUnavailable`` as ``get`` does."""
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
            raise ProviderUnavailable(f"a URL in its metadata {error}") from None
        if not is_secure(str(url)):
            raise ProviderUnavailable("a URL in its metadata is not https")
        return url

    async def _discover(self) -> ProviderMetadata:
        issuer = self._options.issuer
        reply = await self.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if reply.status != 200:
            raise ProviderUnavailable(f"discovery: it answered {reply.status} (OIDC_ISSUER)")
        found = decoded(reply.body, ProviderMetadata)
        if found is None:
            raise ProviderUnavailable("discovery: the answer is not the metadata of a provider")
        if found.issuer != issuer:
            raise ProviderUnavailable("discovery: its issuer is not exactly OIDC_ISSUER")
        for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            self._checked(address)
        return found

    async def _fetch_keys(self) -> Sequence[Key]:
        return await self._keys_at((await self.metadata()).jwks_uri)

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
