"""Finds the JSON in a model's answer, and the text around it: thinking blocks, code fences, prose."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TAG = re.compile(r"<(/?+)(?:think|thinking|thoughts?+|reasoning|reflection|analysis)\s*+>", re.IGNORECASE)
_SPACE = re.compile(r"[\s\ufeff]*+")
_FENCE = re.compile(r"^[ \t]*+(?:`{3,}+|~~~)[^\n`]*+$", re.MULTILINE)
_INLINE_FENCE = re.compile(r"```(?>(?:json[a-z0-9]*+)?)\s*+(?=[{\[])", re.IGNORECASE)
_OPENER = re.compile(r"[{\[]")
_STARTS_OBJECT = re.compile(r"\{\s*+(?:[\"'“‘}{]|(?>(?:\\n\s*+)?)\\\"|[\w$.-]{1,100}+[\"']?+\s*+:|//|/\*|#|\Z)")
_STARTS_ARRAY = re.compile(
    r"\[\s*+(?:[{\[\"'“‘\](]|(?>(?:\\n\s*+)?)\\\"|[+-]?+\.?+\d|//|/\*|#\s|(?:true|false|null|True|False|None|NaN)\b|\Z)"
)
_FOOTNOTE = re.compile(r"\[(?:\d{1,3}+|[xX ]?+)\]")
_STARTS_BARE = re.compile(
    r"[\s\ufeff]*+(?:\"[^\"\n]{0,1000}+\"\s*+[:,\]]|'[^'\n]{0,1000}+'\s*+[:,\]]|(?:-?\d[\d.]*+|true|false|null|True|False|None)\s*+[,\]])"
)
_ENDS_CLOSED = re.compile(r"[}\]][\s;]*+\Z")
_DATA = re.compile(r"\"[^\"\n]{0,200}+\"\s*+(?:[:：=]|->)|'[^'\n]{0,200}+'\s*+(?:[:：=]|->)|[{}\[\]]")
_NOT_PROSE = re.compile(r"[,:\"'{}\[\]“‘\d+-]")


def without_thinking(raw: str) -> str:
    """``raw`` with thinking blocks (``<think>…</think>`` and similar) replaced by spaces, so that positions are kept.

    A block without opening tag begins at the start of the text, a block without closing tag ends at its end. A tag
    inside a JSON string (after an odd number of double quotes) is part of the string.
    """
    tags = list(_TAG.finditer(raw)) if "<" in raw else []
    parts: list[str] = []
    kept = counted = quotes = 0  # Copied up to `kept`; quotes counted up to `counted`.
    opened: int | None = None
    for tag in tags:
        quotes += raw.count('"', counted, tag.start()) - raw.count('\\"', counted, tag.start())
        counted = tag.end()
        if not tag.group(1):
            if opened is None and quotes % 2 == 0:
                opened = tag.start()
        elif opened is not None or (not parts and quotes % 2 == 0):
            start = opened or 0
            parts += (raw[kept:start], " " * (tag.end() - start))
            kept, opened, quotes = tag.end(), None, 0
    if opened is not None:
        return "".join([*parts, raw[kept:opened], " " * (len(raw) - opened)])
    return "".join([*parts, raw[kept:]])


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a text that may be a JSON value, from ``start`` to ``end``."""

    start: int
    end: int


def find_part(body: str) -> Part | int | None:
    """The part to read as JSON; the number of JSON values if there are several; ``None`` if there is none."""
    blocks = list(_fenced(body))
    if blocks:
        [block, *others] = blocks
        outside = f"{body[: block.start]}\n{body[block.end :]}"
        found = len(others) + sum(1 for at in openers(outside) if not _FOOTNOTE.match(outside, at)) if others else 0
        if not others:
            found = sum(1 for at in openers(outside) if not _FOOTNOTE.match(outside, at))
        return 1 + max(found, len(others)) if found or others else block
    first = after_space(body, 0)
    lacks_first = lacks_first_bracket(body)
    at = next((a for a in openers(body) if a == first or not _FOOTNOTE.match(body, a)), None)
    if at is None:
        at = next(openers(body), None)
    if at != first and lacks_first:
        return Part(first, len(body))
    return None if at is None else Part(at, len(body))


def lacks_first_bracket(body: str) -> bool:
    """True if the text begins with a name and a colon or with an element, and ends with a closing bracket."""
    return _STARTS_BARE.match(body) is not None and _ENDS_CLOSED.search(body) is not None


def _fenced(body: str) -> Iterator[Part]:
    """The contents of code fences that begin like JSON. The last closing fence may be missing (cut-off text)."""
    marks = list(_FENCE.finditer(body))
    at = 0
    while at < len(marks):
        start = after_space(body, marks[at].end())
        if start >= len(body) or (body[start] not in "{[" and not _STARTS_BARE.match(body, start)):
            at += 1
            continue
        end = at + 1
        # A fence inside a JSON string does not end the block, unless it begins another JSON block.
        while end + 1 < len(marks) and not any(_begins_json(body, marks[k].end()) for k in (end, end + 1)):
            end += 1
        yield Part(start, marks[end].start() if end < len(marks) else _end_without_fence(body, start))
        at = end if end < len(marks) and _begins_json(body, marks[end].end()) else end + 1
    inline = None if marks else _INLINE_FENCE.search(body)
    if inline is not None:
        yield Part(inline.end(), _end_without_fence(body, inline.end()))


def _begins_json(body: str, at: int) -> bool:
    start = after_space(body, at)
    return start < len(body) and body[start] in "{["


def _end_without_fence(body: str, start: int) -> int:
    """The end of a block whose closing fence is missing, or not on its own line."""
    closing = body.rfind("```", start)
    return closing if closing >= 0 and '"' not in body[closing:] else len(body)


def after_space(body: str, at: int) -> int:
    """The position after white space at ``at``."""
    found = _SPACE.match(body, at)
    return at if found is None else found.end()


def openers(body: str, start: int = 0) -> Iterator[int]:
    """Positions from ``start`` at which a JSON object or array seems to begin, not a set in braces or a link."""
    for found in _OPENER.finditer(body, start):
        at = found.start()
        if (_STARTS_OBJECT if body[at] == "{" else _STARTS_ARRAY).match(body, at) is not None:
            yield at


def is_prose_before(text: str) -> bool:
    """True if the text before the JSON contains no data, so that it may be deleted."""
    return text.rstrip()[-1:] not in (",", '"', "'") and _DATA.search(_FOOTNOTE.sub("", text)) is None


def is_prose_after(text: str) -> bool:
    """True if the text after the JSON contains no data, so that it may be deleted."""
    return _NOT_PROSE.match(text.lstrip()) is None and _DATA.search(_FOOTNOTE.sub("", text)) is None
