"""A strict JSON parser: exactly the grammar of RFC 8259.

Duplicate names and lone surrogates are valid; ``json_warnings`` warns about them. A byte order mark at the start is
ignored, as RFC 8259 section 8.1 allows.
"""

import json
import re
import unicodedata
from decimal import Decimal
from typing import Final, NoReturn

from job_processor.results.json_patterns import LITERAL, NUMBER, STRING, WHITE_SPACE

BOM = "\ufeff"


class NotJson(ValueError):
    """Not valid JSON. ``position``: where parsing failed, in characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class _TooDeep:
    """The type of ``TOO_DEEP``."""


TOO_DEEP: Final = _TooDeep()
"""Returned for a valid value that is nested too deep for this interpreter."""


class _NeedsScan(Exception):
    """The fast parser found an error whose position only ``scan`` can determine."""


def parse(raw: str) -> object:
    """The parsed value, or TOO_DEEP. Of duplicate names the last one wins. Raises NotJson."""
    start = 1 if raw[:1] == BOM else 0
    try:
        return _FAST.decode(raw[start:] if start else raw)
    except (_NeedsScan, RecursionError, ValueError):
        # `scan` does not recurse, so it can distinguish errors from deep nesting; it also finds the position.
        pass
    scan(raw)
    return _parse_slowly(raw[start:])


def _parse_slowly(raw: str) -> object:
    try:
        return json.loads(raw, parse_int=_any_int)
    except RecursionError:
        return TOO_DEEP


def _any_int(digits: str) -> int | Decimal:
    # int() refuses more than 4,300 digits because it needs quadratic time; Decimal needs linear time.
    return int(digits) if len(digits) < 4_000 else Decimal(digits)


def _refuse(_constant: str) -> NoReturn:
    raise _NeedsScan


_FAST = json.JSONDecoder(parse_constant=_refuse)

_SPACE = re.compile(WHITE_SPACE)
_STRING = re.compile(STRING)
_SCALAR = re.compile(f"{NUMBER}|{LITERAL}")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
# Not \w, whose set of letters depends on the Python version.
_WORD = re.compile("[0-9A-Za-z_\u00c0-\u024f]{1,20}")
_PLAIN_CHARACTERS = re.compile(r'[^"\\\x00-\x1f]*+')


def scan(raw: str) -> None:
    """Check the whole text without recursion. Raises NotJson at the first error."""
    at = _skip(raw, 1 if raw[:1] == BOM else 0)
    closers: list[str] = []  # One entry per open bracket.
    while True:
        # A value is expected here.
        opener = raw[at : at + 1]
        if opener == "{" or opener == "[":
            closers.append("}" if opener == "{" else "]")
            at = _skip(raw, at + 1)
            if raw[at : at + 1] != closers[-1]:
                at = _name(raw, at) if opener == "{" else at
                continue
        else:
            at = _skip(raw, _scalar(raw, at))
        # A value has ended, or an empty container is about to be closed.
        while closers:
            closer = closers[-1]
            mark = raw[at : at + 1]
            if mark == closer:
                closers.pop()
                at = _skip(raw, at + 1)
            elif mark == ",":
                at = _skip(raw, at + 1)
                if raw[at : at + 1] == closer:
                    raise NotJson(f'Unexpected "{closer}" after a comma.', at)
                at = _name(raw, at) if closer == "}" else at
                break
            else:
                raise NotJson(f'Expected "," or "{closer}", found {_found(raw, at)}.', at)
        else:
            if at != len(raw):
                raise NotJson(f"Expected the end after the JSON value, found {_found(raw, at)}.", at)
            return


def _name(raw: str, at: int) -> int:
    """Check a member's name and colon; the position of its value."""
    if raw[at : at + 1] != '"':
        raise NotJson(f"Expected a name in double quotes, found {_found(raw, at)}.", at)
    colon = _skip(raw, _string(raw, at))
    if raw[colon : colon + 1] != ":":
        raise NotJson(f'Expected ":", found {_found(raw, colon)}.', colon)
    return _skip(raw, colon + 1)


def _scalar(raw: str, at: int) -> int:
    if raw[at : at + 1] == '"':
        return _string(raw, at)
    match = _SCALAR.match(raw, at)
    if match is None:
        raise NotJson(f"Expected a JSON value, found {_found(raw, at)}.", at)
    return match.end()


def _string(raw: str, at: int) -> int:
    match = _STRING.match(raw, at)
    if match is None:
        raise _string_fault(raw, at)
    return match.end()


def _string_fault(raw: str, start: int) -> NotJson:
    at = start + 1
    while True:
        plain = _PLAIN_CHARACTERS.match(raw, at)
        at = at if plain is None else plain.end()
        if at >= len(raw):
            return NotJson("This string has no closing quote.", start)
        if raw[at] != "\\":
            return NotJson("Unescaped line break or control character in a string.", at)
        if _ESCAPE.match(raw, at) is None:
            if at + 1 >= len(raw):
                return NotJson("This string has no closing quote.", start)
            return NotJson("Invalid escape sequence.", at)
        at += 2


def _skip(raw: str, at: int) -> int:
    match = _SPACE.match(raw, at)
    return at if match is None else match.end()


def _found(raw: str, at: int) -> str:
    if at >= len(raw):
        return "the end"
    if raw[at] == '"':
        return "a double quote"
    if raw[at] == BOM:
        return "a byte order mark"
    if raw.startswith("```", at):
        return "a code fence"
    word = _WORD.match(raw, at)
    found = raw[at] if word is None else word.group()
    return json.dumps(found, ensure_ascii=not all(map(_is_shown, found)))


def _is_shown(character: str) -> bool:
    """True for a printable character. By Unicode 3.2, whose tables are the same in all Python versions."""
    return unicodedata.ucd_3_2_0.category(character)[0] not in "CZ" or "\U0001f300" <= character <= "\U0001faff"
