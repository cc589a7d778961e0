"""Our own outgoing HTTP under the openai SDK: its requests get the same deadline, bounds and refusals as all ours.

Faults raised here pass through the SDK as they are: it wraps only those of its own HTTP library.
"""

from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import httpx2
from yarl import URL

from job_processor.core.lane import Trouble
from job_processor.processors.base import LaneTrouble
from job_processor.processors.outgoing import AttemptFailed, Outgoing, is_encoded

ERROR_LIMIT: Final = 64 * 1024
"""Bytes of an answer with an error that are read."""
BODY_LIMIT: Final = 64 * 1_048_576
"""Bytes of an answer: in a stream each few characters of text come in some 300 bytes."""

# The SDK adds headers on its own account, and more from the environment of the process.
_PASSED_ON: Final = frozenset({"content-type", "accept", "user-agent"})


class SdkTransport(httpx2.AsyncBaseTransport):
    """``credential``: the header, in lower case, that carries the key; ``None``: there is none, so nothing is sent."""

    def __init__(self, outgoing: Outgoing, *, credential: str | None) -> None:
        self._outgoing = outgoing
        self._passed_on = _PASSED_ON if credential is None else _PASSED_ON | {credential}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() in self._passed_on}
        url = URL(str(request.url), encoded=True)
        response = await self._outgoing.send(request.method, url, await request.aread(), headers)
        try:
            return await self._answer(response, request)
        except BaseException:
            response.close()
            raise

    async def _answer(self, response: aiohttp.ClientResponse, request: httpx2.Request) -> httpx2.Response:
        headers = [(n, v) for n, v in response.raw_headers if n.lower() not in (b"content-encoding", b"content-length")]
        # JSON and events are UTF-8, whatever charset is named: some of Python's codecs take days for a megabyte.
        headers = [(n, v.partition(b";")[0] if n.lower() == b"content-type" else v) for n, v in headers]
        body = _Body(self._outgoing, response)
        if response.status < 300:
            if is_encoded(response):
                # It would do so for every job: 200 KB of it may hold 200 MB.
                raise LaneTrouble(Trouble.MISCONFIGURED, "It compresses its answers, which was not asked for.")
            return httpx2.Response(response.status, headers=headers, stream=body, request=request)
        told = b"" if is_encoded(response) else await body.beginning(ERROR_LIMIT)
        response.close()
        return httpx2.Response(response.status, headers=headers, content=told, request=request)


class _Body(httpx2.AsyncByteStream):
    def __init__(self, outgoing: Outgoing, response: aiohttp.ClientResponse) -> None:
        self._outgoing = outgoing
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._outgoing.parts(self._response):
            size += len(part)
            if size > BODY_LIMIT:
                raise AttemptFailed(
                    "answer_too_large", f"The answer is longer than {BODY_LIMIT} bytes.", retryable=False
                )
            yield part

    async def beginning(self, limit: int) -> bytes:
        read = b""
        async for part in self._outgoing.parts(self._response):
            read += part
            if len(read) >= limit:
                break
        return read[:limit]

    async def aclose(self) -> None:
        self._response.close()
