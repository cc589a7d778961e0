"""What `check --online` says of an endpoint that is there, and of one that is not."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from job_processor import flows, registry
from job_processor.core.redaction import Redactor
from job_processor.processors.base import Processor
from job_processor.processors.health import Health, HealthChecked
from tests.processors.chat import error
from tests.processors.given import opened, surroundings
from tests.processors.rogue import Behaviour, Request, Rogue, answer

MODELS = {"object": "list", "data": [{"id": "small"}, {"id": "large"}]}
NO_MESSAGES = error("invalid_request_error", "[] is too short - 'messages'")
NO_DEPLOYMENT = error("DeploymentNotFound", "The API deployment for this resource does not exist.")
HEALTHY = {"status": "ok"}
CHAT: Mapping[str, Any] = {"model": "small", "api_key_env": "MODEL_KEY"}
AZURE: Mapping[str, Any] = {"deployment": "chat", "api_key_env": "MODEL_KEY"}
N8N: Mapping[str, Any] = {"token_env": "N8N_TOKEN"}
WITH_API: Mapping[str, Any] = {**N8N, "api_key_env": "N8N_KEY"}


def processor_of(kind: str, url: str, options: Mapping[str, Any]) -> Processor:
    """A flow's processor as a process makes it, with its texts redacted."""
    address = {
        "openai": {"base_url": f"{url}/v1"},
        "azure-openai": {"endpoint": url},
        "n8n": {"url": f"{url}/webhook/job-processor"} | ({"api_url": url} if "api_key_env" in options else {}),
        "webhook": {"url": f"{url}/take"},
        "http": {"url": f"{url}/answer"},
    }.get(kind, {})
    table = {"processor": kind, **address, **options}
    text = "[flows.one]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in table.items())
    made = registry.make_processors(
        flows.parse(text, registry.ProcessorKinds()), lambda _: surroundings(), Redactor(["model-key", "n8n-token"])
    )
    return made["one"]


async def sign_of(processor: Processor) -> Health | None:
    assert isinstance(processor, HealthChecked)
    async with opened(processor) as one:
        assert isinstance(one, HealthChecked)
        return await one.health()


@pytest.mark.parametrize(
    ("kind", "options", "answers", "alive", "words"),
    [
        ("openai", CHAT, [answer(200, MODELS)], True, "lists small"),
        (
            "openai",
            {**CHAT, "model": "tiny"},
            [answer(200, MODELS)],
            False,
            "does not list tiny. It lists: small, large",
        ),
        ("openai", CHAT, [answer(200, "<html>")], True, "a list of models that is not in OpenAI's format"),
        ("openai", CHAT, [answer(401, error("invalid_api_key"))], False, "the credentials are wrong"),
        ("openai", CHAT, [answer(404)], False, "nothing is found at this address"),
        ("openai", CHAT, [answer(503)], False, "HTTP 503"),
        ("azure-openai", AZURE, [answer(400, NO_MESSAGES)], True, "has the deployment chat"),
        ("azure-openai", AZURE, [answer(404, NO_DEPLOYMENT)], False, "deployment"),
        (
            "azure-openai",
            AZURE,
            [answer(401, error("401", "invalid subscription key"))],
            False,
            "credentials are wrong",
        ),
        ("azure-openai", AZURE, [answer(403, error("403", "Traffic is not from an approved address"))], False, "403"),
        ("n8n", N8N, [answer(200, HEALTHY)], True, "n8n is up."),
        ("n8n", N8N, [answer(200, "<html>starting</html>")], False, "not as n8n's /healthz does"),
        ("n8n", N8N, [answer(502)], False, "HTTP 502"),
        ("n8n", WITH_API, [answer(200, HEALTHY), answer(200, {"data": []})], True, "its API takes the key"),
        ("n8n", WITH_API, [answer(200, HEALTHY), answer(401, {"message": "unauthorized"})], False, "refuses the key"),
        ("n8n", WITH_API, [answer(200, HEALTHY), answer(404)], False, "Is api_url right?"),
        ("webhook", {}, [answer(405)], True, "The server answers (HTTP 405 to OPTIONS)."),
        ("webhook", {}, [answer(404)], True, "is the path right?"),
        ("http", {}, [answer(204)], True, "The server answers"),
        ("http", {}, [answer(500)], False, "HTTP 500"),
    ],
)
async def test_what_an_endpoint_answers(
    kind: str, options: Mapping[str, Any], answers: list[Behaviour], alive: bool, words: str
) -> None:
    async with Rogue(answer(500), script=list(answers)).serve() as server:
        found = await sign_of(processor_of(kind, server.url, options))
    assert found is not None
    assert (found.healthy, words in found.message) == (alive, True), found
    assert len(server.requests) == len(answers)


@pytest.mark.parametrize("kind", ["openai", "azure-openai", "n8n", "webhook", "http"])
async def test_an_endpoint_that_is_not_there(kind: str) -> None:
    options = {"openai": CHAT, "azure-openai": AZURE}.get(kind, {})
    found = await sign_of(processor_of(kind, "http://127.0.0.1:1", options))
    assert found is not None
    assert not found.healthy
    assert "onnect" in found.message


@pytest.mark.parametrize(
    ("kind", "options"), [("mock", {}), ("python", {"function": "tests.processors.functions:echo"})]
)
async def test_what_has_no_endpoint_is_not_asked(kind: str, options: Mapping[str, Any]) -> None:
    assert await sign_of(processor_of(kind, "", options)) is None


def _paths(requests: list[Request]) -> list[str]:
    return [f"{one.method} {one.target}" for one in requests]


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("openai", CHAT, "GET /v1/models"),
        ("azure-openai", AZURE, "POST /openai/v1/chat/completions"),
        ("n8n", {"url": "{url}/n8n/webhook/path"}, "GET /n8n/healthz"),
        ("n8n", {"url": "{url}/other"}, "GET /healthz"),
        ("http", {"method": "GET"}, "OPTIONS /answer"),
    ],
)
async def test_which_request_is_sent(kind: str, options: Mapping[str, Any], expected: str) -> None:
    async with Rogue(answer(400, NO_MESSAGES)).serve() as server:
        given = {
            name: value.replace("{url}", server.url) if isinstance(value, str) else value
            for name, value in options.items()
        }
        await sign_of(processor_of(kind, server.url, given))
    assert _paths(server.requests) == [expected]


async def test_no_secret_is_in_what_is_said() -> None:
    async with Rogue(answer(401, error("invalid", "Incorrect API key provided: model-key"))).serve() as server:
        found = await sign_of(processor_of("openai", server.url, CHAT))
    assert found is not None
    assert "model-key" not in found.message
