"""Does a repair keep everything that was said? Asked of every proposal, whoever made it.

Knows nothing of how a proposal was made: it sees the text, the edits, and where the JSON stands in the text. Since
edits change a text in its place, order is kept when each of them is harmless:

- Outside of the JSON an edit only takes out.
- Inside, what an edit takes out and what it puts in hold the same letters, digits and signs, an escape counting as
  its character and Python's True, False and None as JSON's words. White space, commas, quotes and brackets are no
  signs. A comment may go whole.
- No opening bracket and no colon that stands outside of strings is taken out: every value stays under its name and in
  its container.
- Of a cut text, everything up to ``cut_at`` is kept by these rules, and the rest is named as dropped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from job_processor.core.verdict import Edit
from job_processor.results.tokens import STRING

_COMMENT = re.compile(r"\s*(?://[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z))\s*\Z", re.DOTALL)
_STRING = re.compile(STRING)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_NO_SIGNS = re.compile(r"[\s\ufeff,\"'“”„‘’`\[\]{}()]+")
_WORDS = {"True": "true", "False": "false", "None": "null"}
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Places in the raw text: the JSON is ``start`` to ``end``, and whole up to ``cut_at`` when it was cut."""

    start: int
    end: int
    cut_at: int | None = None


def keeps_all(raw: str, text: str, edits: Sequence[Edit], bounds: Bounds) -> bool:
    """Is every one of ``edits``, which lead from ``raw`` to ``text``, harmless? They stand in order and apart."""
    at = length = 0
    last = bounds.end if bounds.cut_at is None else bounds.cut_at
    built: list[str] = []
    comments: list[int] = []  # Where they stood, counted in ``text``.
    for edit in edits:
        stop = edit.position + len(edit.before)
        if edit.position < at or raw[edit.position : stop] != edit.before:
            return False
        built += (raw[at : edit.position], edit.after)
        length += edit.position - at
        if stop <= bounds.start and edit.position < bounds.start:
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
    """Is a comment taken out, and nothing else?"""
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
    if _signs(before) != _signs(edit.after):
        return False
    if edit.position >= last:
        return True
    return before.count("{") <= edit.after.count("{") and (
        before.count("[") + before.count("(") <= edit.after.count("[") + edit.after.count("(")
    )


def _signs(text: str) -> str:
    """The letters, digits and signs of a piece of text, escapes decoded."""
    text = _WORDS.get(text, text)
    if text == ":":
        return ""  # A colon that was missing.
    return _NO_SIGNS.sub("", _ESCAPE.sub(_decoded, text))


def _decoded(escape: "re.Match[str]") -> str:
    code = escape.group(1) or escape.group(2) or escape.group(3)
    if code is not None:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else escape.group()
    return _CONTROLS.get(escape.group(4), escape.group(4))
