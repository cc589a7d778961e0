"""Cancels the work for a request when its client disconnects."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from job_processor import tasks
from job_processor.http.problems import RequestRefused

T = TypeVar("T")


async def cancel_on_disconnect(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, or its exception. If the client disconnects first, ``work`` is cancelled and
    ``RequestRefused`` (499) raised.

    Only for requests without a body or whose body has been read: this discards the rest of the body.
    """
    working = asyncio.create_task(work)
    disconnect = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait([working, disconnect], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise RequestRefused(499, "client_gone", "The client disconnected.")
    finally:
        await tasks.end(working, disconnect)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
