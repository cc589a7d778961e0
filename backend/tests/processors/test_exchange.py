"""What each kind of processor says of where it sends attempts, and what is measured of an exchange."""

import pytest
from msgspec import structs

from job_processor.core.exchange import MAX_SENT_TO_CHARACTERS
from job_processor.core.redaction import Redactor
from job_processor.outgoing.session import Measured
from job_processor.processors.base import Processor
from job_processor.processors.mock import MockOptions, MockProcessor
from job_processor.processors.model.azure_openai import AzureOpenAIOptions, AzureOpenAIProcessor
from job_processor.processors.model.openai import OpenAIOptions, OpenAIProcessor
from job_processor.processors.n8n.processor import N8nOptions, N8nProcessor
from job_processor.processors.python.processor import PythonOptions, PythonProcessor
from job_processor.processors.redacted import redacted
from tests.processors.chat import stream, whole
from tests.processors.endpoints import endpoint
from tests.processors.given import dispatch, opened, surroundings
from tests.processors.models import model
from tests.processors.rogue import Behaviour, Rogue, answer, compressed, endless, raw, reset, silence
from tests.processors.webhooks import webhook

ORIGIN = "https://processor.example"
URL = f"{ORIGIN}/work"
SECRET = "secret-in-the-address"
PROCESSORS: dict[str, tuple[Processor, str]] = {
    "mock": (MockProcessor(MockOptions(), surroundings()), "the mock"),
    "webhook": (webhook(f"{ORIGIN}/{SECRET}"), f"POST {ORIGIN}/…"),
    "webhook with a query": (webhook(f"{ORIGIN}?key={SECRET}"), f"POST {ORIGIN}/…"),
    "http": (endpoint(URL, method="PUT"), f"PUT {ORIGIN}/…"),
    "http without a path": (endpoint(ORIGIN, method="PUT"), f"PUT {ORIGIN}"),
    "http with a query": (endpoint(ORIGIN, method="GET", query={"key": SECRET}), f"GET {ORIGIN}/…"),
    "n8n": (
        N8nProcessor(N8nOptions(url="https://n8n.example/webhook/a"), surroundings()),
        "POST https://n8n.example/…",
    ),
    "openai": (
        OpenAIProcessor(OpenAIOptions(model="m-1", base_url=f"https://models.example/v1?key={SECRET}"), surroundings()),
        "POST https://models.example/…, model m-1",
    ),
    "azure-openai": (
        AzureOpenAIProcessor(
            AzureOpenAIOptions(endpoint="https://a.example", deployment="d-1", api_key_env="MODEL_KEY"), surroundings()
        ),
        "POST https://a.example/…, model d-1",
    ),
    "python": (
        PythonProcessor(PythonOptions(function="tests.processors.functions:echo"), surroundings()),
        "tests.processors.functions:echo",
    ),
}


@pytest.mark.parametrize("name", PROCESSORS)
def test_where_attempts_are_sent(name: str) -> None:
    processor, expected = PROCESSORS[name]

    assert redacted(processor, Redactor()).sends_to == expected
    assert SECRET not in expected


def test_a_secret_in_a_host_is_masked_if_it_is_known() -> None:
    host = f"https://{SECRET}.example"

    assert redacted(webhook(f"{host}/a"), Redactor([SECRET])).sends_to == "POST https://***.example/…"


def test_a_long_name_is_cut() -> None:
    options = OpenAIOptions(model="m" * 1_900, base_url="https://models.example/v1")
    sends_to = OpenAIProcessor(options, surroundings()).sends_to

    assert (len(sends_to), sends_to[-1]) == (MAX_SENT_TO_CHARACTERS, "…")


ANSWERS: dict[str, tuple[Behaviour, int | None, int | None]] = {
    "an acceptance": (answer(202, "four"), 202, 4),
    "an empty one": (answer(204), 204, 0),
    "a refusal": (answer(500, "broken"), 500, 6),
    "compressed, and so not read": (compressed(200), 200, 0),
    "one in chunks, of which there are none": (
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        200,
        0,
    ),
    "one that cannot have a body": (raw(b"HTTP/1.1 204 No Content\r\n\r\n"), 204, 0),
    "one that breaks off": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour"), 200, 4),
    "none": (reset, None, None),
}


async def measured(processor: Processor) -> Measured:
    job = structs.replace(dispatch(), measured=Measured())
    async with opened(processor):
        await processor.run(job)
    return job.measured


@pytest.mark.parametrize("name", ANSWERS)
async def test_what_is_measured_of_a_response(name: str) -> None:
    behaviour, status, received = ANSWERS[name]
    async with Rogue(behaviour).serve() as rogue:
        found = await measured(webhook(rogue.url))

        expected = Measured(len(rogue.requests[0].body), status, received, broken=name == "one that breaks off")
        assert found == expected


@pytest.mark.parametrize("behaviour", [stream("Hel", "lo."), whole("Hello.")], ids=["streamed", "whole"])
async def test_what_is_measured_of_a_models_answer(behaviour: Behaviour) -> None:
    async with Rogue(behaviour).serve() as rogue:
        found = await measured(model(rogue))

        assert (found.sent, found.status) == (len(rogue.requests[0].body), 200)
        assert found.received is not None
        assert found.received > len("Hello.")


async def test_a_request_without_a_body_has_no_bytes() -> None:
    async with Rogue(answer(200, "ok")).serve() as rogue:
        assert await measured(endpoint(rogue.url, method="GET")) == Measured(0, 200, 2)


async def test_of_a_response_that_is_late_only_the_request_is_known() -> None:
    async with Rogue(silence).serve() as rogue:
        found = await measured(webhook(rogue.url, seconds=2))

        assert found == Measured(len(rogue.requests[0].body), None, None)


async def test_of_an_endless_answer_what_was_read_is_known() -> None:
    async with Rogue(endless).serve() as rogue:
        found = await measured(webhook(rogue.url))

        assert found.status == 200
        assert found.received is not None
        assert found.received > 1_048_576


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_response_that_breaks_off_is_told_apart(streamed: bool) -> None:
    async with Rogue(raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfour")).serve() as rogue:
        found = await measured(model(rogue) if streamed else webhook(rogue.url))

        assert (found.status, found.broken) == (200, True)
