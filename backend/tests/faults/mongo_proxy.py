"""A proxy between a driver and MongoDB that does, on order, what networks and elections do.

It understands the wire protocol just enough: OP_MSG requests have a command name, replies say which request
they answer. Everything it is not told to harm goes through untouched.
"""

import asyncio
import contextlib
import struct
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import bson

_HEADER = struct.Struct("<iiii")
_OP_MSG = 2013
_BIG = 64 * 1024 * 1024

READS = frozenset({"find", "aggregate", "getMore", "count"})
WRITES = frozenset({"insert", "update", "delete", "findAndModify", "bulkWrite"})


class Harm(StrEnum):
    """What may happen to one command."""

    CUT_BEFORE = "the connection is cut before the command arrives"
    CUT_AFTER = "the command is applied, then the connection is cut before the reply"
    NOT_PRIMARY = "NotWritablePrimary"
    STEPPED_DOWN = "PrimarySteppedDown"
    INTERRUPTED = "InterruptedDueToReplStateChange"
    SHUTDOWN = "ShutdownInProgress"
    HISTORY_LOST = "ChangeStreamHistoryLost"
    CONCERN_TIMEOUT = "the command is applied, the reply says that no majority has it yet"
    CONCERN_TIME_LIMIT = "the command is applied, the reply says that its time was up before a majority had it"
    CONCERN_STEPPED_DOWN = "the command is applied, the reply says that the primary stepped down meanwhile"
    TIME_LIMIT = "MaxTimeMSExpired: the server stops the command when its time is up"
    REFUSED = "Unauthorized"
    MAJORITY_BEHIND = "a find of what a majority has does not see the newest yet"
    DELAY = "the command arrives late"
    HALF_OPEN = "the connection stays open and nothing comes any more"


_ERRORS = {
    Harm.NOT_PRIMARY: (10107, "NotWritablePrimary"),
    Harm.STEPPED_DOWN: (189, "PrimarySteppedDown"),
    Harm.INTERRUPTED: (11602, "InterruptedDueToReplStateChange"),
    Harm.SHUTDOWN: (91, "ShutdownInProgress"),
    Harm.TIME_LIMIT: (50, "MaxTimeMSExpired"),
    Harm.REFUSED: (13, "Unauthorized"),
    Harm.HISTORY_LOST: (286, "ChangeStreamHistoryLost"),
}
_LABELS: dict[str, list[str]] = {
    "ChangeStreamHistoryLost": ["NonResumableChangeStreamError"],
    "MaxTimeMSExpired": [],
    "Unauthorized": [],
}
_CONCERNS = {
    Harm.CONCERN_TIMEOUT: (64, "WriteConcernTimeout"),
    Harm.CONCERN_TIME_LIMIT: (50, "MaxTimeMSExpired"),
    Harm.CONCERN_STEPPED_DOWN: (189, "PrimarySteppedDown"),
}


@dataclass
class _Order:
    harm: Harm
    commands: frozenset[str]
    left: int


@dataclass(eq=False)
class _Link:
    """One client's connection and the one to the server that belongs to it."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    mute: bool = False
    replies: dict[int, Harm] = field(default_factory=dict)

    def cut(self) -> None:
        for writer in (self.client, self.server):
            writer.close()


class MongoProxy:
    """Listens on loopback in front of ``target``. ``done`` counts the harm that was really done."""

    def __init__(self, target: tuple[str, int], delay: float = 0.05) -> None:
        self.target = target
        self.delay = delay
        self.done: Counter[Harm] = Counter()
        self._orders: list[_Order] = []
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=_BIG)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def uri(self) -> str:
        """Direct, because the server would name its own address as the one to connect to."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true&serverMonitoringMode=poll"

    def order(self, harm: Harm, commands: frozenset[str] | set[str] = WRITES, times: int = 1) -> None:
        """Do this to the next so many commands of these names."""
        self._orders.append(_Order(harm, frozenset(commands), times))

    def clear(self) -> None:
        self._orders.clear()

    def cut_all(self) -> None:
        for link in list(self._links):
            link.cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection(*self.target, limit=_BIG)
        except OSError:
            writer.close()
            return
        link = _Link(writer, server_writer)
        self._links.add(link)
        pumps = [
            asyncio.create_task(self._requests(reader, link)),
            asyncio.create_task(self._replies(server_reader, link)),
        ]
        self._tasks.update(pumps)
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        link.cut()
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        self._tasks.difference_update(pumps)
        self._links.discard(link)

    async def _requests(self, reader: asyncio.StreamReader, link: _Link) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                header, body = await _read(reader)
                if link.mute:
                    continue
                _, request, _, opcode = _HEADER.unpack(header)
                harm = self._next(_command(body)) if opcode == _OP_MSG else None
                if harm is not None:
                    self.done[harm] += 1
                match harm:
                    case Harm.CUT_BEFORE:
                        return
                    case Harm.HALF_OPEN:
                        link.mute = True
                        continue
                    case Harm.TIME_LIMIT:
                        # As a server does it: when the time is up that the command gave.
                        await asyncio.sleep(_document(body).get("maxTimeMS", 0) / 1000)
                        link.client.write(_reply(request, _error(*_ERRORS[harm])))
                        await link.client.drain()
                        continue
                    case Harm.DELAY:
                        await asyncio.sleep(self.delay)
                    case (
                        Harm.MAJORITY_BEHIND
                        | Harm.CUT_AFTER
                        | Harm.CONCERN_TIMEOUT
                        | Harm.CONCERN_TIME_LIMIT
                        | Harm.CONCERN_STEPPED_DOWN
                    ):
                        link.replies[request] = harm
                    case None:
                        pass
                    case _:
                        code, name = _ERRORS[harm]
                        link.client.write(_reply(request, _error(code, name)))
                        await link.client.drain()
                        continue
                link.server.write(header + body)
                await link.server.drain()

    async def _replies(self, reader: asyncio.StreamReader, link: _Link) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                header, body = await _read(reader)
                _, _, answers, _ = _HEADER.unpack(header)
                harm = link.replies.pop(answers, None)
                if harm is Harm.CUT_AFTER:
                    return
                if link.mute:
                    continue
                if harm is Harm.MAJORITY_BEHIND:
                    document = _document(body)
                    document["cursor"]["firstBatch"] = []
                    link.client.write(_reply(answers, document))
                elif harm is not None:
                    code, name = _CONCERNS[harm]
                    document = _document(body)
                    document["writeConcernError"] = {"code": code, "codeName": name, "errmsg": name}
                    if harm is Harm.CONCERN_STEPPED_DOWN:
                        document["errorLabels"] = ["RetryableWriteError"]
                    link.client.write(_reply(answers, document))
                else:
                    link.client.write(header + body)
                await link.client.drain()

    def _next(self, command: str) -> Harm | None:
        for order in self._orders:
            if command in order.commands:
                order.left -= 1
                if order.left <= 0:
                    self._orders.remove(order)
                return order.harm
        return None


async def _read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    header = await reader.readexactly(_HEADER.size)
    length, _, _, _ = _HEADER.unpack(header)
    return header, await reader.readexactly(length - _HEADER.size)


def _document(body: bytes) -> dict[str, Any]:
    """The body of an OP_MSG: its section of kind 0, which every message has once."""
    at = 4
    while body[at] != 0:
        at += 1 + int.from_bytes(body[at + 1 : at + 5], "little")
    size = int.from_bytes(body[at + 1 : at + 5], "little")
    return bson.decode(body[at + 1 : at + 1 + size])


def _command(body: bytes) -> str:
    return next(iter(_document(body)))


def _error(code: int, name: str) -> dict[str, Any]:
    # As a real node labels them: without the label a driver would not try again.
    labels = _LABELS.get(name, ["RetryableWriteError"])
    return {"ok": 0.0, "code": code, "codeName": name, "errmsg": name, "errorLabels": labels}


def _reply(request: int, document: dict[str, Any]) -> bytes:
    body = b"\0\0\0\0\0" + bson.encode(document)
    return _HEADER.pack(_HEADER.size + len(body), 0, request, _OP_MSG) + body
