"""Authentication of callbacks: by a signed token for one job and attempt, or by the shared secret.

Comparisons take constant time, and all failures give the same answer.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallbackClaim:
    """The content of a valid callback token: the attempt on which it allows reports."""

    job_id: str
    attempt: int


class CallbackSigner:
    """Signs with the first secret and verifies with all of them, so that secrets can be rotated.

    Raises ``ValueError`` without a secret.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise ValueError("at least one secret is needed")
        self._secrets = tuple(hashlib.sha256(s.encode()).digest() for s in secrets)
        # Tokens are signed with a derived key, not with the shared secret itself.
        self._keys = tuple(hmac.digest(s.encode(), b"job-processor callback token v1", "sha256") for s in secrets)

    def token(self, job_id: str, attempt: int, expires_at: int) -> str:
        """A callback token: ``v1.<job>.<attempt>.<expiry>.<mac>``; ``expires_at`` in seconds since 1970."""
        payload = f"v1.{job_id}.{attempt}.{expires_at}"
        return f"{payload}.{_mac(self._keys[0], payload)}"

    def verify(self, token: bytes, now: float) -> CallbackClaim | None:
        """The content of a valid token, ``None`` for an invalid or expired one; ``now`` in seconds since 1970."""
        try:
            payload, _, mac = token.decode("ascii").rpartition(".")
            version, job_id, attempt, expires_at = payload.split(".")
            # ASCII digits only: int() would accept signs, spaces and underscores.
            numbers = attempt.isdigit() and expires_at.isdigit() and len(attempt) < 10 and len(expires_at) < 16
        except ValueError:
            return None
        # Try all keys, so that the time does not depend on which one matches.
        matches = [hmac.compare_digest(_mac(key, payload).encode(), mac.encode()) for key in self._keys]
        if not any(matches) or version != "v1" or not numbers or int(expires_at) < now:
            return None
        return CallbackClaim(job_id, int(attempt))

    def is_secret(self, given: bytes) -> bool:
        """True if ``given`` is one of the shared secrets."""
        # Compare digests, so that the time does not depend on lengths.
        digest = hashlib.sha256(given).digest()
        matches = [hmac.compare_digest(s, digest) for s in self._secrets]
        return any(matches)


def _mac(key: bytes, payload: str) -> str:
    """HMAC-SHA-256 (RFC 2104) in unpadded base64url (RFC 4648 section 5)."""
    digest = hmac.digest(key, payload.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
