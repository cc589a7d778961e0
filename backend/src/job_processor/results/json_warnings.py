"""Warnings about valid JSON that other parsers may read differently, or that is probably not what was meant.

One pass without recursion over a text that is valid JSON. Cheap tests come first, because most texts have no warnings.
"""

import json
import math
import re
from collections.abc import Iterator

from job_processor.core.verdict import Warning, WarningCode
from job_processor.results.backslashes import lost_backslash
from job_processor.results.json_patterns import ESCAPED_SURROGATE, LONE_SURROGATE, NUMBER, STRING
from job_processor.results.strict import BOM

WARNING_LIMIT = 20
"""Maximum number of warnings in a verdict."""
DEPTH_LIMIT = 200
"""Maximum nesting that common JSON parsers accept."""
PATH_LIMIT = 500
"""Maximum characters of a path in a warning."""
SAFE_INTEGER = 2**53
"""Largest integer that every parser reads exactly (RFC 7493 section 2.2)."""
SIGNIFICANT_DIGITS = 17
"""Number of digits that identify any IEEE 754 double; further digits are lost."""

_TOKEN = re.compile(rf"(?P<string>{STRING})|(?P<mark>[{{}}\[\],:])|(?P<number>{NUMBER})|[a-z]++|[\s\ufeff]++")
_ODD_NUMBER = re.compile(r"\d[\d.]{15,}|\d[eE]")
_ESCAPED_CONTROL = re.compile(r"\\[bfnrt][A-Za-z]")
_LONG_TEXT = re.compile(r"[.!?][\"')\]]?\s+\S")
_ENDS_OPEN = re.compile(r"[\w,;(-]\Z")
_CHEAP_SIGNS = (_ODD_NUMBER, _ESCAPED_CONTROL, ESCAPED_SURROGATE, LONE_SURROGATE, _LONG_TEXT)
_MESSAGES = {
    WarningCode.DUPLICATE_NAME: "Duplicate name in one object. Parsers differ in which value they take.",
    WarningCode.HALF_SURROGATE: "This string contains a lone surrogate, which is not a character: parsers reject or "
    "replace it.",
    WarningCode.LOST_BACKSLASH: "A control character where a backslash was probably meant.",
    WarningCode.NUMBER_PRECISION: "This number has more digits than common parsers keep.",
    WarningCode.NUMBER_RANGE: "This number is too large or too small for common parsers.",
    WarningCode.BYTE_ORDER_MARK: "The value is preceded by a byte order mark, which some parsers reject.",
    WarningCode.TOO_DEEP: f"Nested deeper than {DEPTH_LIMIT} levels, which many parsers reject.",
    WarningCode.CUT_OFF: "This text may have been cut off: it ends in the middle of a sentence.",
}
_STOPPED = "The model stopped at its token limit: the value may be cut off."


def warnings_of(raw: str, *, stopped: bool = False) -> tuple[Warning, ...]:
    """At most WARNING_LIMIT warnings about valid JSON. ``stopped``: the model stopped at its token limit."""
    found: list[Warning] = []
    lines = _Lines(raw)
    for code, path, position in _findings(raw):
        found.append(Warning(code, path, *lines.place(position), _MESSAGES[code]))
        if len(found) == WARNING_LIMIT:
            return tuple(found)
    if stopped:
        found = [w for w in found if w.code is not WarningCode.CUT_OFF]
        found.append(Warning(WarningCode.CUT_OFF, "", *lines.place(len(raw)), _STOPPED))
    return tuple(found)


def _findings(raw: str) -> Iterator[tuple[WarningCode, str, int]]:
    if raw[:1] == BOM:
        yield WarningCode.BYTE_ORDER_MARK, "", 0
    if _may_be_odd(raw):
        yield from _read(raw)


class _DuplicateName(Exception):
    """An object contains the same name twice."""


def _check_names(pairs: list[tuple[str, object]]) -> None:
    if len(pairs) > 1 and len({name for name, _ in pairs}) != len(pairs):
        raise _DuplicateName


_NAME_CHECK = json.JSONDecoder(object_pairs_hook=_check_names, parse_int=len, parse_float=len)


def _may_be_odd(raw: str) -> bool:
    if any(pattern.search(raw) for pattern in _CHEAP_SIGNS):
        return True
    try:
        _NAME_CHECK.decode(raw.removeprefix(BOM))
    except (_DuplicateName, RecursionError, ValueError):
        return True
    return raw.count("{") + raw.count("[") > DEPTH_LIMIT


def _read(raw: str) -> Iterator[tuple[WarningCode, str, int]]:
    path: list[str | int] = []
    names: list[set[str] | None] = []  # One entry per open bracket: the names so far of an object, None for an array.
    wants_name = False
    last: tuple[str, str, int] | None = None  # The last string value, its path and position.
    for token in _TOKEN.finditer(raw):
        kind, source, at = token.lastgroup, token.group(), token.start()
        if kind == "mark":
            if source in "{[":
                names.append(set() if source == "{" else None)
                path.append("" if source == "{" else 0)
                if len(names) == DEPTH_LIMIT + 1:
                    yield WarningCode.TOO_DEEP, _pointer(path[:-1]), at
            elif source in "}]":
                names.pop()
                path.pop()
            elif source == "," and names[-1] is None:
                path[-1] = int(path[-1]) + 1
            wants_name = source in "{," and names[-1:] != [None] and bool(names)
        elif kind == "string":
            text = str(json.loads(source)) if "\\" in source else source[1:-1]
            known = names[-1] if wants_name else None
            if known is not None:
                path[-1] = text
                if text in known:
                    yield WarningCode.DUPLICATE_NAME, _pointer(path), at
                known.add(text)
            else:
                last = text, _pointer(path) if token.end() > len(raw) - 1000 else "", at
            yield from ((code, _pointer(path), at) for code in _codes_of_string(source, text))
        elif kind == "number":
            code = _code_of_number(source)
            if code is not None:
                yield code, _pointer(path), at
    if last is not None and _is_cut_off(last[0]) and not re.search(r"[\w]", raw[last[2] + len(last[0]) + 2 :][-40:]):
        yield WarningCode.CUT_OFF, last[1], last[2]


def _codes_of_string(source: str, text: str) -> Iterator[WarningCode]:
    if LONE_SURROGATE.search(text) is not None:
        yield WarningCode.HALF_SURROGATE
    if "\\" in source and _ESCAPED_CONTROL.search(source) is not None and lost_backslash(text):
        yield WarningCode.LOST_BACKSLASH


def _code_of_number(text: str) -> WarningCode | None:
    if len(text) < 16 and "e" not in text and "E" not in text:
        return None
    mantissa, _, _ = text.lower().partition("e")
    digits = mantissa.lstrip("-").replace(".", "")
    value = float(text)
    if math.isinf(value) or (value == 0 and digits.strip("0")):
        return WarningCode.NUMBER_RANGE
    if text.lstrip("-").isdigit():
        return WarningCode.NUMBER_PRECISION if len(digits) > 16 or int(digits) > SAFE_INTEGER else None
    significant = digits.lstrip("0").rstrip("0")
    return WarningCode.NUMBER_PRECISION if len(significant) > SIGNIFICANT_DIGITS else None


def _is_cut_off(text: str) -> bool:
    """True if a text of several sentences ends in the middle of one."""
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
    """Converts ascending positions to line and column, counted from 1, in one pass."""

    def __init__(self, raw: str) -> None:
        self._raw, self._line, self._at = raw, 1, 0

    def place(self, position: int) -> tuple[int, int]:
        if position < self._at:
            self._line, self._at = 1, 0
        self._line += self._raw.count("\n", self._at, position)
        self._at = position
        return self._line, position - self._raw.rfind("\n", 0, position)
