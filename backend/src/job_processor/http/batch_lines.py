"""The lines of a batch: split from the body as it arrives, each checked as a submission of its own. No I/O."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from job_processor.acts.batches import NewLine
from job_processor.core.batch import MAX_LINES, RefusedLine
from job_processor.http.body import MAX_BODY_BYTES, decode
from job_processor.http.models import BatchLine
from job_processor.http.problems import RequestRefused
from job_processor.http.submission import checked

MAX_LINE_BYTES: Final = MAX_BODY_BYTES
"""The same limit as for the body of one submission."""
_BOM = b"\xef\xbb\xbf"
_BACKSLASH = 0x5C
_TOKEN = re.compile(rb'"[^"\\]*+(?>(?:\\.[^"\\]*+)*)"|[\[{]|[\]}]|,|"', re.DOTALL)
_WINDOW = 256 * 1024
"""Bytes of one search by a regular expression, which holds the GIL."""

Cut = tuple[int, bytes | None]
"""The number of a line, from 1, and its bytes; ``None``: it is longer than ``MAX_LINE_BYTES``, and was not kept."""


class Splitter:
    """Cuts NDJSON into lines, whatever the pieces in which it arrives. Blank lines are left out, but counted. A byte
    order mark at the beginning is skipped (RFC 8259, section 8.1)."""

    def __init__(self) -> None:
        self._number = 0
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[Cut]:
        """The lines that are complete now."""
        first, *others = data.split(b"\n")
        self._keep(first)
        if not others:
            return []
        found = self._end()
        last = others.pop()
        number = self._number
        for line in others:
            number += 1
            if len(line) > MAX_LINE_BYTES:
                found.append((number, None))
            elif line and not line.isspace():
                found.append((number, line))
        self._number = number
        self._keep(last)
        return found

    def close(self) -> list[Cut]:
        """The last line, if it does not end with a newline."""
        return self._end()

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > MAX_LINE_BYTES:
            self._parts = []
        elif part:
            self._parts.append(part)

    def _end(self) -> list[Cut]:
        self._number += 1
        line = None if self._size > MAX_LINE_BYTES else b"".join(self._parts)
        self._parts, self._size = [], 0
        if line is None:
            return [(self._number, None)]
        if self._number == 1:
            line = line.removeprefix(_BOM)
        return [(self._number, line)] if line and not line.isspace() else []


def _tokens(text: bytes) -> Iterator[re.Match[bytes]]:
    """The strings, brackets and commas of well-formed JSON, without strings that are cut by the end of a window."""
    start = 0
    while start < len(text):
        end = start + _WINDOW
        for token in _TOKEN.finditer(text, start, end):
            if token[0] == b'"':
                end = _end_of_string(text, token.end())
                break
            yield token
        start = end


def _end_of_string(text: bytes, at: int) -> int:
    """The end of the string that began before ``at``."""
    while True:
        end = text.index(b'"', at)
        before = end
        while before > at and text[before - 1] == _BACKSLASH:
            before -= 1
        at = end + 1
        if (end - before) % 2 == 0:
            return at


def spans(text: bytes) -> Iterator[tuple[int, int]]:
    """The begin and end of each element of a well-formed JSON array, or of each member of an object. A generator, so
    that a long array is only searched as far as needed."""
    level = start = 0
    for token in _tokens(text):
        one = token[0]
        if one in (b"[", b"{"):
            level += 1
            if level == 1:
                start = token.end()
        elif one in (b"]", b"}"):
            level -= 1
            if level == 0:
                if text[start : token.start()].strip():
                    yield start, token.start()
                return
        elif one == b"," and level == 1:
            yield start, token.start()
            start = token.end()


def elements(array: bytes) -> Iterator[Cut]:
    """The elements of a well-formed JSON array, numbered."""
    for number, (start, end) in enumerate(spans(array), start=1):
        yield number, None if end - start > MAX_LINE_BYTES else array[start:end].strip()


class Lines:
    """The lines that were checked so far. ``private_webhooks``: their webhooks may be sent to private addresses."""

    def __init__(self, *, private_webhooks: bool) -> None:
        self._private_webhooks = private_webhooks
        self.new: list[NewLine] = []
        self.refused: list[RefusedLine] = []
        self._named: dict[str, int] = {}

    @property
    def number(self) -> int:
        return len(self.new) + len(self.refused)

    def check(self, cut: Sequence[Cut]) -> None:
        """Check these lines too. Raises ``RequestRefused`` (413) when there are too many of them. Called in a thread,
        one call at a time."""
        for number, line in cut:
            if self.number >= MAX_LINES:
                raise RequestRefused(413, "too_many_lines", f"A batch may have at most {MAX_LINES:,} lines.")
            self._check(number, line)

    def _check(self, number: int, line: bytes | None) -> None:
        name: str | None = None
        try:
            if line is None:
                raise RequestRefused(413, "line_too_long", f"must have at most {MAX_LINE_BYTES} bytes")
            sent = decode(line, BatchLine)
            name = sent.custom_id
            if name is not None and (before := self._named.setdefault(name, number)) != number:
                self._refuse(number, "customId", f"must be unique in the batch; line {before} has the same", name=name)
                return
            self.new.append(NewLine(number, checked(sent, private_webhooks=self._private_webhooks), name))
        except RequestRefused as refused:
            if name is None and line is not None:
                name = _name_in(line)
            field, message = "", refused.detail
            if refused.errors:
                field, message = refused.errors[0].field, refused.errors[0].message
            self._refuse(number, "" if field == "the body" else field, message, refused.code, name)

    def _refuse(
        self, number: int, field: str, message: str, code: str = "invalid_field", name: str | None = None
    ) -> None:
        self.refused.append(RefusedLine(number, field, message, code, name))


class _Named(msgspec.Struct, rename="camel"):
    custom_id: str | None = None


def _name_in(line: bytes) -> str | None:
    """The customId of a line with another fault."""
    try:
        name = msgspec.json.decode(line, type=_Named).custom_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None if name is None or len(name) > 128 or "\x00" in name else name
