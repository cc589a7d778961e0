"""What it costs to pass a command to another process over a local socket, and its answer back, many in one message: CPU
of both processes per command.

The other process decodes commands, takes them as done, and encodes an answer each; neither has anything else to do.
"""

import asyncio
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import uvloop

from benchmarks import processes

MESSAGES = 300
ROUNDS = 20
UNDER_WAY = 2
"""Messages that wait for their answers at a time."""


class Command(msgspec.Struct, array_like=True):
    number: int
    verb: str
    job_id: str
    attempt: int
    text: str


class Done(msgspec.Struct, array_like=True):
    number: int
    written: bool
    job: list[str]
    """As many fields as a job's answer shows."""


class Cost(NamedTuple):
    """Microseconds of CPU per command, its answer included."""

    here: float
    there: float


_HEAD = struct.Struct("!I")
_encode = msgspec.msgpack.Encoder().encode
_commands = msgspec.msgpack.Decoder(list[Command]).decode
_answers = msgspec.msgpack.Decoder(list[Done]).decode
_JOB = [
    "69281c3bd0f00c0ffee00000",
    "sink",
    "COMPLETED",
    "2026-11-27T08:00:00.000Z",
    "Summarise document",
    '{"ok":true}',
]


class _Framed(asyncio.Protocol):
    """Messages with their length in front."""

    def __init__(self, received: Callable[["_Framed", bytes], None]) -> None:
        self._received = received
        self._buffer = b""
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, message: bytes) -> None:
        self._transport.write(_HEAD.pack(len(message)) + message)  # type: ignore[attr-defined]  # a stream transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()

    async def close(self) -> None:
        self._transport.close()
        await self._lost.wait()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            whole = _HEAD.size + int(_HEAD.unpack_from(self._buffer)[0])
            if len(self._buffer) < whole:
                return
            message, self._buffer = self._buffer[_HEAD.size : whole], self._buffer[whole:]
            self._received(self, message)


def _answer(connection: _Framed, message: bytes) -> None:
    connection.send(_encode([Done(one.number, True, [one.job_id, *_JOB]) for one in _commands(message)]))


async def _be_the_other(path: str) -> None:
    server = await asyncio.get_running_loop().create_unix_server(lambda: _Framed(_answer), path)
    print("listening", flush=True)
    await server.serve_forever()


async def _pass(path: str, pid: int, in_one_message: int) -> Cost:
    """The round at the tenth percentile."""
    waiting: dict[int, asyncio.Future[Done]] = {}
    loop = asyncio.get_running_loop()

    def answered(_: _Framed, message: bytes) -> None:
        for done in _answers(message):
            waiting.pop(done.number).set_result(done)

    _, connection = await loop.create_unix_connection(lambda: _Framed(answered), path)
    number = 0

    async def pass_groups(messages: int) -> None:
        nonlocal number
        for _ in range(messages):
            futures = []
            group = []
            for _ in range(in_one_message):
                number += 1
                waiting[number] = loop.create_future()
                futures.append(waiting[number])
                group.append(Command(number, "report", "69281c3bd0f00c0ffee00000", 1, '{"ok":true}'))
            connection.send(_encode(group))
            for future in futures:
                await future

    took = []
    for _ in range(ROUNDS):
        here, there = time.process_time(), sum(processes.thread_cpu(pid))
        await asyncio.gather(*(pass_groups(MESSAGES // UNDER_WAY) for _ in range(UNDER_WAY)))
        commands = MESSAGES * in_one_message
        took.append(
            Cost((time.process_time() - here) * 1e6 / commands, (sum(processes.thread_cpu(pid)) - there) / commands)
        )
    await connection.close()
    return sorted(took, key=sum)[ROUNDS // 10]


def cost(in_one_message: int) -> Cost:
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "s")
        with processes.running([sys.executable, "-m", "benchmarks.passing", path]) as other:
            assert other.stdout is not None
            other.stdout.readline()
            return uvloop.run(_pass(path, other.pid, in_one_message))


if __name__ == "__main__":
    uvloop.run(_be_the_other(sys.argv[1]))
