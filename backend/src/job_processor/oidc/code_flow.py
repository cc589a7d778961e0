"""The authorization code flow: the authorization URL, and the exchange of a code for claims about a person."""

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
from job_processor.oidc.pending_sign_in import PendingSignIn
from job_processor.oidc.provider import Provider, ProviderMetadata
from job_processor.outgoing.text import one_line

log = structlog.get_logger(__name__)


class _Granted(msgspec.Struct):
    id_token: str
    access_token: str | None = None


async def address(provider: Provider, options: OidcOptions, pending: PendingSignIn) -> str:
    """The authorization URL, to which the browser is redirected. Raises ``ProviderUnavailable``."""
    made: str = prepare_grant_uri(
        (await provider.metadata()).authorization_endpoint,
        client_id=options.client_id,
        response_type="code",
        redirect_uri=options.redirect_url,
        scope=options.scopes,
        state=pending.state,
        nonce=pending.nonce,
        code_challenge=create_s256_code_challenge(pending.verifier),  # type: ignore[no-untyped-call]  # no stubs
        code_challenge_method="S256",
    )
    return made


async def claims_of(
    provider: Provider, options: OidcOptions, pending: PendingSignIn, code: str, now: int
) -> Mapping[str, object]:
    """The claims about the person, in exchange for the code. ``now``: seconds since 1970. Raises ``SignInRefused`` and
    ``ProviderUnavailable``."""
    granted = await _exchange(provider, options, pending, code)
    try:
        claims = await tokens.id_token(
            provider,
            granted.id_token,
            issuer=options.issuer,
            client_id=options.client_id,
            nonce=pending.nonce,
            access_token=granted.access_token,
            now=now,
        )
    except TokenRefused as error:
        log.warning("id_token_refused", reason=str(error))
        raise SignInRefused("invalid_id_token") from None
    if options.roles.is_claimed(claims) or granted.access_token is None:
        return claims
    return {**await _user_info(provider, granted.access_token, str(claims["sub"])), **claims}


async def _exchange(provider: Provider, options: OidcOptions, pending: PendingSignIn, code: str) -> _Granted:
    metadata = await provider.metadata()
    body = prepare_token_request(
        "authorization_code", redirect_uri=options.redirect_url, code=code, code_verifier=pending.verifier
    )
    headers: dict[str, str] = {}
    prepare = _client_auth(metadata, options).prepare
    _, headers, body = prepare("POST", metadata.token_endpoint, headers, body)  # type: ignore[no-untyped-call]
    reply = await provider.post_form(metadata.token_endpoint, body, headers)
    if reply.status != 200:
        # Log the standard's error code, such as invalid_client, for the operator.
        error = (decoded(reply.body, dict[str, object]) or {}).get("error")
        log.warning("code_refused", status=reply.status, error=one_line(error, 60) if isinstance(error, str) else None)
        raise SignInRefused("code_refused")
    granted = decoded(reply.body, _Granted)
    if granted is None:
        raise ProviderUnavailable("the answer of the token endpoint has no ID token")
    return granted


def _client_auth(metadata: ProviderMetadata, options: OidcOptions) -> ClientAuth:
    if not options.client_secret:
        return ClientAuth(options.client_id, None, "none")
    # client_secret_basic is the default of missing metadata (OpenID Connect Discovery, section 3).
    methods = metadata.token_endpoint_auth_methods_supported or ["client_secret_basic"]
    if "client_secret_basic" not in methods and "client_secret_post" in methods:
        return ClientAuth(options.client_id, options.client_secret, "client_secret_post")
    # RFC 6749, section 2.3.1: both are form-encoded before they are joined, which Authlib does not do.
    return ClientAuth(quote_plus(options.client_id), quote_plus(options.client_secret), "client_secret_basic")


async def _user_info(provider: Provider, access_token: str, subject: str) -> Mapping[str, object]:
    """The claims of the userinfo endpoint, empty without one. Many providers have roles only there."""
    endpoint = (await provider.metadata()).userinfo_endpoint
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
