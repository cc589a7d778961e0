"""The page's sign-in with a provider that lies, or whose answers somebody else has changed."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import OctKey

from job_processor.core.access import Right
from job_processor.core.roles import Role
from job_processor.oidc import people as people_module
from job_processor.oidc.base import AuthorizationResponse, Person
from job_processor.oidc.errors import ProviderUnavailable, SignInRefused
from job_processor.oidc.options import OidcOptions
from job_processor.oidc.people import OidcPeople
from tests.support.fake_oidc import AUDIENCE, CLIENT, NOW, FakeProvider, people_of, rsa_key, sign

Lie = Callable[[FakeProvider, dict[str, Any]], str]


def signed(fake: FakeProvider, claims: dict[str, Any]) -> str:
    return sign({"alg": "RS256", "kid": "first"}, claims, rsa_key())


def saying(**changed: Any) -> Lie:
    return lambda fake, good: signed(fake, {n: v for n, v in {**good, **changed}.items() if v is not None})


def hmac_signed(fake: FakeProvider, good: dict[str, Any]) -> str:
    return sign({"alg": "HS256", "kid": "first"}, good, OctKey.import_key("the client's secret, which is long enough"))


LIES: dict[str, Lie] = {
    "another nonce": saying(nonce="another"),
    "no nonce": saying(nonce=None),
    "nonce is a number": saying(nonce=7),
    "another audience": saying(aud="another-page"),
    "no audience": saying(aud=None),
    "several audiences and no azp": saying(aud=[CLIENT, "another-page"]),
    "authorized is another": saying(azp="another-page"),
    "another issuer": saying(iss="https://evil.example"),
    "expired": saying(exp=NOW - 61),
    "no expiry": saying(exp=None),
    "issued in the future": saying(iat=NOW + 61),
    "never issued": saying(iat=None),
    "no subject": saying(sub=None),
    "the hash of another access token": saying(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "at_hash is a number": saying(at_hash=7),
    "HS256": hmac_signed,
    "an access token": lambda fake, good: fake.token(),
    "not a token": lambda fake, good: "x",
    "nothing": lambda fake, good: "",
}


def good_claims(fake: FakeProvider, nonce: str) -> dict[str, Any]:
    times = {"exp": NOW + 300, "iat": NOW}
    return {"iss": fake.issuer, "sub": "ann", "aud": CLIENT, "nonce": nonce, "roles": ["viewer"], **times}


async def sign_in(fake: FakeProvider, people: OidcPeople, make: Lie = signed) -> Person:
    begun = await people.begin("/ui/", None)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.address).query).items()}
    fake.granted = {"id_token": make(fake, good_claims(fake, asked["nonce"])), "access_token": "opaque"}
    return await people.end(AuthorizationResponse("the-code", asked["state"], "", ""), begun.cookie)


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_lie_lets_nobody_in(fake: FakeProvider, lie: Lie) -> None:
    async with people_of(fake.options()) as people:
        with pytest.raises(SignInRefused) as refused:
            await sign_in(fake, people, lie)
        assert refused.value.code == "invalid_id_token"
        # The table would prove nothing if everybody were refused.
        assert (await sign_in(fake, people)).principal.rights == {Right.READ}


async def test_the_code_is_sent_with_its_verifier_and_the_secret_as_the_provider_wants_it(fake: FakeProvider) -> None:
    async with people_of(fake.options(secret="s: %")) as people:
        await sign_in(fake, people)
    [form] = fake.forms
    assert (form["grant_type"], form["code"]) == ("authorization_code", "the-code")
    assert len(form["code_verifier"]) == 43
    assert "client_secret" not in form
    # "the-page:s%3A+%25"
    assert "Basic dGhlLXBhZ2U6cyUzQSslMjU=" in fake.authorizations


@pytest.mark.parametrize("methods", [["client_secret_post"], ["private_key_jwt", "client_secret_post"]])
async def test_the_secret_is_posted_where_the_provider_wants_it_so(fake: FakeProvider, methods: list[str]) -> None:
    fake.description = {"token_endpoint_auth_methods_supported": methods}
    async with people_of(fake.options(secret="s")) as people:
        await sign_in(fake, people)
    assert (fake.forms[0]["client_id"], fake.forms[0]["client_secret"]) == (CLIENT, "s")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, b'{"error": "invalid_grant"}'), SignInRefused),
        ((401, b"<html>"), SignInRefused),
        ((302, b""), SignInRefused),
        ((200, b"{}"), ProviderUnavailable),
        ((200, b'{"id_token": 7}'), ProviderUnavailable),
        ((200, b"\xff"), ProviderUnavailable),
        ((200, b"[" * 100_000), ProviderUnavailable),
        ((200, b" " * 1_000_000), ProviderUnavailable),
        ((503, b""), ProviderUnavailable),
    ],
)
async def test_an_odd_answer_for_the_code_lets_nobody_in(
    fake: FakeProvider, answer: tuple[int, bytes], error: type[Exception]
) -> None:
    fake.answers["/token"] = answer
    async with people_of(fake.options()) as people:
        with pytest.raises(error):
            await sign_in(fake, people)


def without_roles(fake: FakeProvider, good: dict[str, Any]) -> str:
    return signed(fake, {name: value for name, value in good.items() if name != "roles"})


@pytest.mark.parametrize(
    ("said", "rights"),
    [
        ({"sub": "ann", "roles": ["admin"]}, {Right.ADMIN}),
        ({"sub": "ann", "roles": "operator"}, {Right.READ, Right.SUBMIT, Right.OPERATE}),
        ({"sub": "ann"}, set()),
        ({"sub": "ann", "iss": "x", "roles": 7}, set()),
    ],
)
async def test_roles_may_come_from_the_userinfo_endpoint(
    fake: FakeProvider, said: dict[str, object], rights: set[Right]
) -> None:
    fake.user_info = said
    async with people_of(fake.options()) as people:
        assert (await sign_in(fake, people, without_roles)).principal.rights == rights
    assert "Bearer opaque" in fake.authorizations


async def test_userinfo_of_another_person_lets_nobody_in(fake: FakeProvider) -> None:
    fake.user_info = {"sub": "otto", "roles": ["admin"]}
    async with people_of(fake.options()) as people:
        with pytest.raises(SignInRefused):
            await sign_in(fake, people, without_roles)


async def test_userinfo_that_does_not_answer_gives_no_role(fake: FakeProvider) -> None:
    fake.answers["/me"] = (403, b"")
    async with people_of(fake.options()) as people:
        assert (await sign_in(fake, people, without_roles)).principal.rights == set()
    async with people_of(fake.options(default=Role.VIEWER)) as people:
        assert (await sign_in(fake, people, without_roles)).principal.rights == {Right.READ}


async def test_what_the_id_token_says_is_asked_nowhere_else(fake: FakeProvider) -> None:
    async with people_of(fake.options()) as people:
        await sign_in(fake, people)
    assert fake.asked["/me"] == 0


async def test_too_many_sign_ins_at_once_are_refused(fake: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_module, "MAX_CONCURRENT", 0)
    async with people_of(fake.options()) as people:
        with pytest.raises(SignInRefused) as refused:
            await sign_in(fake, people)
    assert refused.value.code == "too_many_sign_ins"


async def test_a_page_that_is_up_before_its_provider_finds_it_later(fake: FakeProvider) -> None:
    options: OidcOptions = fake.options(audiences=(AUDIENCE,))
    fake.answers["/.well-known/openid-configuration"] = (404, b"")
    async with people_of(options) as people:
        with pytest.raises(ProviderUnavailable):
            await people.begin("/ui/", None)
        del fake.answers["/.well-known/openid-configuration"]
        with pytest.raises(ProviderUnavailable):
            # Not asked again at once.
            await people.begin("/ui/", None)
        assert sum(fake.asked.values()) == 1
