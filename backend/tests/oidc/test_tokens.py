"""Access tokens: the good ones, and every kind of wrong one that was ever taken for good."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import Key, OctKey, RSAKey

from job_processor.core.access import Right
from job_processor.oidc.errors import TokenRefused
from tests.support.fake_oidc import AUDIENCE, NOW, FakeProvider, ec_key, ed_key, people_of, rsa_key

Make = Callable[[FakeProvider], str]


def encoded(part: object) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def hmac_with_public_key(fake: FakeProvider) -> str:
    """The classic: the server's own public key as the secret of an HMAC."""
    pem = rsa_key().as_pem(private=False)
    signed = f"{encoded({'alg': 'HS256', 'kid': 'first', 'typ': 'JWT'})}.{encoded(fake.claims())}"
    return f"{signed}.{encoded(hmac.new(pem, signed.encode(), hashlib.sha256).digest())}"


def unsigned(alg: str, signature: str) -> Make:
    return lambda fake: f"{encoded({'alg': alg, 'kid': 'first'})}.{encoded(fake.claims())}.{signature}"


def changed_after_signing(fake: FakeProvider) -> str:
    head, _, signature = fake.token().split(".")
    return f"{head}.{encoded(fake.claims(roles=['admin']))}.{signature}"


def headed(**header: object) -> Make:
    return lambda fake: fake.token(header=header)


def saying(**changed: Any) -> Make:
    return lambda fake: fake.token(**changed)


def own_key_in_header(fake: FakeProvider) -> str:
    own = RSAKey.generate_key(2048, {"kid": "first"})
    return fake.token(own, header={"jwk": own.as_dict(private=False)})


REFUSED: dict[str, Make] = {
    "alg none": unsigned("none", ""),
    "alg none with a signature": unsigned("none", "AAAA"),
    "alg None": unsigned("None", "AAAA"),
    "no alg": lambda fake: f"{encoded({'kid': 'first'})}.{encoded(fake.claims())}.AAAA",
    "alg is a list": lambda fake: f"{encoded({'alg': ['RS256']})}.{encoded(fake.claims())}.AAAA",
    "RS256 without a signature": unsigned("RS256", ""),
    "RS256 with a wrong signature": unsigned("RS256", "A" * 342),
    "HS256 with the public key": hmac_with_public_key,
    "claims changed after signing": changed_after_signing,
    "the attacker's own key in the header": own_key_in_header,
    "another key of the same name": lambda fake: fake.token(RSAKey.generate_key(2048, {"kid": "first"})),
    "an unknown kid": headed(kid="unknown"),
    "kid is a path": headed(kid="../../../dev/null"),
    "kid is long": headed(kid="k" * 300),
    "crit": lambda fake: (
        f"{encoded({'alg': 'RS256', 'kid': 'first', 'crit': ['x'], 'x': 1})}.{encoded(fake.claims())}.AA"
    ),
    "b64": lambda fake: f"{encoded({'alg': 'RS256', 'kid': 'first', 'b64': False})}.{encoded(fake.claims())}.AAAA",
    "expired": saying(exp=NOW - 61),
    "expired long ago": saying(exp=0),
    "no expiry": saying(exp=None),
    "expiry is text": saying(exp="4000000000"),
    "expiry is true": saying(exp=True),
    "expiry is a list": saying(exp=[NOW + 300]),
    "not yet valid": saying(nbf=NOW + 61),
    "issued in the future": saying(iat=NOW + 61),
    "another issuer": saying(iss="https://evil.example"),
    "the issuer with a slash": lambda fake: fake.token(iss=f"{fake.issuer}/"),
    "no issuer": saying(iss=None),
    "issuers in a list": lambda fake: fake.token(iss=[fake.issuer]),
    "another audience": saying(aud="https://other.example"),
    "other audiences": saying(aud=["https://other.example", "account"]),
    "the audience as a part": saying(aud=f"{AUDIENCE}.evil.example"),
    "no audience": saying(aud=None),
    "an empty audience": saying(aud=[]),
    "audience is an object": saying(aud={AUDIENCE: True}),
    "no subject": saying(sub=None),
    "an empty subject": saying(sub=""),
    "the subject is a number": saying(sub=7),
    "a subject of two lines": saying(sub="robot\nadmin"),
    "a long subject": saying(sub="s" * 256),
    "an ID token": saying(nonce="n"),
    "an ID token by its hash": saying(at_hash="h"),
    "an ID token of Keycloak": saying(typ="ID"),
    "a refresh token of Keycloak": saying(typ="Refresh"),
    "a logout token": headed(typ="logout+jwt"),
    "two parts": lambda fake: fake.token().rpartition(".")[0],
    "four parts": lambda fake: f"{fake.token()}.AAAA",
    "five parts, as if encrypted": lambda fake: f"{fake.token()}.AAAA.AAAA",
    "not base64url": lambda fake: fake.token() + "=",
    "not JSON": lambda fake: f"{encoded(b'{')}.{encoded(b'{')}.AAAA",
    "not UTF-8": lambda fake: f"{encoded(bytes([0xFF]))}.{encoded(b'{}')}.AAAA",
    "header is a list": lambda fake: f"{encoded([])}.{encoded({})}.AAAA",
    "nested deep": lambda fake: f"{encoded(b'[' * 9000)}.{encoded({})}.AAAA",
    "too long": lambda fake: fake.token(padding="p" * 16_384),
    "nothing": lambda fake: "",
    "dots": lambda fake: "..",
    "not ASCII": lambda fake: "ä.ö.ü",
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
async def test_a_wrong_token_is_refused(fake: FakeProvider, make: Make) -> None:
    async with people_of(fake.options()) as people:
        text = make(fake)
        with pytest.raises(TokenRefused) as refused:
            await people.of_token(text)
    assert "evil" not in str(refused.value)
    # The table would prove nothing if every token were refused.
    async with people_of(fake.options()) as people:
        assert (await people.of_token(fake.token())).id == "robot"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        *((rsa_key(), one) for one in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
        (ec_key(), "ES256"),
        (ed_key(), "EdDSA"),
        (ed_key(), "Ed25519"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.kid,
)
async def test_a_token_of_each_algorithm_is_taken(fake: FakeProvider, key: Key, algorithm: str) -> None:
    fake.keys = [one.as_dict(private=False) for one in (rsa_key(), ec_key(), ed_key())]
    async with people_of(fake.options()) as people:
        principal = await people.of_token(fake.token(key, algorithm))
    assert (principal.id, principal.expires_at) == ("robot", (NOW + 300) * 1000)
    assert principal.rights == {Right.READ, Right.SUBMIT, Right.OPERATE}


@pytest.mark.parametrize(
    "make",
    [
        saying(exp=NOW - 59),
        saying(nbf=NOW + 59, iat=NOW + 59),
        saying(aud=["account", AUDIENCE]),
        saying(exp=NOW + 0.5),
        saying(typ="Bearer"),
        headed(typ="JWT"),
        headed(typ=None),
        headed(kid=None),
        headed(x5c=["M" * 3000], x5t="t", unknown={"a": 1}),
    ],
)
async def test_what_honest_providers_do_is_taken(fake: FakeProvider, make: Make) -> None:
    async with people_of(fake.options()) as people:
        assert (await people.of_token(make(fake))).id == "robot"


async def test_a_token_with_any_byte_changed_is_refused(fake: FakeProvider) -> None:
    good, choose = fake.token(), random.Random(7)
    async with people_of(fake.options()) as people:
        for _ in range(300):
            at = choose.randrange(len(good))
            wrong = good[:at] + choose.choice("AZaz09-_.~ä\x00") + good[at + 1 :]
            try:
                principal = await people.of_token(wrong)
            except TokenRefused:
                continue
            # The same letter, or one that differs in bits that base64url does not use.
            assert principal.rights == (await people.of_token(good)).rights


async def test_a_token_without_kid_needs_one_fitting_key(fake: FakeProvider) -> None:
    fake.keys = [rsa_key("first").as_dict(private=False), rsa_key("second").as_dict(private=False)]
    async with people_of(fake.options()) as people:
        with pytest.raises(TokenRefused):
            await people.of_token(fake.token(header={"kid": None}))
        assert (await people.of_token(fake.token(rsa_key("second")))).id == "robot"


@pytest.mark.parametrize(
    "changed",
    [
        {"use": "enc"},
        {"key_ops": ["encrypt"]},
        {"alg": "RS512"},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "EC"},
        {"kty": "unheard of"},
        {"n": "AQAB"},
        {"n": "no base64 at all!"},
        {"n": 7},
        {"e": None},
        {"d": "AQAB"},
        rsa_key("first", 1024).as_dict(private=False),
    ],
)
async def test_a_key_that_is_not_for_signatures_is_not_used(fake: FakeProvider, changed: dict[str, object]) -> None:
    spoilt: dict[str, object] = {**rsa_key().as_dict(private=False), **changed}
    signer = rsa_key("first", 1024) if len(str(changed.get("n", ""))) > 100 else rsa_key()
    fake.keys = [{}, {"kty": None}, spoilt, rsa_key("second").as_dict(private=False)]
    async with people_of(fake.options()) as people:
        with pytest.raises(TokenRefused):
            await people.of_token(fake.token(signer))
        # One odd key does not spoil the others.
        assert (await people.of_token(fake.token(rsa_key("second")))).id == "robot"


async def test_a_secret_among_the_public_keys_verifies_nothing(fake: FakeProvider) -> None:
    secret = OctKey.import_key("a-secret-that-everybody-can-read-as-it-is-in-the-jwks", {"kid": "first"})
    fake.keys = [secret.as_dict(private=True)]
    async with people_of(fake.options()) as people:
        with pytest.raises(TokenRefused):
            await people.of_token(fake.token(secret, "HS256"))
