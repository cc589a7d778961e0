"""The state of a pending sign-in, kept in the browser: a short-lived signed cookie.

It contains a random number and no secret. State, nonce and PKCE verifier are derived from this number and the server's
key. So nothing is stored on the server, any process can complete a sign-in that another has started, and the cookie
does not reveal the three values.
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

LIFE_SECONDS = 600
"""Timeout of a sign-in, with time to type a password and a second factor."""
_MAX_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in that has begun. ``back_to``: the path of the page to open at its end. ``replaces``: the id of the
    browser's current session, whose cookie (SameSite) the browser does not send with the provider's redirect."""

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


class PendingSignIns:
    """Creates and reads the cookies. ``secrets_``: those of the server; the first one signs, all of them verify."""

    def __init__(self, secrets_: Sequence[str]) -> None:
        self._keys = tuple(hmac.digest(one.encode(), b"job-processor sign-in cookie v1", "sha256") for one in secrets_)

    def begin(self, now: int, back_to: str, replaces: str | None) -> tuple[PendingSignIn, str]:
        """A new sign-in, and the value of its cookie. ``now``: seconds since 1970."""
        kept = _Kept(secrets.token_urlsafe(32), now, back_to, replaces)
        payload = _text(msgspec.json.encode(kept))
        return _pending(self._keys[0], kept), f"{payload}.{_derived(self._keys[0], 'cookie', payload)}"

    def read(self, cookie: str, now: int) -> PendingSignIn | None:
        """The sign-in of a cookie; ``None`` if the cookie is forged or expired. ``now``: seconds since 1970."""
        payload, _, mac = cookie.partition(".")
        if len(cookie) > _MAX_CHARACTERS or not cookie.isascii():
            return None
        for key in self._keys:
            if hmac.compare_digest(_derived(key, "cookie", payload), mac):
                kept = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Kept)
                return _pending(key, kept) if 0 <= now - kept.began_at < LIFE_SECONDS else None
        return None


def _pending(key: bytes, kept: _Kept) -> PendingSignIn:
    state, nonce, verifier = (_derived(key, name, kept.random) for name in ("state", "nonce", "verifier"))
    return PendingSignIn(state, nonce, verifier, kept.back_to, kept.replaces)


def _derived(key: bytes, purpose: str, value: str) -> str:
    return _text(hmac.digest(key, f"{purpose} {value}".encode(), "sha256"))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
