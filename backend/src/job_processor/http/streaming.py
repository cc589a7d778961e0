"""A response whose body is made while it is sent, and which ends when its client disconnects."""

import asyncio

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


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
            streaming.cancel()
            disconnect.cancel()
            # Not ``wait``: if this request is cancelled, asyncio would log an error of the body as never retrieved.
            await asyncio.gather(streaming, disconnect, return_exceptions=True)
        if not streaming.cancelled():
            streaming.result()
