"""Finds a value in a JSON text by JSON Pointer (RFC 6901) and returns its text unchanged. Pure."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from job_processor.core.nesting import is_too_deep
from job_processor.results import strict

_ESCAPE: Final = re.compile(r"~([01])")
_NOT_AN_ESCAPE: Final = re.compile(r"~(?![01])")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NAMES_SHOWN: Final = 10
_NAME_CHARACTERS: Final = 40


class NotThere(Exception):
    """There is no value at the pointer. The message says what there is instead."""


class NotJson(Exception):
    """The text is not JSON. The message has the reason, and the position if known."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """``text``: as given; ``steps``: its reference tokens, unescaped."""

    text: str
    steps: Sequence[str]


def parse(text: str) -> Pointer:
    """Raises ValueError, with a message for people, if ``text`` is not a JSON Pointer."""
    if text and not text.startswith("/"):
        raise ValueError("must be empty or begin with / (a JSON Pointer, RFC 6901)")
    if _NOT_AN_ESCAPE.search(text):
        raise ValueError("must write ~ as ~0 and a / within a name as ~1 (a JSON Pointer, RFC 6901)")
    steps = [_ESCAPE.sub(lambda found: "~/"[int(found[1])], step) for step in text.split("/")[1:]]
    return Pointer(text, steps)


def find(document: str, pointer: Pointer) -> str:
    """The text of the value at ``pointer``, byte for byte. Of duplicate names the last one wins.

    Raises NotThere and NotJson.
    """
    if is_too_deep(document):
        raise NotJson("it is nested too deep")
    if document[:1] == strict.BOM:
        raise NotJson("Expected a JSON value, found a byte order mark (line 1, column 1)")
    try:
        strict.parse(document)
    except strict.NotJson as error:
        line = document.count("\n", 0, error.position) + 1
        column = error.position - document.rfind("\n", 0, error.position)
        raise NotJson(f"{error.message.removesuffix('.')} (line {line}, column {column})") from None
    start, end = _skip(document, 0), len(document.rstrip(" \t\n\r"))
    for done, step in enumerate(pointer.steps):
        start, end = _member(document, start, step, pointer.text.split("/")[1 : done + 1])
    return document[start:end]


# Numbers are not converted: they may be of any size, and their values are not needed.
_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str)


def _member(document: str, start: int, step: str, way: Sequence[str]) -> tuple[int, int]:
    """Start and end of the member ``step`` of the container at ``start``. ``way``: the previous steps, for messages."""
    where = f"at /{'/'.join(way)}" if way else "at the top"
    match document[start]:
        case "{":
            found: tuple[int, int] | None = None
            others: dict[str, None] = {}
            for name, begin, end in _members(document, start):
                if name == step:
                    found = begin, end
                elif len(others) <= _NAMES_SHOWN:
                    others[name] = None
            if found is None:
                raise NotThere(f"{where} there is an object {_with_names(list(others))}")
            return found
        case "[":
            size = 0
            index = int(step) if _INDEX.fullmatch(step) else -1
            for begin, end in _items(document, start):
                if size == index:
                    return begin, end
                size += 1
            raise NotThere(f"{where} there is a list of {size}")
        case first:
            raise NotThere(f"{where} there is {_kind(first)}")


def _members(document: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Name, start and end of every member of the object at ``at``; the document must be valid JSON."""
    at = _skip(document, at + 1)
    while document[at] != "}":
        name, at = _DECODER.raw_decode(document, at)
        begin = _skip(document, _skip(document, at) + 1)
        _, end = _DECODER.raw_decode(document, begin)
        yield name, begin, end
        at = _next(document, end)


def _items(document: str, at: int) -> Iterator[tuple[int, int]]:
    """Start and end of every item of the list at ``at``; the document must be valid JSON."""
    at = _skip(document, at + 1)
    while document[at] != "]":
        _, end = _DECODER.raw_decode(document, at)
        yield at, end
        at = _next(document, end)


def _next(document: str, end: int) -> int:
    """The position after a member that ends at ``end``: the next member or the closing bracket."""
    at = _skip(document, end)
    return _skip(document, at + 1) if document[at] == "," else at


def _skip(document: str, at: int) -> int:
    space = _SPACE.match(document, at)
    assert space is not None
    return space.end()


def _kind(first: str) -> str:
    return {'"': "a text", "t": "true", "f": "false", "n": "null"}.get(first, "a number")


def _with_names(names: Sequence[str]) -> str:
    if not names:
        return "without a member"
    shown = ", ".join(name[:_NAME_CHARACTERS] for name in names[:_NAMES_SHOWN])
    return f"with {shown}{', …' if len(names) > _NAMES_SHOWN else ''}"
