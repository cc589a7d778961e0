"""What is said between the server and the process that examines: frames of MessagePack, each after its length."""

import struct
from typing import Any, BinaryIO

import msgspec

from job_processor.core.verdict import Verdict

_LENGTH = struct.Struct(">I")


class Ask(msgspec.Struct):
    """Examine ``raw`` (UTF-8, half surrogates passed through), or check ``schema`` when there is no ``raw``.

    ``seconds`` of a processor for each step.
    """

    raw: bytes | None
    schema: dict[str, Any] | None
    stopped: bool = False
    seconds: float = 0.0


class Say(msgspec.Struct):
    """A verdict, each better than the one before, or what is wrong with the schema; ``last``: that was all."""

    verdict: Verdict | None = None
    fault: str | None = None
    last: bool = True


def encode(message: Ask | Say) -> bytes:
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame; ``None`` when the other side has closed."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    body = stream.read(_LENGTH.unpack(head)[0])
    return body if len(body) == _LENGTH.unpack(head)[0] else None


def length_of(head: bytes) -> int:
    return int(_LENGTH.unpack(head)[0])


HEAD = _LENGTH.size
