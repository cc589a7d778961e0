"""The limit that `accept` and `round_trip` are compared with: the same framework, decoder, server and client, without a
database and without rules. With SINK in the environment every submission is sent there, as a dispatch."""

import asyncio
import contextlib
import os
import secrets
import socket

import aiohttp
import msgspec
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class _In(msgspec.Struct):
    prompt: str


class _Out(msgspec.Struct):
    id: str
    prompt: str
    status: str


class _Dispatch(msgspec.Struct, rename="camel"):
    job_id: str
    prompt: str


class _Callback(msgspec.Struct, rename="camel"):
    job_id: str
    result: str


_decode = msgspec.json.Decoder(_In).decode
_decode_callback = msgspec.json.Decoder(_Callback).decode
_encode = msgspec.json.Encoder().encode


class _Pipeline:
    def __init__(self, sink: str | None) -> None:
        self._sink = sink
        self._client: aiohttp.ClientSession | None = None
        self._dispatching: set[asyncio.Task[None]] = set()

    async def submit(self, request: Request) -> Response:
        wanted = _decode(await request.body())
        job_id = secrets.token_hex(12)
        if self._sink is not None:
            task = asyncio.create_task(self._dispatch(self._sink, _Dispatch(job_id, wanted.prompt)))
            self._dispatching.add(task)
            task.add_done_callback(self._dispatching.discard)
        return _answer(_Out(job_id, wanted.prompt, "PENDING"), 201)

    async def call_back(self, request: Request) -> Response:
        done = _decode_callback(await request.body())
        return _answer(_Out(done.job_id, done.result, "COMPLETED"), 200)

    async def _dispatch(self, sink: str, body: _Dispatch) -> None:
        if self._client is None:
            self._client = aiohttp.ClientSession()
        headers = {"content-type": "application/json"}
        # The sink ends before this process does.
        with contextlib.suppress(aiohttp.ClientError):
            async with self._client.post(sink, data=_encode(body), headers=headers) as response:
                await response.read()


def _answer(body: _Out, status: int) -> Response:
    return Response(_encode(body), status, media_type="application/json")


async def main() -> None:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(2048)
    pipeline = _Pipeline(os.environ.get("SINK"))
    app = Starlette(
        routes=[
            Route("/jobs", pipeline.submit, methods=["POST"]),
            Route("/webhook/callback", pipeline.call_back, methods=["POST"]),
        ]
    )
    config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", access_log=False, log_config=None)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
    await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        uvloop.run(main())
