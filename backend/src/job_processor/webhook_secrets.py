"""The signing secrets of outgoing webhooks.

The secret of an endpoint is random. It is stored encrypted (AES-256-GCM) with a key derived from WEBHOOK_SECRET, so
that a copy of the store does not suffice to sign. The secret for webhooks of jobs is derived from WEBHOOK_SECRET and
the owner of the jobs; it is not stored.
"""

import base64
import hmac
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from job_processor.core.webhook_signature import secret_text

_NONCE_BYTES = 12


class WebhookSecrets:
    """Derives, encrypts ("seals") and decrypts ("opens") signing secrets.

    ``secrets_``: WEBHOOK_SECRET, then WEBHOOK_SECRET_PREVIOUS. The first one encrypts, all of them decrypt. Raises
    ``ValueError`` without a secret.
    """

    def __init__(self, secrets_: Sequence[str]) -> None:
        if not secrets_:
            raise ValueError("at least one secret is needed")
        self._sealing = tuple(hmac.digest(s.encode(), b"job-processor webhook seal v1", "sha256") for s in secrets_)
        self._owners = tuple(hmac.digest(s.encode(), b"job-processor webhook owner v1", "sha256") for s in secrets_)

    def of_owner(self, owner: str) -> tuple[str, ...]:
        """The signing secrets for webhooks of this owner's jobs, the current one first."""
        return tuple(secret_text(hmac.digest(key, owner.encode(), "sha256")) for key in self._owners)

    def seal(self, text: str, endpoint_id: str) -> str:
        """The encrypted secret for the store. It can be decrypted only with the same ``endpoint_id``."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self._sealing[0]).encrypt(nonce, text.encode(), endpoint_id.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str, endpoint_id: str) -> str | None:
        """The decrypted secret; ``None`` if it was encrypted with another WEBHOOK_SECRET, or for another endpoint."""
        return next(filter(None, (_opened(key, sealed, endpoint_id) for key in self._sealing)), None)

    def is_current(self, sealed: str, endpoint_id: str) -> bool:
        """Whether the secret is encrypted with the current WEBHOOK_SECRET."""
        return _opened(self._sealing[0], sealed, endpoint_id) is not None


def _opened(key: bytes, sealed: str, endpoint_id: str) -> str | None:
    whole = base64.b64decode(sealed)
    try:
        return AESGCM(key).decrypt(whole[:_NONCE_BYTES], whole[_NONCE_BYTES:], endpoint_id.encode()).decode()
    except InvalidTag:
        return None
