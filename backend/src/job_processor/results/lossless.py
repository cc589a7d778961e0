"""Checks that a suggested repair loses no content. Applied to every repair, independent of how it was found.

The input is the text, the edits, and the span of the JSON in the text. Edits are made in place, so a repair preserves
content and order if each edit is harmless:

- Outside the JSON, an edit only deletes.
- Inside it, the deleted and the inserted text have the same content: all characters except white space, commas, quotes
  and brackets. Escapes are decoded, and Python's True, False and None equal JSON's literals.
- A comment may be deleted as a whole.
- No opening bracket and no colon outside a string is deleted: every value keeps its name and its container.
- In a cut text these rules apply up to ``cut_at``; the rest is reported as dropped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from job_processor.core.verdict import Edit
from job_processor.results.json_patterns import STRING

_COMMENT = re.compile(r"\s*(?://[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z))\s*\Z", re.DOTALL)
_STRING = re.compile(STRING)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_NO_CONTENT = re.compile(r"[\s\ufeff,\"'“”„‘’`\[\]{}()]+")
_WORDS = {"True": "true", "False": "false", "None": "null"}
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class JsonSpan:
    """The JSON in the raw text, from ``start`` to ``end``. ``cut_at``: the end of its complete part, if it is cut
    off."""

    start: int
    end: int
    cut_at: int | None = None


def is_lossless(raw: str, text: str, edits: Sequence[Edit], span: JsonSpan) -> bool:
    """True if ``edits`` turn ``raw`` into ``text``, are in order without overlaps, and each is harmless."""
    at = length = 0
    last = span.end if span.cut_at is None else span.cut_at
    built: list[str] = []
    comments: list[int] = []  # Positions in ``text`` of the deleted comments.
    for edit in edits:
        stop = edit.position + len(edit.before)
        if edit.position < at or raw[edit.position : stop] != edit.before:
            return False
        built += (raw[at : edit.position], edit.after)
        length += edit.position - at
        if stop <= span.start and edit.position < span.start:
            if edit.after:
                return False
        elif _is_comment(edit, last):
            comments.append(length)
        elif not _is_harmless(edit, last):
            return False
        length += len(edit.after)
        at = stop
    return "".join([*built, raw[at:]]) == text and not _any_inside_a_string(text, comments)


def _is_comment(edit: Edit, last: int) -> bool:
    """True if the edit deletes a comment and nothing else."""
    if edit.after.strip() or edit.position + len(edit.before) > last:
        return False
    return bool(edit.before.strip()) and _COMMENT.match(edit.before) is not None


def _any_inside_a_string(text: str, places: list[int]) -> bool:
    if not places:
        return False
    ascending = iter(places)
    place: int | None = next(ascending)
    for found in _STRING.finditer(text):
        while place is not None and place <= found.start():
            place = next(ascending, None)
        if place is None:
            return False
        if place < found.end():
            return True
    return False


def _is_harmless(edit: Edit, last: int) -> bool:
    before = edit.before[: max(0, last - edit.position)]
    if _content(before) != _content(edit.after):
        return False
    if edit.position >= last:
        return True
    return before.count("{") <= edit.after.count("{") and (
        before.count("[") + before.count("(") <= edit.after.count("[") + edit.after.count("(")
    )


def _content(text: str) -> str:
    """The content of a piece of text, with escapes decoded."""
    text = _WORDS.get(text, text)
    if text == ":":
        return ""  # A missing colon may be inserted.
    return _NO_CONTENT.sub("", _ESCAPE.sub(_decoded, text))


def _decoded(escape: "re.Match[str]") -> str:
    code = escape.group(1) or escape.group(2) or escape.group(3)
    if code is not None:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else escape.group()
    return _CONTROLS.get(escape.group(4), escape.group(4))
