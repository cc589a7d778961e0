"""A response whose body is made while it is sent: how it ends when its request is cancelled or its body fails."""

import asyncio
import contextlib
import gc
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import Message, Scope

from job_processor import tasks
from job_processor.core.errors import StoreUnavailable
from job_processor.http.streaming import Stream
from tests.support.waiting import until_true

SCOPE: Scope = {"type": "http", "method": "GET", "path": "/jobs/export", "headers": []}


async def nothing_more() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def taken(message: Message) -> None:
    pass


@pytest.mark.parametrize("cancels", [1, 2])
async def test_a_body_that_fails_while_its_request_is_cancelled_is_not_logged_by_asyncio(cancels: int) -> None:
    """The server stops, its timeout for open requests has passed, and the store is gone: nobody waits for the body."""
    logged: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: logged.append(context))
    waits, ends, may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        waits.set()
        try:
            await asyncio.Event().wait()
        finally:
            ends.set()
            await asyncio.wait([asyncio.ensure_future(may_end.wait())])
            raise StoreUnavailable("The store is closed.")

    answering = asyncio.create_task(Stream(body())(SCOPE, nothing_more, taken))
    await waits.wait()
    answering.cancel()
    await ends.wait()
    if cancels == 1:
        may_end.set()
    else:
        answering.cancel()
    await asyncio.wait([answering])
    assert answering.cancelled()
    may_end.set()
    del answering
    await until_true(lambda: len(asyncio.all_tasks()) == 1)
    gc.collect()
    assert logged == []


async def test_a_body_that_swallows_a_cancellation_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a library may; the client has left, and the rest of a long body would be made for nobody."""
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.01)
    waits, left = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        waits.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    async def leaves() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    answering = asyncio.create_task(Stream(body())(SCOPE, leaves, taken))
    await waits.wait()
    left.set()
    async with asyncio.timeout(20):
        await answering


async def test_the_error_of_a_body_is_raised_and_leaves_no_reference_cycle() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        raise StoreUnavailable("The store is closed.")

    stream = Stream(body())
    left = weakref.ref(stream)
    gc.disable()
    try:
        with contextlib.suppress(StoreUnavailable):
            await stream(SCOPE, nothing_more, taken)
            raise AssertionError("the error is not raised")
        del stream
        # The event loop frees what it has run at its next turn.
        await asyncio.sleep(0)
        is_gone = left() is None
    finally:
        gc.enable()
    assert is_gone
