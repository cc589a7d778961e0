"""Callback proofs: a token bound to job, attempt and expiry, and the shared secret. Pure.

Every comparison is constant-time on bytes; whatever is wrong, the answer is the same.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallbackClaim:
    """What a valid token says: who may report."""

    job_id: str
    attempt: int


class CallbackSigner:
    """Signs with the first secret, verifies with all of them, so that a secret can be rotated."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise ValueError("at least one secret is needed")
        self._secrets = tuple(hashlib.sha256(s.encode()).digest() for s in secrets)
        # A key of its own, so that a token tells nothing about the shared secret.
        self._keys = tuple(hmac.digest(s.encode(), b"job-processor callback token v1", "sha256") for s in secrets)

    def token(self, job_id: str, attempt: int, expires_at: int) -> str:
        """``v1.<job>.<attempt>.<expiry>.<mac>``; ``expires_at`` in seconds since 1970."""
        said = f"v1.{job_id}.{attempt}.{expires_at}"
        return f"{said}.{_mac(self._keys[0], said)}"

    def verify(self, token: bytes, now: float) -> CallbackClaim | None:
        """What the token allows, or ``None`` for any fault; ``now`` in seconds since 1970."""
        try:
            said, _, mac = token.decode("ascii").rpartition(".")
            version, job_id, attempt, expires_at = said.split(".")
            # ASCII digits only: int() would take signs, spaces and underscores.
            numbers = attempt.isdigit() and expires_at.isdigit() and len(attempt) < 10 and len(expires_at) < 16
        except ValueError:
            return None
        right = [hmac.compare_digest(_mac(key, said).encode(), mac.encode()) for key in self._keys]
        if not any(right) or version != "v1" or not numbers or int(expires_at) < now:
            return None
        return CallbackClaim(job_id, int(attempt))

    def is_secret(self, given: bytes) -> bool:
        """Is this one of the shared secrets? Hashed first, so that its length does not show either."""
        digest = hashlib.sha256(given).digest()
        right = [hmac.compare_digest(s, digest) for s in self._secrets]
        return any(right)


def _mac(key: bytes, said: str) -> str:
    digest = hmac.digest(key, said.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
