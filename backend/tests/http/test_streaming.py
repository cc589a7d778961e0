"""The end of a streamed response: nothing of it stays behind, whatever its body does with a cancel or raises."""

import asyncio
import contextlib
import gc
import weakref
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message

from job_processor import tasks
from job_processor.http.streaming import Stream
from tests.support.waiting import until_true


class _Broken(Exception):
    pass


async def _receive() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("a client that stays")


async def _send(message: Message) -> None:
    """A client that reads at once."""


async def test_an_error_at_a_stop_of_the_server_is_not_left_in_a_task() -> None:
    begun = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            begun.set()
            await asyncio.Event().wait()
        finally:
            raise _Broken

    async def stop() -> None:
        serving = asyncio.create_task(Stream(body())({}, _receive, _send))
        await begun.wait()
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        assert serving.cancelled()

    logged: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context))
    await stop()
    # A task logs it when it is freed, and the event loop frees what it has run at its next turn.
    await asyncio.sleep(0)
    gc.collect()
    assert logged == []


async def test_the_error_of_a_body_is_raised_and_leaves_no_reference_cycle() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        raise _Broken

    raised = False
    stream = Stream(body())
    left = weakref.ref(stream)
    gc.disable()
    try:
        try:
            await stream({}, _receive, _send)
        except _Broken:
            raised = True
        del stream
        # The event loop frees what it has run at its next turn.
        await asyncio.sleep(0)
        is_gone = left() is None
    finally:
        gc.enable()
    assert raised
    assert is_gone


async def test_a_body_in_which_a_cancel_is_lost_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.001)
    gone = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        gone.set()
        # As `asyncio.wait_for` of old, in which drivers wait, if it is done at the same moment.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        while True:
            await asyncio.Event().wait()
            yield b"b"

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    serving = asyncio.create_task(Stream(body())({}, receive, _send))
    try:
        await until_true(serving.done)
    finally:
        serving.cancel()
