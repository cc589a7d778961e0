"""Signatures of outgoing webhooks, as Standard Webhooks 1.0.0 defines them (https://www.standardwebhooks.com).

A receiver verifies ``v1,<base64 of HMAC-SHA256>`` over ``<id>.<timestamp>.<body>``. During a rotation the header has
one signature for each valid secret, separated by spaces.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32
"""Size of a new secret in bytes."""
_MIN_BYTES, _MAX_BYTES = 24, 64
"""Sizes that the standard allows."""


def new_secret() -> str:
    """A new random secret in the text form that receivers get."""
    return secret_text(secrets.token_bytes(SECRET_BYTES))


def secret_text(key: bytes) -> str:
    """The text form of a signing key that receivers get: ``whsec_`` and the key in base64."""
    return PREFIX + base64.b64encode(key).decode()


def secret_key(text: str) -> bytes:
    """The signing key of a secret in text form. Raises ``ValueError`` if the text is invalid."""
    if not text.startswith(PREFIX):
        raise ValueError(f"a secret begins with {PREFIX}")
    try:
        key = base64.b64decode(text[len(PREFIX) :], validate=True)
    except binascii.Error:
        raise ValueError("a secret is base64") from None
    if not _MIN_BYTES <= len(key) <= _MAX_BYTES:
        raise ValueError(f"a secret has {_MIN_BYTES} to {_MAX_BYTES} bytes")
    return key


def headers(message_id: str, seconds: int, body: bytes, texts: Sequence[str]) -> dict[str, str]:
    """The three headers of a request. ``seconds``: the time of sending, since 1970; ``texts``: the valid secrets.

    Raises ``ValueError`` if ``message_id`` contains a full stop, which separates the signed parts, or without a secret.
    """
    if "." in message_id or not texts:
        raise ValueError("a message needs an id without a full stop, and a secret")
    signed = f"{message_id}.{seconds}.".encode() + body
    made = (base64.b64encode(hmac.digest(secret_key(text), signed, "sha256")).decode() for text in texts)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{one}" for one in made),
    }
