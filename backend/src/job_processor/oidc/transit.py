"""What the browser keeps between the start of a sign-in and the way back: a short-lived signed cookie.

It holds a random number and no secret. State, nonce and the PKCE verifier are derived from the number and the server's
key, so that nothing is stored here, any process can end what another began, and who reads the cookie still knows none
of the three.
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

LIFE_SECONDS = 600
"""A sign-in must end within this time; people type passwords and look for second factors."""
_MOST_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Transit:
    """A sign-in that has begun. ``back_to``: the page's path to end at. ``replaces``: the id of the browser's session
    so far; its own cookie does not come along on the way back from another site."""

    state: str
    nonce: str
    verifier: str
    back_to: str
    replaces: str | None


class _Kept(msgspec.Struct, array_like=True):
    random: str
    began_at: int
    back_to: str
    replaces: str | None


class Transits:
    """``secrets_``: of the server, the newest first; older ones still open what they closed."""

    def __init__(self, secrets_: Sequence[str]) -> None:
        self._keys = tuple(hmac.digest(one.encode(), b"job-processor sign-in cookie v1", "sha256") for one in secrets_)

    def begin(self, now: int, back_to: str, replaces: str | None) -> tuple[Transit, str]:
        """A new sign-in and the cookie's value. ``now``: in seconds since 1970."""
        kept = _Kept(secrets.token_urlsafe(32), now, back_to, replaces)
        payload = _text(msgspec.json.encode(kept))
        return _transit(self._keys[0], kept), f"{payload}.{_derived(self._keys[0], 'cookie', payload)}"

    def read(self, cookie: str, now: int) -> Transit | None:
        """The sign-in that a cookie stands for; ``None`` for one that is forged or too old."""
        payload, _, mac = cookie.partition(".")
        if len(cookie) > _MOST_CHARACTERS or not cookie.isascii():
            return None
        for key in self._keys:
            if hmac.compare_digest(_derived(key, "cookie", payload), mac):
                kept = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Kept)
                return _transit(key, kept) if 0 <= now - kept.began_at < LIFE_SECONDS else None
        return None


def _transit(key: bytes, kept: _Kept) -> Transit:
    state, nonce, verifier = (_derived(key, name, kept.random) for name in ("state", "nonce", "verifier"))
    return Transit(state, nonce, verifier, kept.back_to, kept.replaces)


def _derived(key: bytes, purpose: str, value: str) -> str:
    return _text(hmac.digest(key, f"{purpose} {value}".encode(), "sha256"))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
