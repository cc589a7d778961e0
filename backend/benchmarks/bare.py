"""The peer of `accept`: the same framework, decoder and server, without a database."""

import asyncio
import contextlib
import secrets
import socket

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


_decode = msgspec.json.Decoder(_In).decode
_encode = msgspec.json.Encoder().encode


async def submit(request: Request) -> Response:
    wanted = _decode(await request.body())
    return Response(_encode(_Out(secrets.token_hex(12), wanted.prompt, "PENDING")), 201, media_type="application/json")


async def main() -> None:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(2048)
    app = Starlette(routes=[Route("/jobs", submit, methods=["POST"])])
    config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", access_log=False, log_config=None)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
    await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        uvloop.run(main())
