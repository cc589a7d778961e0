"""The authorization code flow: the address to send the browser to, and the code changed for claims about a person."""

from collections.abc import Mapping
from urllib.parse import quote_plus

import msgspec
import structlog
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from job_processor.oidc import tokens
from job_processor.oidc.answers import decoded
from job_processor.oidc.errors import ProviderUnavailable, SignInRefused, TokenRefused
from job_processor.oidc.options import OidcOptions
from job_processor.oidc.provider import Description, Provider
from job_processor.oidc.transit import Transit
from job_processor.outgoing.text import one_line

log = structlog.get_logger(__name__)


class _Granted(msgspec.Struct):
    id_token: str
    access_token: str | None = None


async def address(provider: Provider, options: OidcOptions, transit: Transit) -> str:
    """Where the browser goes to sign in. Raises ``ProviderUnavailable``."""
    made: str = prepare_grant_uri(
        (await provider.description()).authorization_endpoint,
        client_id=options.client_id,
        response_type="code",
        redirect_uri=options.redirect_url,
        scope=options.scopes,
        state=transit.state,
        nonce=transit.nonce,
        code_challenge=create_s256_code_challenge(transit.verifier),  # type: ignore[no-untyped-call]  # no stubs
        code_challenge_method="S256",
    )
    return made


async def claims_of(
    provider: Provider, options: OidcOptions, transit: Transit, code: str, now: int
) -> Mapping[str, object]:
    """Change the code for what the provider says about the person. Raises ``SignInRefused`` and
    ``ProviderUnavailable``."""
    granted = await _exchange(provider, options, transit, code)
    try:
        claims = await tokens.id_token(
            provider,
            granted.id_token,
            issuer=options.issuer,
            client_id=options.client_id,
            nonce=transit.nonce,
            access_token=granted.access_token,
            now=now,
        )
    except TokenRefused as error:
        log.warning("id_token_refused", reason=str(error))
        raise SignInRefused("invalid_id_token") from None
    if options.roles.is_claimed(claims) or granted.access_token is None:
        return claims
    return {**await _user_info(provider, granted.access_token, str(claims["sub"])), **claims}


async def _exchange(provider: Provider, options: OidcOptions, transit: Transit, code: str) -> _Granted:
    described = await provider.description()
    body = prepare_token_request(
        "authorization_code", redirect_uri=options.redirect_url, code=code, code_verifier=transit.verifier
    )
    headers: dict[str, str] = {}
    prepare = _client_auth(described, options).prepare
    _, headers, body = prepare("POST", described.token_endpoint, headers, body)  # type: ignore[no-untyped-call]
    reply = await provider.post_form(described.token_endpoint, body, headers)
    if reply.status != 200:
        # The standard's code for it, such as invalid_client: for the log, where the operator looks.
        error = (decoded(reply.body, dict[str, object]) or {}).get("error")
        log.warning("code_refused", status=reply.status, error=one_line(error, 60) if isinstance(error, str) else None)
        raise SignInRefused("code_refused")
    granted = decoded(reply.body, _Granted)
    if granted is None:
        raise ProviderUnavailable("for the code it gave no ID token")
    return granted


def _client_auth(described: Description, options: OidcOptions) -> ClientAuth:
    if not options.client_secret:
        return ClientAuth(options.client_id, None, "none")
    # What a description does not say is client_secret_basic (OpenID Connect Discovery, section 3).
    methods = described.token_endpoint_auth_methods_supported or ["client_secret_basic"]
    if "client_secret_basic" not in methods and "client_secret_post" in methods:
        return ClientAuth(options.client_id, options.client_secret, "client_secret_post")
    # RFC 6749, section 2.3.1: both are encoded as in a form before they are joined; Authlib leaves that out.
    return ClientAuth(quote_plus(options.client_id), quote_plus(options.client_secret), "client_secret_basic")


async def _user_info(provider: Provider, access_token: str, subject: str) -> Mapping[str, object]:
    """What the provider's userinfo endpoint says; nothing where it has none. Many providers tell roles there alone."""
    endpoint = (await provider.description()).userinfo_endpoint
    if endpoint is None:
        return {}
    reply = await provider.get(endpoint, {"Authorization": f"Bearer {access_token}"})
    found = decoded(reply.body, dict[str, object]) if reply.status == 200 else None
    if found is None:
        log.warning("user_info_refused", status=reply.status)
        return {}
    if found.get("sub") != subject:
        raise SignInRefused("invalid_id_token")
    return found
