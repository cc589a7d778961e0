"""Signatures of outgoing webhooks, as Standard Webhooks 1.0.0 defines them (https://www.standardwebhooks.com). Pure.

A receiver checks ``v1,<base64 of HMAC-SHA256>`` over ``<id>.<timestamp>.<body>``. While a secret is rotated there is a
signature for each valid secret, separated by spaces.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32
"""Bytes of a new secret; the standard allows 24 to 64."""
_LEAST, _MOST = 24, 64


def new_secret() -> str:
    """A random secret, as receivers are given it."""
    return secret_text(secrets.token_bytes(SECRET_BYTES))


def secret_text(key: bytes) -> str:
    """A signing key as receivers are given it: ``whsec_`` and the key in base64."""
    return PREFIX + base64.b64encode(key).decode()


def secret_key(text: str) -> bytes:
    """The signing key of a secret. Raises ``ValueError`` for a text that is none."""
    if not text.startswith(PREFIX):
        raise ValueError(f"a secret begins with {PREFIX}")
    try:
        key = base64.b64decode(text[len(PREFIX) :], validate=True)
    except binascii.Error:
        raise ValueError("a secret is base64") from None
    if not _LEAST <= len(key) <= _MOST:
        raise ValueError(f"a secret has {_LEAST} to {_MOST} bytes")
    return key


def headers(message_id: str, seconds: int, body: bytes, texts: Sequence[str]) -> dict[str, str]:
    """The three headers of a request. ``seconds``: when it is sent, since 1970; ``texts``: the valid secrets.

    ``message_id`` must hold no full stop: it separates the parts that are signed.
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
