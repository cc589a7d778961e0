"""Nothing that another side says back to us brings one of our secrets into a job, a history or a lane.

Canaries: secrets made at random, for every kind of processor, through every way in which words come in.
"""

import html
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import fields
from urllib.parse import quote, urlencode

import msgspec
import pytest

from job_processor import flows, registry
from job_processor.core.outcome import Failed, HandOver, Succeeded
from job_processor.processors.base import Finding, Processor, ProcessorSetup, Reconciler
from tests.processors import chat
from tests.processors.canaries import Canaries
from tests.processors.given import JOB_ID, NOW, attempt, dispatch, opened
from tests.processors.rogue import Behaviour, Rogue, answer, events, raw

KINDS = ("webhook", "http", "n8n", "openai", "azure-openai")


def flows_for(url: str) -> flows.Flows:
    return flows.parse(
        f"""
        default_flow = "webhook"
        [flows.webhook]
        processor = "webhook"
        url = "{url}/hook"
        token_env = "HOOK_AUTH"
        [flows.http]
        processor = "http"
        url = "{url}/do"
        headers_env = {{ Authorization = "ENDPOINT_LOGIN" }}
        [flows.n8n]
        processor = "n8n"
        url = "{url}/webhook/jobs"
        token_env = "N8N_HANDSHAKE"
        api_url = "{url}"
        api_key_env = "N8N_API"
        [flows.openai]
        processor = "openai"
        model = "m"
        base_url = "{url}/v1"
        api_key_env = "MODEL_KEY"
        [flows.azure-openai]
        processor = "azure-openai"
        endpoint = "{url}"
        deployment = "d"
        api_key_env = "AZURE_KEY"
        [flows.python]
        processor = "python"
        function = "tests.processors.functions:value"
        """,
        registry.ProcessorKinds(),
    )


def words_of(value: object) -> Iterator[str]:
    """All texts of an outcome but the result and what was paid for."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct | Finding):
        names = [one.name for one in fields(value)] if isinstance(value, Finding) else value.__struct_fields__
        for name in names:
            if (type(value), name) not in ((Succeeded, "result"), (Failed, "partial")):
                yield from words_of(getattr(value, name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from words_of(inner)
    else:
        # Nothing is passed over that may have texts.
        assert isinstance(value, int | float | None), value


SHAPES: dict[str, Callable[[Canaries], str]] = {
    "json": lambda c: json.dumps(c.dump),
    "json in json": lambda c: json.dumps(json.dumps(c.dump)),
    "python": lambda c: repr(c.dump),
    "form": lambda c: urlencode({name: str(value) for name, value in c.dump.items()}),
    "percent": lambda c: " ".join(quote(s, safe="") for s in (*c.secrets[:-1], c.token)),
    "lines": lambda c: "\r\n".join(f"{name}: {value}" for name, value in c.dump.items()),
    "page": lambda c: f"<html><title>x</title><body><pre>{html.escape(json.dumps(c.dump))}</pre></body></html>",
    "bare": lambda c: " ".join((*c.secrets[:-1], c.token)),
}


def ways(words: str) -> Iterator[tuple[str, Behaviour]]:
    """Every way in which the words may come as an answer."""
    line = " ".join(words.split())[:3000]
    error = {"message": words, "type": words, "code": words, "param": words, "detail": words, "description": words}
    for status in (400, 401, 403, 404, 413, 422, 429, 500, 503):
        yield f"{status} text", answer(status, words)
        yield f"{status} json", answer(status, {"error": error})
    yield "400 plain json", answer(400, {"message": words, "executionId": words})
    yield "400 list", answer(400, [{"error": words}])
    yield "202 error", answer(202, {"error": {"code": 500, "message": words}})
    yield "202 odd", answer(202, {"jobId": JOB_ID, "executionId": words})
    yield "200 error", answer(200, {"error": {"code": "429", "message": words}})
    yield "200 error without status", answer(200, {"error": words})
    yield "200 text", answer(200, words)
    yield "200 empty", answer(200, "", {"X-Error": line})
    yield "302", answer(302, words, {"Location": f"https://elsewhere.example/?{line}"})
    yield "charset", answer(200, b"\xff\xfe\xfd", {"Content-Type": f"text/plain; charset={line}"})
    yield "encoding", answer(200, b"abc", {"Content-Encoding": line})
    yield "retry-after", answer(429, "no", {"Retry-After": line, "x-ratelimit-reset": line})
    yield "no http", raw(words.encode())
    yield "event", events({"error": {"message": words, "code": 500}})
    yield "event after text", events(chat.chunk("Hel"), {"error": {"message": words}})
    yield "event of text", events(words)
    yield "model", answer(200, {**chat.completion(finish=line), "model": line})
    yield "refusal", answer(200, chat.completion(None, refusal=words))
    yield "filter", answer(200, {"promptFeedback": {"blockReason": line, "blockReasonMessage": words}})


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(answer(200)).serve() as one:
        yield one


def built(canaries: Canaries, url: str) -> dict[str, Processor]:
    table = flows_for(url)

    def around(flow: flows.Flow) -> ProcessorSetup:
        return ProcessorSetup(flow.rules, canaries.environment, lambda: NOW, canaries.webhook_secret)

    return registry.make_processors(
        table, around, registry.make_redactor(table, canaries.environment, (canaries.webhook_secret, "old-secret"))
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
async def test_no_answer_brings_a_secret_in(rogue: Rogue, kind: str, shape: str) -> None:
    canaries = Canaries(len(kind) * 100 + len(shape))
    heard: list[str] = []
    tried = 0
    async with opened(built(canaries, rogue.url)[kind]) as processor:
        for before in ("", "x" * 250 + " "):
            for way, behaviour in ways(before + SHAPES[shape](canaries)):
                rogue.usual = behaviour
                said = await processor.run(dispatch(heard=heard))
                for words in words_of(said):
                    assert not canaries.seen_in(words), (way, words)
                tried += 1
    assert tried > 60


@pytest.mark.parametrize("cut", range(220, 300, 3))
async def test_a_secret_that_is_cut_off_is_not_seen_either(rogue: Rogue, cut: int) -> None:
    canaries = Canaries(cut)
    async with opened(built(canaries, rogue.url)["openai"]) as processor:
        for status in (400, 401, 500):
            rogue.usual = answer(status, {"error": {"message": "y" * cut + canaries.environment["MODEL_KEY"]}})
            words = " ".join(words_of(await processor.run(dispatch())))
            assert "yyy" in words
            assert not canaries.seen_in(words), words


@pytest.mark.parametrize("shape", SHAPES)
async def test_what_n8n_says_when_it_is_asked_is_free_of_secrets(rogue: Rogue, shape: str) -> None:
    canaries = Canaries(len(shape))
    words = SHAPES[shape](canaries)
    async with opened(built(canaries, rogue.url)["n8n"]) as processor:
        assert isinstance(processor, Reconciler)
        assert processor.can_reconcile
        failed = {"status": "error", "data": {"resultData": {"error": {"message": words, "description": words}}}}
        for behaviour in (answer(200, failed), answer(200, {"status": words}), *(b for _, b in ways(words))):
            rogue.usual = behaviour
            found = await processor.reconcile(JOB_ID, attempt("17"))
            told = await processor.cancel(JOB_ID, attempt("17"))
            for said in words_of([found, told]):
                assert not canaries.seen_in(said), said


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_exception_of_a_function_is_one_clean_line_without_secrets(shape: str) -> None:
    canaries = Canaries(len(shape))
    text = "\x1b[31mred\x1b[0m\n  two\u2028three\x07 " + SHAPES[shape](canaries)
    async with opened(built(canaries, "http://127.0.0.1:1")["python"]) as processor:
        said = await processor.run(dispatch(f"(_ for _ in ()).throw(ValueError({text!r}))"))

    assert isinstance(said, Failed)
    assert said.error.message.startswith("ValueError: red two three ")
    assert said.error.message.isprintable()
    assert len(said.error.message) <= 500
    assert not canaries.seen_in(said.error.message)


async def test_progress_is_free_of_secrets_and_a_result_stays_as_it_came(rogue: Rogue) -> None:
    canaries = Canaries(1)
    heard: list[str] = []
    text = f"The key is {canaries.environment['MODEL_KEY']}, said the model."
    rogue.usual = chat.stream(text)
    async with opened(built(canaries, rogue.url)["openai"]) as processor:
        said = await processor.run(dispatch(heard=heard))

    assert isinstance(said, Succeeded)
    assert said.result == text
    assert not canaries.seen_in(" ".join(heard))


async def test_text_that_was_paid_for_stays_as_it_came(rogue: Rogue) -> None:
    canaries = Canaries(2)
    text = f"The key is {canaries.environment['MODEL_KEY']}"
    rogue.usual = events(chat.chunk(text), {"error": {"message": text, "code": 500}})
    async with opened(built(canaries, rogue.url)["openai"]) as processor:
        said = await processor.run(dispatch())

    over = said.job if isinstance(said, HandOver) else said
    assert isinstance(over, Failed)
    assert over.partial == text
    assert not canaries.seen_in(over.error.message)
