"""E10: a redirect is followed by no processor, wherever it leads; no key and no prompt gets anywhere else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from job_processor.core.lane import Trouble
from job_processor.processors.base import Processor
from job_processor.processors.http.processor import EndpointOptions, EndpointProcessor
from job_processor.processors.model.azure_openai import AzureOpenAIOptions, AzureOpenAIProcessor
from job_processor.processors.model.openai import OpenAIOptions, OpenAIProcessor
from job_processor.processors.n8n.processor import N8nOptions, N8nProcessor
from job_processor.processors.webhook import WebhookOptions, WebhookProcessor
from tests.processors.given import JOB_ID, attempt, dispatch, opened, surroundings
from tests.processors.meanings import closed_by
from tests.processors.rogue import Rogue, answer

PROCESSORS: dict[str, tuple[Callable[[str], Processor], str, str]] = {
    "webhook": (
        lambda url: WebhookProcessor(WebhookOptions(url=url, token_env="N8N_TOKEN"), surroundings()),
        "authorization",
        "n8n-token",
    ),
    "http": (
        lambda url: EndpointProcessor(
            EndpointOptions(url=url, headers_env={"Authorization": "N8N_TOKEN"}), surroundings()
        ),
        "authorization",
        "n8n-token",
    ),
    "n8n": (
        lambda url: N8nProcessor(N8nOptions(url=url, token_env="N8N_TOKEN"), surroundings()),
        "x-n8n-token",
        "n8n-token",
    ),
    "openai": (
        lambda url: OpenAIProcessor(
            msgspec.convert({"model": "m", "base_url": url, "api_key_env": "MODEL_KEY"}, OpenAIOptions), surroundings()
        ),
        "authorization",
        "Bearer model-key",
    ),
    "azure-openai": (
        lambda url: AzureOpenAIProcessor(
            msgspec.convert({"endpoint": url, "deployment": "d", "api_key_env": "MODEL_KEY"}, AzureOpenAIOptions),
            surroundings(),
        ),
        "api-key",
        "model-key",
    ),
}
STATUSES = [301, 302, 303, 307, 308]


@pytest.fixture
async def other() -> AsyncIterator[Rogue]:
    """Another origin, which would take anything."""
    async with Rogue(answer(202, {"accepted": True, "jobId": JOB_ID})).serve() as server:
        yield server


@pytest.fixture
async def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that this process has connected to."""
    seen: list[Any] = []
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def noted(sock: Any, address: Any) -> None:
        seen.append(address[:2])
        await connect(sock, address)

    monkeypatch.setattr(loop, "sock_connect", noted)
    return seen


LEADS = {
    "to another origin": "{other}/taken",
    "to a cloud's metadata": "http://169.254.169.254/latest/meta-data/iam/",
    "to that in disguise": "http://0xA9FEA9FE/latest/",
    "without a scheme": "//169.254.169.254/latest/",
    "round and round": "{own}/again",
    "nowhere": "",
    "to what is no address": "http://[::1",
    "to a file": "file:///etc/passwd",
}


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", PROCESSORS)
async def test_e10_a_redirect_is_not_followed(
    other: Rogue, connected: list[Any], name: str, status: int, lead: str
) -> None:
    make, header, key = PROCESSORS[name]
    # "Round and round" has as many hops as anybody would follow.
    async with Rogue(answer(200)).serve() as own:
        location = LEADS[lead].format(other=other.url, own=own.url)
        own.usual = answer(status, {"error": "over there"}, {"Location": location})
        async with opened(make(own.url)) as processor:
            caught = closed_by(await processor.run(dispatch()))
        assert "redirect" in caught.detail
        assert caught.trouble is Trouble.MISCONFIGURED
        [request] = own.requests
        assert request.headers[header] == key
        assert connected == [("127.0.0.1", own.port)]
        assert other.requests == []


@pytest.mark.parametrize("status", STATUSES)
async def test_e10_n8n_s_api_key_stays_with_n8n(other: Rogue, connected: list[Any], status: int) -> None:
    async with Rogue(answer(status, headers={"Location": f"{other.url}/api/v1/executions/7"})).serve() as own:
        options = N8nOptions(url=own.url, api_url=own.url, api_key_env="N8N_KEY")
        async with opened(N8nProcessor(options, surroundings())) as processor:
            finding = await processor.reconcile(JOB_ID, attempt("7"))
            assert finding is not None
            assert (finding.outcome, finding.answered) == (None, False)
            assert "did not stop" in str(await processor.cancel(JOB_ID, attempt("7")))
        assert [request.headers["x-n8n-api-key"] for request in own.requests] == ["fake-api-key"] * 2
        assert set(connected) == {("127.0.0.1", own.port)}
        assert other.requests == []
