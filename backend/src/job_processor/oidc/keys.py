"""The signing keys of an identity provider: parsing a JWKS, and selecting the key of a token."""

import base64
from collections.abc import Mapping, Sequence

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OctKey, RSAKey

from job_processor.oidc.answers import decoded
from job_processor.oidc.errors import ProviderUnavailable

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""Accepted algorithms, all with a public key. Not ``none``, and no HMAC, whose key would be public in the JWKS."""
MAX_KEYS = 100
MIN_RSA_BITS = 2048
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_PRIVATE = frozenset({"d", "k"})


class _KeySet(msgspec.Struct):
    keys: list[dict[str, object]]


def read(body: bytes) -> Sequence[Key]:
    """The usable keys of a JWKS; others are ignored, as the standard requires. Raises ``ProviderUnavailable``."""
    found = decoded(body, _KeySet)
    if found is None:
        raise ProviderUnavailable("keys: the answer is not a JSON Web Key Set")
    return [key for one in found.keys[:MAX_KEYS] if (key := _usable(one)) is not None]


def select(keys: Sequence[Key], kid: str | None, algorithm: str) -> Key | None:
    """The key for a token's header; ``None``: no key matches, or without ``kid`` more than one does."""
    fitting = [key for key in keys if _fits(key, algorithm) and kid in (None, key.kid)]
    return fitting[0] if len(fitting) == 1 or (fitting and kid is not None) else None


def _usable(one: Mapping[str, object]) -> Key | None:
    """The key, if it is a sufficiently strong public key for signatures; else ``None``."""
    operations = one.get("key_ops", ["verify"])
    if one.get("use", "sig") != "sig" or _PRIVATE & one.keys() or operations != ["verify"]:
        return None
    data: dict[str, str | list[str]] = {
        name: value for name, value in one.items() if isinstance(value, str) and name not in ("x5u", "x5t")
    }
    try:
        if one.get("kty") == "RSA" and _bits(one.get("n")) < MIN_RSA_BITS:
            return None
        key = JWKRegistry.import_key(data)
    except (JoseError, ValueError, TypeError, KeyError, OverflowError):
        return None
    return None if isinstance(key, OctKey) else key


def _bits(number: object) -> int:
    """The number of bits of an integer in base64url. Raises ``ValueError``."""
    text = number if isinstance(number, str) else ""
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))).bit_length()


def _fits(key: Key, algorithm: str) -> bool:
    if key.alg not in (None, algorithm):
        return False
    if algorithm[:2] in ("RS", "PS"):
        return isinstance(key, RSAKey)
    if algorithm in _CURVES:
        return isinstance(key, ECKey) and key.get("crv") == _CURVES[algorithm]
    return key.get("crv") == "Ed25519"
