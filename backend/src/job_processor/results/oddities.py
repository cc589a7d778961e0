"""What is odd about JSON that is valid: said as warnings, because readers of it may see other values than were meant.

One pass without recursion over a text that parses strictly; the cheap looks first, as most texts have nothing odd.
"""

import json
import math
import re
from collections.abc import Iterator

from job_processor.core.verdict import Warning, WarningCode
from job_processor.results.backslashes import lost_backslash
from job_processor.results.strict import BOM
from job_processor.results.tokens import ESCAPED_HALF, HALF, NUMBER, STRING

WARNING_LIMIT = 20
"""Warnings that a verdict names."""
DEPTH_LIMIT = 200
"""Nesting that readers of JSON can be trusted to take."""
PATH_LIMIT = 500
"""Characters of one path."""
SAFE_INTEGER = 2**53
"""Whole numbers up to here are the same in every reader (RFC 7493)."""
SIGNIFICANT_DIGITS = 17
"""More than these a double cannot tell apart."""

_TOKEN = re.compile(rf"(?P<string>{STRING})|(?P<mark>[{{}}\[\],:])|(?P<number>{NUMBER})|[a-z]++|[\s\ufeff]++")
_ODD_NUMBER = re.compile(r"\d[\d.]{15,}|\d[eE]")
_ESCAPED_CONTROL = re.compile(r"\\[bfnrt][A-Za-z]")
_LONG_TEXT = re.compile(r"[.!?][\"')\]]?\s+\S")
_ENDS_OPEN = re.compile(r"[\w,;(-]\Z")
_IN_WORDS = {
    WarningCode.DUPLICATE_NAME: "This name stands twice in one object. Readers differ in which value they take.",
    WarningCode.HALF_SURROGATE: "This text holds half of a surrogate pair, which is no character: readers refuse or "
    "replace it.",
    WarningCode.LOST_BACKSLASH: "A control character stands where a backslash was probably meant.",
    WarningCode.NUMBER_PRECISION: "This number has more digits than common readers keep.",
    WarningCode.NUMBER_RANGE: "This number is too large or too small for common readers.",
    WarningCode.BYTE_ORDER_MARK: "A byte order mark stands before the value; some readers refuse it.",
    WarningCode.TOO_DEEP: f"Nested deeper than {DEPTH_LIMIT} levels, which many readers refuse.",
    WarningCode.CUT_OFF: "This text may have been cut off: it ends in the midst of a sentence.",
}
_STOPPED = "The model stopped at its limit of tokens: the value may be cut off."


def warnings_of(raw: str, *, stopped: bool = False) -> tuple[Warning, ...]:
    """The oddities of a valid text, at most WARNING_LIMIT. ``stopped``: its writer was stopped before it was done."""
    found: list[Warning] = []
    lines = _Lines(raw)
    for code, path, position in _oddities(raw):
        found.append(Warning(code, path, *lines.place(position), _IN_WORDS[code]))
        if len(found) == WARNING_LIMIT:
            return tuple(found)
    if stopped:
        found = [w for w in found if w.code is not WarningCode.CUT_OFF]
        found.append(Warning(WarningCode.CUT_OFF, "", *lines.place(len(raw)), _STOPPED))
    return tuple(found)


def _oddities(raw: str) -> Iterator[tuple[WarningCode, str, int]]:
    if raw[:1] == BOM:
        yield WarningCode.BYTE_ORDER_MARK, "", 0
    if _is_worth_reading(raw):
        yield from _read(raw)


class _Twice(Exception):
    """A name stands twice in one object."""


def _no_twins(pairs: list[tuple[str, object]]) -> None:
    if len(pairs) > 1 and len({name for name, _ in pairs}) != len(pairs):
        raise _Twice


_TWINS = json.JSONDecoder(object_pairs_hook=_no_twins, parse_int=len, parse_float=len)


def _is_worth_reading(raw: str) -> bool:
    if _ODD_NUMBER.search(raw) or _ESCAPED_CONTROL.search(raw) or ESCAPED_HALF.search(raw) or HALF.search(raw):
        return True
    if _LONG_TEXT.search(raw) is not None:
        return True
    try:
        _TWINS.decode(raw.removeprefix(BOM))
    except (_Twice, RecursionError, ValueError):
        return True
    return raw.count("{") + raw.count("[") > DEPTH_LIMIT


def _read(raw: str) -> Iterator[tuple[WarningCode, str, int]]:
    path: list[str | int] = []
    names: list[set[str] | None] = []  # One entry per open bracket: an object's names so far, None for an array.
    wants_name = False
    last: tuple[str, str, int] | None = None  # The last text value, its path and place.
    for token in _TOKEN.finditer(raw):
        kind, word, at = token.lastgroup, token.group(), token.start()
        if kind == "mark":
            if word in "{[":
                names.append(set() if word == "{" else None)
                path.append("" if word == "{" else 0)
                if len(names) == DEPTH_LIMIT + 1:
                    yield WarningCode.TOO_DEEP, _pointer(path[:-1]), at
            elif word in "}]":
                names.pop()
                path.pop()
            elif word == "," and names[-1] is None:
                path[-1] = int(path[-1]) + 1
            wants_name = word in "{," and names[-1:] != [None] and bool(names)
        elif kind == "string":
            text = str(json.loads(word)) if "\\" in word else word[1:-1]
            known = names[-1] if wants_name else None
            if known is not None:
                path[-1] = text
                if text in known:
                    yield WarningCode.DUPLICATE_NAME, _pointer(path), at
                known.add(text)
            else:
                last = text, _pointer(path) if token.end() > len(raw) - 1000 else "", at
            yield from ((code, _pointer(path), at) for code in _of_text(word, text))
        elif kind == "number":
            code = _of_number(word)
            if code is not None:
                yield code, _pointer(path), at
    if last is not None and _is_cut_off(last[0]) and not re.search(r"[\w]", raw[last[2] + len(last[0]) + 2 :][-40:]):
        yield WarningCode.CUT_OFF, last[1], last[2]


def _of_text(word: str, text: str) -> Iterator[WarningCode]:
    if HALF.search(text) is not None:
        yield WarningCode.HALF_SURROGATE
    if "\\" in word and _ESCAPED_CONTROL.search(word) is not None and lost_backslash(text):
        yield WarningCode.LOST_BACKSLASH


def _of_number(word: str) -> WarningCode | None:
    if len(word) < 16 and "e" not in word and "E" not in word:
        return None
    mantissa, _, _ = word.lower().partition("e")
    digits = mantissa.lstrip("-").replace(".", "")
    value = float(word)
    if math.isinf(value) or (value == 0 and digits.strip("0")):
        return WarningCode.NUMBER_RANGE
    if word.lstrip("-").isdigit():
        return WarningCode.NUMBER_PRECISION if len(digits) > 16 or int(digits) > SAFE_INTEGER else None
    significant = digits.lstrip("0").rstrip("0")
    return WarningCode.NUMBER_PRECISION if len(significant) > SIGNIFICANT_DIGITS else None


def _is_cut_off(text: str) -> bool:
    """Does a text of several sentences end in the midst of one?"""
    ended = text.rstrip()
    return (
        len(ended) > 60
        and _LONG_TEXT.search(ended) is not None
        and _ENDS_OPEN.search(ended) is not None
        and ("\n" not in ended[-200:] and not ended[-1].isdigit())
    )


def _pointer(path: list[str | int]) -> str:
    made = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path[: PATH_LIMIT // 2])
    return made if len(made) <= PATH_LIMIT else made[: PATH_LIMIT - 1] + "…"


class _Lines:
    """Line and column of ascending positions, counted from 1, in one pass."""

    def __init__(self, raw: str) -> None:
        self._raw, self._line, self._at = raw, 1, 0

    def place(self, position: int) -> tuple[int, int]:
        if position < self._at:
            self._line, self._at = 1, 0
        self._line += self._raw.count("\n", self._at, position)
        self._at = position
        return self._line, position - self._raw.rfind("\n", 0, position)
