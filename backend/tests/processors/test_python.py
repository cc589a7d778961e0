"""The python processor: whatever a function does, it becomes an outcome."""

import asyncio

import msgspec
import pytest
from msgspec import structs

from job_processor.core.errors import ProcessorUnusable
from job_processor.core.outcome import Deferred, Failed, Succeeded
from job_processor.processors.model.answer import SURROGATES_REPLACED
from job_processor.processors.python.processor import PythonOptions, PythonProcessor
from tests.processors import functions
from tests.processors.given import JOB_ID, MAX_RESULT_BYTES, NOW, attempt, dispatch, opened, surroundings


def python(function: str, max_result_bytes: int = MAX_RESULT_BYTES) -> PythonProcessor:
    options = PythonOptions(function=f"tests.processors.functions:{function}")
    return PythonProcessor(options, surroundings(max_result_bytes=max_result_bytes))


async def outcome(function: str, prompt: str = "Hello") -> object:
    async with opened(python(function)) as processor:
        return await processor.run(dispatch(prompt))


@pytest.mark.parametrize("function", ["echo_async", "promise", "instance"])
async def test_text_is_kept_as_it_is(function: str) -> None:
    assert await outcome(function, "Hällo\n") == Succeeded("Hällo\n")


async def test_what_a_function_is_told() -> None:
    async with opened(python("echo")) as processor:
        told = await processor.run(dispatch("Hi", metadata={"n": 1}, complaint="no JSON"))
    assert told == Succeeded(f"Hi ({JOB_ID} 2 {{'n': 1}} no JSON)")


async def test_a_plain_function_has_a_thread_and_an_async_one_the_loop() -> None:
    assert await outcome("thread") == Succeeded("true")
    assert await outcome("thread_async") == Succeeded("false")


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("{'a': [1, 2.5, None, True, 'ä']}", '{"a": [1, 2.5, null, true, "ä"]}'),
        ("None", "null"),
        ("''", ""),
        ("10**30", "1" + "0" * 30),
        (r"'\ud83d\ude00'", "😀"),
    ],
)
async def test_other_values_are_encoded(value: str, result: str) -> None:
    assert await outcome("value", value) == Succeeded(result)


async def test_the_longest_result_is_the_settings_to_say() -> None:
    async with opened(python("value", max_result_bytes=2_048)) as processor:
        assert await processor.run(dispatch("'ä' * 1_024")) == Succeeded("ä" * 1_024)
        beyond = await processor.run(dispatch("'ä' * 1_025"))
    assert isinstance(beyond, Failed)
    assert (beyond.error.code, beyond.retryable) == ("answer_too_large", False)


@pytest.mark.parametrize("seconds", [1, 2.5, 604_800])
async def test_an_exception_may_ask_for_the_job_later(seconds: float) -> None:
    asked = await outcome("later", repr(seconds))
    words = f"The processor asked to be given the job again in {seconds:g} s."
    assert asked == Deferred(NOW + int(seconds * 1000), "again", words)


@pytest.mark.parametrize("seconds", ["0", "-1", "604_801", "True", "'30'", "None", "float('nan')", "10**400"])
async def test_an_exception_that_asks_for_what_cannot_be_is_a_failed_attempt(seconds: str) -> None:
    failed = await outcome("later", seconds)
    assert isinstance(failed, Failed)
    assert (failed.error.code, failed.retryable) == ("python_error", True)


@pytest.mark.parametrize(
    ("value", "code", "retryable"),
    [
        ("object()", "python_result", False),
        ("{1, 2}", "python_result", False),
        ("float('nan')", "python_result", False),
        ("b'bytes'", "python_result", False),
        ("(lambda x: x.append(x) or x)([])", "python_result", False),
        ("'x' * 1_100_000", "answer_too_large", False),
    ],
)
async def test_values_that_are_no_result(value: str, code: str, retryable: bool) -> None:
    ended = await outcome("value", value)
    assert isinstance(ended, Failed)
    assert (ended.error.code, ended.retryable) == (code, retryable)


@pytest.mark.parametrize(
    ("value", "text"), [(r"'a\ud800'", "a\ufffd"), (r"{'a': '\ud800'}", '{"a": "\ufffd"}'), (r"'\ud83d\ude00'", "😀")]
)
async def test_half_a_character_costs_no_result(value: str, text: str) -> None:
    ended = await outcome("value", value)
    assert isinstance(ended, Succeeded)
    assert (ended.result, ended.note) == (text, SURROGATES_REPLACED if "\ufffd" in text else None)


@pytest.mark.parametrize("function", ["fail", "fail_async"])
@pytest.mark.parametrize(
    ("prompt", "message", "retryable"),
    [
        ("plain", "ValueError: odd prompt", True),
        ("final", "NotAgain: never", False),
        ("unprintable", "Unprintable", True),
        ("surrogate", "ValueError:", True),
        ("long", "ValueError: " + "x" * 487 + "…", True),
        ("exit", "SystemExit: 3", True),
    ],
)
async def test_an_exception_is_a_failed_attempt(function: str, prompt: str, message: str, retryable: bool) -> None:
    ended = await outcome(function, prompt)
    assert isinstance(ended, Failed)
    assert (ended.error.code, ended.error.message, ended.retryable) == ("python_error", message, retryable)


@pytest.mark.parametrize("prompt", ["stop", "cancelled", "keyboard"])
async def test_an_exception_that_would_upset_the_loop_is_one_too(prompt: str) -> None:
    assert isinstance(await outcome("fail", prompt), Failed)


async def test_a_function_that_cancels_itself_fails() -> None:
    assert isinstance(await outcome("fail_async", "cancelled"), Failed)


@pytest.mark.parametrize("function", ["report", "report_async"])
async def test_the_newest_word_is_always_heard(function: str) -> None:
    heard: list[str] = []
    async with opened(python(function)) as processor:
        assert await processor.run(dispatch("one two three", heard=heard)) == Succeeded("done")
    assert heard[-1] == "three"


async def test_a_report_that_cannot_be_kept_fails_nothing() -> None:
    async def progress(text: str) -> None:
        raise OSError("no store")

    async with opened(python("report")) as processor:
        assert await processor.run(structs.replace(dispatch("one"), progress=progress)) == Succeeded("done")


@pytest.mark.parametrize("function", ["patient", "patient_async"])
async def test_a_cancel_ends_the_wait_and_is_seen_by_the_function(function: str) -> None:
    for event in (functions.STARTED, functions.SAW_CANCEL, functions.RELEASED):
        event.clear()
    heard: list[str] = []
    async with opened(python(function)) as processor:
        task = asyncio.ensure_future(processor.run(dispatch(heard=heard)))
        while not functions.STARTED.is_set():  # noqa: ASYNC110 (set by a thread)
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await processor.cancel(JOB_ID, attempt()) is None
    if function == "patient":
        assert await asyncio.to_thread(functions.SAW_CANCEL.wait, 20)
    assert heard == []


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("no.such.module:f", "cannot be imported"),
        ("tests.processors.functions:nothing", "is not there"),
        ("tests.processors.functions:not_callable", "cannot be called"),
        ("tests.processors.functions:wants_more", "must take"),
    ],
)
def test_settings_that_cannot_be_used(function: str, words: str) -> None:
    with pytest.raises(ProcessorUnusable, match=words):
        PythonProcessor(PythonOptions(function=function), surroundings())


@pytest.mark.parametrize("function", ["", "os", "os:", ":f", "a b:c", "os:system; x"])
def test_a_name_is_checked(function: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"function": function}, PythonOptions)
