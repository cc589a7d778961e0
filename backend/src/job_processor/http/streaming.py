"""A response whose body is made while it is sent, and which ends when its client disconnects."""

import asyncio

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from job_processor import tasks


class Stream(StreamingResponse):
    """As ``StreamingResponse``, without its background task and without its task group of anyio.

    The task group leaves about a hundred objects in reference cycles, which only a garbage collection would free.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streaming = asyncio.create_task(self.stream_response(send))
        disconnect = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait([streaming, disconnect], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await tasks.end(streaming, disconnect)
        if not streaming.cancelled():
            streaming.result()
