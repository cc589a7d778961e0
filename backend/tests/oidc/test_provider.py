"""The provider's keys and metadata: cached, and how they change."""

import pytest

from job_processor.oidc.errors import ProviderUnavailable, TokenRefused
from job_processor.oidc.provider import KEYS_SECONDS, PAUSE_SECONDS, STALE_SECONDS
from tests.oidc.test_tokens import encoded
from tests.support.fake_oidc import FakeProvider, Ticks, people_of, rsa_key


async def test_a_thousand_unknown_kids_cost_one_fetch(fake: FakeProvider) -> None:
    ticks = Ticks()
    good = fake.token().split(".")
    async with people_of(fake.options(), ticks) as people:
        assert (await people.of_token(".".join(good))).id == "robot"
        ticks.now += PAUSE_SECONDS
        for number in range(1_000):
            head = encoded({"alg": "RS256", "kid": f"unknown-{number}", "typ": "at+jwt"})
            with pytest.raises(TokenRefused):
                await people.of_token(".".join((head, *good[1:])))
        assert (fake.asked["/keys"], fake.asked["/.well-known/openid-configuration"]) == (2, 1)
        # Honest tokens are served meanwhile.
        assert (await people.of_token(".".join(good))).id == "robot"


async def test_a_rotated_key_is_found_and_a_withdrawn_one_goes(fake: FakeProvider) -> None:
    ticks = Ticks()
    async with people_of(fake.options(), ticks) as people:
        await people.of_token(fake.token())
        fake.keys = [rsa_key("second").as_dict(private=False)]
        with pytest.raises(TokenRefused):
            await people.of_token(fake.token(rsa_key("second")))
        ticks.now += PAUSE_SECONDS
        assert (await people.of_token(fake.token(rsa_key("second")))).id == "robot"
        with pytest.raises(TokenRefused):
            await people.of_token(fake.token())
        assert fake.asked["/keys"] == 2


async def test_a_withdrawn_key_goes_although_no_new_one_is_asked_for(fake: FakeProvider) -> None:
    ticks = Ticks()
    async with people_of(fake.options(), ticks) as people:
        await people.of_token(fake.token())
        fake.keys = [rsa_key("second").as_dict(private=False)]
        ticks.now += KEYS_SECONDS + 1
        with pytest.raises(TokenRefused):
            await people.of_token(fake.token())


async def test_known_keys_last_a_day_while_the_provider_is_away(fake: FakeProvider) -> None:
    ticks = Ticks()
    async with people_of(fake.options(), ticks) as people:
        await people.of_token(fake.token())
        fake.answers["/keys"] = (503, b"")
        ticks.now += STALE_SECONDS - 1
        assert (await people.of_token(fake.token())).id == "robot"
        asked = fake.asked["/keys"]
        for _ in range(20):
            await people.of_token(fake.token())
        assert fake.asked["/keys"] == asked == 2
        ticks.now += 2
        with pytest.raises(ProviderUnavailable):
            await people.of_token(fake.token())


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"keys": 7}', b'{"keys": ["x"]}', b"[" * 100_000, b"\xff", b'{"keys": []}' + b" " * 600_000],
)
async def test_keys_that_are_none_make_the_provider_unavailable(fake: FakeProvider, body: bytes) -> None:
    fake.answers["/keys"] = (200, body)
    async with people_of(fake.options()) as people:
        for _ in range(3):
            with pytest.raises(ProviderUnavailable):
                await people.of_token(fake.token())
    assert fake.asked["/keys"] == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": "http://keys.example/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://user:pass@keys.example"},
        {"jwks_uri": "https://169.254.169.254/keys"},
        {"token_endpoint": "ftp://x.example"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint_auth_methods_supported": "client_secret_basic"},
    ],
)
async def test_a_description_that_is_not_to_be_trusted_is_not_used(
    fake: FakeProvider, changed: dict[str, object]
) -> None:
    fake.description = changed
    async with people_of(fake.options()) as people:
        with pytest.raises(ProviderUnavailable):
            await people.of_token(fake.token())
        with pytest.raises(ProviderUnavailable):
            await people.begin("/ui/", None)
    assert fake.asked["/keys"] == 0
