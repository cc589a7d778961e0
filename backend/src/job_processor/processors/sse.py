"""Server-sent events out of a stream of bytes, as the WHATWG specification reads them, and a little more generously.

More generously: data after the last blank line is an event too (a stream may be torn right behind it), a field
``error`` is an event of that type (llama.cpp), and a JSON object that begins a line stands for itself, on one line or
on several (servers that write an error into a stream without its frame). Pure.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_BOM: Final = b"\xef\xbb\xbf"
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_BEGINNINGS: Final = (b"data", b"event", b"id", b"retry", b":", b"error:")
_UNFRAMED_LINES: Final = 200
"""An error without its frame is no longer; what is, is none."""
LOOK_BYTES: Final = 6
"""After so many bytes that are no white space it is known what an answer is."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """``type`` is empty for the usual one."""

    data: bytes
    type: str = ""


def is_stream(beginning: bytes, content_type: str) -> bool:
    """Does an answer that begins so consist of events, and is no single document?

    The beginning decides, for servers name the wrong content type; only where it says nothing, the type does.
    """
    seen = beginning.removeprefix(_BOM).lstrip()
    if seen[:1] in (b"{", b"[", b"<", b'"'):
        return False
    return seen.startswith(_BEGINNINGS) or "event-stream" in content_type.lower()


class EventParser:
    """Give it the bytes as they come, then call ``end``."""

    def __init__(self) -> None:
        self._unfinished: list[bytes] = []
        self._data: list[bytes] = []
        self._type = ""
        self._after_cr = False
        self._is_first = True
        self._unframed: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[ServerEvent]:
        """The events that are whole now."""
        if self._after_cr and data:
            # A line feed that belongs to the carriage return before it.
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if data.endswith(b"\r"):
            self._after_cr = True
        *lines, rest = _LINE_END.split(data)
        for line in lines:
            self._unfinished.append(line)
            whole = b"".join(self._unfinished)
            self._unfinished.clear()
            yield from self._line(whole)
        if rest:
            self._unfinished.append(rest)

    def end(self) -> Iterator[ServerEvent]:
        """What is left when the stream has ended, with or without a last blank line."""
        if self._unfinished:
            whole = b"".join(self._unfinished)
            self._unfinished.clear()
            yield from self._line(whole)
        if self._unframed:
            yield self._as_it_is()
        yield from self._event()

    def _line(self, line: bytes) -> Iterator[ServerEvent]:
        if self._is_first:
            line = line.removeprefix(_BOM)
            self._is_first = False
        if self._unframed:
            self._unframed.append(line)
            is_end = line[:1] in (b"}", b"]") and _is_json(b"\n".join(self._unframed))
            if is_end or len(self._unframed) >= _UNFRAMED_LINES:
                yield self._as_it_is()
            return
        if not line:
            yield from self._event()
            return
        if line[:1] == b"{" or line.startswith((b"[{", b"[ {")) or line.strip() == b"[":
            yield from self._event()
            self._unframed.append(line)
            if _is_json(line):
                yield self._as_it_is()
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._type = value.decode(errors="replace")
        elif name == b"error":
            self._data.append(value)
            self._type = "error"

    def _as_it_is(self) -> ServerEvent:
        data = b"\n".join(self._unframed)
        self._unframed.clear()
        return ServerEvent(data)

    def _event(self) -> Iterator[ServerEvent]:
        data, kind = b"\n".join(self._data), self._type
        self._data.clear()
        self._type = ""
        if data:
            yield ServerEvent(data, kind)


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
