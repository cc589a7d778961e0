"""A fake identity provider with configurable answers: for faults that a real provider does not have."""

import contextlib
import json
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from job_processor.core.roles import Role, RoleRules
from job_processor.oidc.options import DEFAULT_ROLES, OidcOptions
from job_processor.oidc.people import OidcPeople
from job_processor.oidc.provider import Provider

CLIENT = "the-page"
AUDIENCE = "https://jobs.example"
REDIRECT = "https://testserver/session/oidc/callback"
NOW = 1_800_000_000
"""The time of the tests, in seconds since 1970."""


@cache
def rsa_key(kid: str = "first", bits: int = 2048) -> RSAKey:
    with warnings.catch_warnings():
        # Some tests want a weak one.
        warnings.simplefilter("ignore", SecurityWarning)
        return RSAKey.generate_key(bits, {"kid": kid})


@cache
def ec_key(kid: str = "curve") -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid})


@cache
def ed_key(kid: str = "edwards") -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid})


class _Lenient(JWSRegistry):
    """Signs any claims."""

    max_header_length = 65_536


def sign(header: dict[str, Any], claims: dict[str, Any], key: Key) -> str:
    registry = _Lenient(strict_check_header=False, algorithms=[header["alg"]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return jwt.encode(header, claims, key, registry=registry, default_type=None)


@dataclass(slots=True)
class FakeProvider:
    """``answers``: what a path answers instead of the usual: a status and a body. ``asked``: requests by path."""

    issuer: str = ""
    keys: list[dict[str, Any]] = field(default_factory=lambda: [rsa_key().as_dict(private=False)])
    description: dict[str, Any] = field(default_factory=dict)
    granted: dict[str, Any] = field(default_factory=dict)
    user_info: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    forms: list[dict[str, str]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)

    def claims(self, **changed: object) -> dict[str, Any]:
        """Of a good access token; ``None`` takes a claim away."""
        good = {
            "iss": self.issuer,
            "sub": "robot",
            "aud": AUDIENCE,
            "exp": NOW + 300,
            "iat": NOW,
            "roles": ["operator"],
        }
        return {name: value for name, value in {**good, **changed}.items() if value is not None}

    def token(self, key: Key | None = None, algorithm: str = "RS256", header: object = None, **changed: object) -> str:
        """An access token that is good but for what is ``changed``."""
        signer = key or rsa_key()
        head = {"alg": algorithm, "kid": signer.kid, "typ": "at+jwt", **(header if isinstance(header, dict) else {})}
        return sign({n: v for n, v in head.items() if v is not None}, self.claims(**changed), signer)

    def _description(self) -> dict[str, Any]:
        usual = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/me",
        }
        return {name: value for name, value in {**usual, **self.description}.items() if value is not None}

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path
        self.asked[path] += 1
        self.authorizations.append(request.headers.get("authorization", ""))
        if request.method == "POST":
            self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        status, body = self.answers.get(path, (200, self._usual(path)))
        return web.Response(status=status, body=body, content_type="application/json")

    def _usual(self, path: str) -> bytes:
        usual: Mapping[str, object] = {
            "/.well-known/openid-configuration": self._description(),
            "/keys": {"keys": self.keys},
            "/token": self.granted,
            "/me": self.user_info,
        }
        return json.dumps(usual[path]).encode()

    def options(
        self,
        *,
        claim: str = "roles",
        default: Role | None = None,
        secret: str = "",
        audiences: tuple[str, ...] = (AUDIENCE,),
    ) -> OidcOptions:
        rules = RoleRules(claim, DEFAULT_ROLES, default)
        return OidcOptions(self.issuer, CLIENT, secret, "Fake", "openid profile", REDIRECT, rules, audiences)


@contextlib.asynccontextmanager
async def fake_provider() -> AsyncIterator[FakeProvider]:
    """A fake provider on a free port of loopback."""
    fake = FakeProvider()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        fake.issuer = f"http://{host}:{port}"
        yield fake
    finally:
        await runner.cleanup()


class Ticks:
    """A monotonic clock in seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@contextlib.asynccontextmanager
async def provider_of(options: OidcOptions, ticks: Ticks | None = None) -> AsyncIterator[Provider]:
    provider = Provider(options, ticks or Ticks())
    await provider.open()
    try:
        yield provider
    finally:
        await provider.close()


@contextlib.asynccontextmanager
async def people_of(options: OidcOptions, ticks: Ticks | None = None) -> AsyncIterator[OidcPeople]:
    async with provider_of(options, ticks) as provider:
        yield OidcPeople(provider, options, ("a secret of the tests",), lambda: NOW * 1000)
