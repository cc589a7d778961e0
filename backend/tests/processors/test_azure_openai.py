"""The azure-openai processor: its addresses, its ways to sign in, its filters."""

import asyncio
import sys
from collections.abc import AsyncIterator
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import msgspec
import pytest

from job_processor.core.errors import ProcessorUnusable
from job_processor.core.job import Usage
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Succeeded
from job_processor.processors.model import azure_openai
from job_processor.processors.model.azure_openai import SCOPE, AzureOpenAIOptions, AzureOpenAIProcessor
from tests.processors.chat import chunk, error, stream, usage, whole
from tests.processors.given import NOW, dispatch, opened, surroundings
from tests.processors.meanings import closed_by, failure
from tests.processors.rogue import Rogue, answer, events


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(stream("Hello.")).serve() as server:
        yield server


def azure(endpoint: str, **options: Any) -> AzureOpenAIProcessor:
    given = {"endpoint": endpoint, "deployment": "gpt-4o-mini", **options}
    if "managed_identity" not in given:
        given.setdefault("api_key_env", "MODEL_KEY")
    return AzureOpenAIProcessor(msgspec.convert(given, AzureOpenAIOptions), surroundings())


async def test_a_deployment_is_asked_with_its_key(rogue: Rogue) -> None:
    async with opened(azure(rogue.url, api_version="2025-01-01")) as processor:
        assert await processor.run(dispatch()) == Succeeded("Hello.", usage=Usage(7, 3, "test-model", "stop"))
    [request] = rogue.requests
    assert request.target == "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2025-01-01"
    assert request.headers["api-key"] == "model-key"
    assert "authorization" not in request.headers


async def test_a_reasoning_model_at_azures_address_without_versions(rogue: Rogue) -> None:
    """No version in the address, the deployment in the body, the limit of reasoning models, and no temperature."""
    options = {"max_completion_tokens": 4000, "reasoning_effort": "low"}
    async with opened(azure(rogue.url, **options)) as processor:
        assert isinstance(await processor.run(dispatch()), Succeeded)
    [request] = rogue.requests
    assert request.target == "/openai/v1/chat/completions"
    assert request.headers["api-key"] == "model-key"
    assert request.json == {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": "Say hello."}],
        "stream": True,
        "stream_options": {"include_usage": True},
        **options,
    }


@pytest.mark.parametrize("option", ["max_tokens", "temperature"])
async def test_an_option_that_a_reasoning_model_refuses_is_named(rogue: Rogue, option: str) -> None:
    words = f"Unsupported parameter: '{option}' is not supported with this model."
    refusal = {
        "error": {"message": words, "type": "invalid_request_error", "param": option, "code": "unsupported_parameter"}
    }
    rogue.usual = answer(400, refusal)
    async with opened(azure(rogue.url, **{option: 1})) as processor:
        caught = closed_by(await processor.run(dispatch()))
    assert caught.trouble is Trouble.MISCONFIGURED
    assert option in caught.detail


async def test_the_environment_of_the_process_adds_nothing(rogue: Rogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "somebody's")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "somebody's")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "api-key: somebody's\nAuthorization: Bearer somebody's")
    async with opened(azure(rogue.url)) as processor:
        await processor.run(dispatch())
    assert "somebody's" not in str(rogue.requests[0].headers)


async def test_what_azure_puts_before_the_first_choice(rogue: Rogue) -> None:
    filters = {**chunk(), "choices": [], "model": "", "prompt_filter_results": [{"prompt_index": 0}]}
    rogue.usual = events(filters, chunk("Hello."), chunk(finish="stop"), usage(), "[DONE]")
    async with opened(azure(rogue.url)) as processor:
        assert await processor.run(dispatch()) == Succeeded("Hello.", usage=Usage(7, 3, "test-model", "stop"))


async def test_a_filtered_prompt_ends_the_job(rogue: Rogue) -> None:
    rogue.usual = answer(400, error("content_filter", "The response was filtered"))
    async with opened(azure(rogue.url)) as processor:
        ended = failure(await processor.run(dispatch()))
    assert (ended.error.code, ended.retryable) == ("content_filter", False)


async def test_a_limit_in_azures_words(rogue: Rogue) -> None:
    rogue.usual = answer(429, error("429", "exceeded token rate limit"), {"retry-after-ms": "1234", "retry-after": "2"})
    async with opened(azure(rogue.url)) as processor:
        caught = closed_by(await processor.run(dispatch()))
    assert (caught.trouble, caught.until) == (Trouble.RATE_LIMITED, NOW + 1234)


async def test_a_whole_answer(rogue: Rogue) -> None:
    rogue.usual = whole()
    async with opened(azure(rogue.url, stream=False)) as processor:
        assert isinstance(await processor.run(dispatch()), Succeeded)


# --- managed identity ------------------------------------------------------------------------------


class FakeCredential:
    """Stands in for azure-identity's."""

    made: ClassVar["list[FakeCredential]"] = []
    works = True
    answers = True

    def __init__(self, managed_identity_client_id: str | None) -> None:
        self.client_id = managed_identity_client_id
        self.closed = False
        FakeCredential.made.append(self)

    async def close(self) -> None:
        self.closed = True


def _provider(credential: FakeCredential, scope: str) -> object:
    async def token() -> str:
        if not FakeCredential.works:
            raise RuntimeError("no identity here")
        if not FakeCredential.answers:
            await asyncio.Event().wait()
        return f"token of {credential.client_id} for {scope}"

    return token


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> type[FakeCredential]:
    monkeypatch.setattr(FakeCredential, "made", [])
    monkeypatch.setattr(FakeCredential, "works", True)
    library = SimpleNamespace(DefaultAzureCredential=FakeCredential, get_bearer_token_provider=_provider)
    for name in ("azure", "azure.identity"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "azure.identity.aio", library)
    return FakeCredential


async def test_a_token_in_place_of_a_key(
    rogue: Rogue, identity: type[FakeCredential], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "api-key: somebody's\nAuthorization: Bearer somebody's")
    async with opened(azure(rogue.url, managed_identity=True, client_id="me")) as processor:
        for _ in range(2):
            assert isinstance(await processor.run(dispatch()), Succeeded)
    assert [r.headers["authorization"] for r in rogue.requests] == [f"Bearer token of me for {SCOPE}"] * 2
    assert "api-key" not in rogue.requests[0].headers
    [credential] = identity.made
    assert credential.closed


async def test_no_token_is_the_lanes_trouble(rogue: Rogue, identity: type[FakeCredential]) -> None:
    identity.works = False
    async with opened(azure(rogue.url, managed_identity=True)) as processor:
        caught = closed_by(await processor.run(dispatch()))
    assert "managed identity" in caught.detail
    assert caught.trouble is Trouble.MISCONFIGURED
    assert rogue.requests == []


async def test_an_identity_that_does_not_answer_is_the_lanes_trouble_too(
    rogue: Rogue, identity: type[FakeCredential], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "answers", False)
    monkeypatch.setattr(azure_openai, "IDENTITY_SECONDS", 0.01)
    async with opened(azure(rogue.url, managed_identity=True)) as processor:
        caught = closed_by(await processor.run(dispatch()))
    assert "managed identity" in caught.detail
    assert caught.trouble is Trouble.MISCONFIGURED
    assert rogue.requests == []


def test_without_the_extra_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity.aio", None)
    with pytest.raises(ProcessorUnusable, match="azure"):
        azure("https://example.openai.azure.com", managed_identity=True)


@pytest.mark.parametrize("options", [{"api_key_env": None}, {"api_key_env": "MODEL_KEY", "managed_identity": True}])
def test_one_way_to_sign_in(options: dict[str, object]) -> None:
    with pytest.raises(ProcessorUnusable, match="either api_key_env or managed_identity"):
        azure("https://example.openai.azure.com", **options)


@pytest.mark.parametrize("options", [{"deployment": "../x"}, {"api_version": "a&b=c"}])
def test_what_becomes_part_of_an_address_is_checked(options: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        azure("https://example.openai.azure.com", **options)
