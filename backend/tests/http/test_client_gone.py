"""A list whose client has hung up is ended; one that would hold others up is refused in words."""

import asyncio
import gc
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from job_processor.core.errors import ReadTooLong, StoreUnavailable, TooManySearches
from job_processor.http.client_gone import cancel_on_disconnect
from job_processor.http.problems import RequestRefused
from tests.http.problems import assert_problem
from tests.support.site import Site
from tests.support.waiting import until_true


def request_of(messages: list[Message]) -> Request:
    """A request to which these messages come, and then nothing more."""

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return Request({"type": "http", "method": "GET", "path": "/jobs", "headers": []}, receive)


EMPTY: Message = {"type": "http.request", "body": b"", "more_body": False}
GONE: Message = {"type": "http.disconnect"}


async def test_what_nobody_waits_for_any_more_is_cancelled() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(RequestRefused):
        await cancel_on_disconnect(request_of([EMPTY, GONE]), work())
    await ended.wait()


async def test_work_that_fails_when_it_is_cancelled_is_not_logged_by_asyncio() -> None:
    logged: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: logged.append(context))

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise StoreUnavailable("The store is closed.")

    with pytest.raises(RequestRefused, match="disconnected"):
        await cancel_on_disconnect(request_of([GONE]), work())
    await until_true(lambda: len(asyncio.all_tasks()) == 1)
    gc.collect()
    assert logged == []


async def test_an_answer_and_an_error_reach_a_client_that_stays() -> None:
    async def works() -> int:
        return 7

    async def fails() -> int:
        raise StoreUnavailable("no")

    assert await cancel_on_disconnect(request_of([EMPTY]), works()) == 7
    with pytest.raises(StoreUnavailable):
        await cancel_on_disconnect(request_of([EMPTY]), fails())


@pytest.mark.parametrize(
    ("error", "code"), [(ReadTooLong("x"), "read_too_long"), (TooManySearches("x"), "too_many_searches")]
)
async def test_a_list_that_would_hold_others_up_is_a_503_that_says_what_to_do(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: StoreUnavailable, code: str
) -> None:
    async def refuse(query: object) -> None:
        raise error

    monkeypatch.setattr(site.store, "list", refuse)
    reply = await site.client.get("/jobs?q=x")

    assert_problem(reply, 503)
    assert (reply.json()["code"], reply.headers["retry-after"].isdigit()) == (code, True)


@pytest.mark.parametrize("path", ["/jobs", "/jobs/export", "/jobs/count"])
async def test_the_reads_of_a_request_end_when_its_client_leaves(
    site: Site, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    async def hang(query: object) -> None:
        await asyncio.Event().wait()

    for verb in ("list", "count_by_state"):
        monkeypatch.setattr(site.store, verb, hang)
    receive = request_of([EMPTY, GONE]).receive

    async def send(message: Message) -> None:
        pass

    headers = [(b"host", b"localhost")]
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"q=x"}
    async with asyncio.timeout(20):
        await site.app({**scope, "headers": headers, "client": ("127.0.0.1", 1)}, receive, send)
