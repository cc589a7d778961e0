"""Messages between the server and the examiner process: MessagePack, each prefixed with its length (4 bytes)."""

import struct
from typing import Any, BinaryIO

import msgspec

from job_processor.core.verdict import Verdict

_LENGTH = struct.Struct(">I")


class Request(msgspec.Struct):
    """Examine ``raw`` (UTF-8 with lone surrogates), or check ``schema`` if ``raw`` is ``None``.

    ``seconds``: CPU time for each step.
    """

    raw: bytes | None
    schema: dict[str, Any] | None
    stopped: bool = False
    seconds: float = 0.0


class Response(msgspec.Struct):
    """A verdict, more detailed than the one before, or the error of a schema. ``last``: no response follows."""

    verdict: Verdict | None = None
    fault: str | None = None
    last: bool = True


def encode(message: Request | Response) -> bytes:
    """The message with its length prefix."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


def read_frame(stream: BinaryIO) -> bytes | None:
    """The body of the next message; ``None`` at the end of the stream."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    body = stream.read(_LENGTH.unpack(head)[0])
    return body if len(body) == _LENGTH.unpack(head)[0] else None


def length_of(head: bytes) -> int:
    """The length of the body, from the ``HEAD`` bytes before it."""
    return int(_LENGTH.unpack(head)[0])


HEAD = _LENGTH.size
"""Size of the length prefix in bytes."""
