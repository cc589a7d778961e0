"""Validates the tokens of an identity provider: signature, issuer, audience, times and type."""

import base64
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from authlib.oidc.core.claims import CodeIDToken
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    JoseError,
    MissingClaimError,
    SecurityWarning,
)
from joserfc.jws import JWSRegistry

from job_processor.oidc.answers import decoded
from job_processor.oidc.errors import TokenRefused
from job_processor.oidc.keys import ALGORITHMS
from job_processor.oidc.provider import Provider

MAX_CHARACTERS = 16 * 1024
LEEWAY_SECONDS = 60
"""Allowed clock skew between the provider and this server."""
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_MAX_NAME_CHARACTERS = 255
_ACCESS_TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
_ONLY_IN_ID_TOKENS = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})
# The errors that the libraries raise for invalid input.
_INVALID = (JoseError, ValueError, TypeError, KeyError, OverflowError, RecursionError)


class _Headers(JWSRegistry):
    """Allows headers with unregistered names and certificates, as some providers send them."""

    max_header_length = 8 * 1024


@dataclass(frozen=True, slots=True)
class Token:
    """A token with a valid signature."""

    header: Mapping[str, object]
    claims: Mapping[str, object]


async def id_token(
    provider: Provider, text: str, *, issuer: str, client_id: str, nonce: str, access_token: str | None, now: int
) -> Mapping[str, object]:
    """The claims of a sign-in's ID token. ``now``: seconds since 1970. Raises ``TokenRefused`` and
    ``ProviderUnavailable``."""
    token = await _signed(provider, text)
    options = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": client_id},
        "sub": {"essential": True},
    }
    # at_hash is optional; for other algorithms no specification defines its hash function.
    hashed = access_token if str(token.header["alg"])[-3:] in ("256", "384", "512") else None
    params = {"nonce": nonce, "client_id": client_id, "access_token": hashed}
    try:
        CodeIDToken(dict(token.claims), dict(token.header), options, params).validate(now, LEEWAY_SECONDS)
    except _INVALID as error:
        raise TokenRefused(_why(error)) from None
    _check_subject(token.claims)
    return token.claims


async def access_token(
    provider: Provider, text: str, *, issuer: str, audiences: Sequence[str], now: int
) -> Mapping[str, object]:
    """The claims of a program's access token. ``now``: seconds since 1970. Raises ``TokenRefused`` and
    ``ProviderUnavailable``."""
    token = await _signed(provider, text)
    kind = token.header.get("typ", "")
    # ID tokens are only for the page's sign-in; other kinds, such as logout tokens, have their own type.
    if not isinstance(kind, str) or kind.lower() not in _ACCESS_TYPES or token.claims.get("typ", "Bearer") != "Bearer":
        raise TokenRefused("It is not an access token.")
    if _ONLY_IN_ID_TOKENS & token.claims.keys():
        raise TokenRefused("It is an ID token, not an access token.")
    rules = jwt.JWTClaimsRegistry(
        now,
        LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "values": list(audiences)},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        rules.validate(dict(token.claims))
    except _INVALID as error:
        raise TokenRefused(_why(error)) from None
    _check_subject(token.claims)
    return token.claims


async def _signed(provider: Provider, text: str) -> Token:
    header = _header(text)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenRefused("It is not signed with an asymmetric algorithm.")
    if kid is not None and (not isinstance(kid, str) or len(kid) > _MAX_NAME_CHARACTERS):
        raise TokenRefused("Its key id (kid) is not a string, or too long.")
    if "crit" in header or "b64" in header:
        raise TokenRefused("Its header has extensions (crit, b64) that are not supported.")
    key = await provider.key(kid, algorithm)
    if key is None:
        raise TokenRefused("The identity provider has no such key.")
    registry = _Headers(algorithms=[algorithm], strict_check_header=False)
    try:
        with warnings.catch_warnings():
            # The library warns about the name EdDSA, which providers still use.
            warnings.simplefilter("ignore", SecurityWarning)
            jwt.decode(text, key, [algorithm], registry)
    except _INVALID as error:
        raise TokenRefused(_why(error)) from None
    claims = decoded(_bytes(text.split(".")[1]), dict[str, object])
    if claims is None:
        raise TokenRefused("Its claims are not a JSON object.")
    return Token(header, claims)


def _header(text: str) -> Mapping[str, object]:
    if len(text) > MAX_CHARACTERS or not _COMPACT.fullmatch(text):
        raise TokenRefused("It is not a JSON Web Token.")
    header = decoded(_bytes(text.partition(".")[0]), dict[str, object])
    if header is None:
        raise TokenRefused("It is not a JSON Web Token.")
    return header


def _bytes(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return b""


def _check_subject(claims: Mapping[str, object]) -> None:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_NAME_CHARACTERS or not subject.isprintable():
        raise TokenRefused("It has no subject (sub).")


def _why(error: Exception) -> str:
    match error:
        case ExpiredTokenError():
            return "It has expired."
        case BadSignatureError():
            return "Its signature is wrong."
        case MissingClaimError() | InvalidClaimError():
            return f"Its claim {error.claim[:20]} is missing or invalid."
        case _:
            return "It is not a valid JSON Web Token."
