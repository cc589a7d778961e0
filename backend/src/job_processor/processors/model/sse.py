"""A parser of server-sent events (WHATWG HTML Standard, section 9.2) that is more tolerant than the standard. Pure.

Data after the last blank line is an event too (the connection may break before it), a field ``error`` is an event of
that type (llama.cpp), and a JSON object at the start of a line, on one or several lines, is an event by itself (some
servers write an error into a stream without SSE framing).
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
"""Maximum lines of JSON without SSE framing."""
LOOK_BYTES: Final = 6
"""Number of bytes after leading white space that ``is_stream`` needs."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """``type`` is empty for the default type."""

    data: bytes
    type: str = ""


def is_stream(beginning: bytes, content_type: str) -> bool:
    """True if a response with this beginning is an event stream and not a single document.

    The beginning takes precedence over the content type, which some servers set wrongly.
    """
    seen = beginning.removeprefix(_BOM).lstrip()
    if seen[:1] in (b"{", b"[", b"<", b'"'):
        return False
    return seen.startswith(_BEGINNINGS) or "event-stream" in content_type.lower()


class EventParser:
    """Call ``feed`` with each chunk of bytes, then ``end``."""

    def __init__(self) -> None:
        self._unfinished: list[bytes] = []
        self._data: list[bytes] = []
        self._type = ""
        self._after_cr = False
        self._is_first = True
        self._unframed: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[ServerEvent]:
        """The events that ``data`` completes."""
        if self._after_cr and data:
            # CR LF may be split between two chunks.
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
        """The remaining events at the end of the stream, with or without a last blank line."""
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
