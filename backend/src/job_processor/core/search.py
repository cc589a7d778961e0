"""The query language of searches: ``status:failed attempts:>2 -tag:eu "exact words" words``.

Parts are separated by spaces; a job must match all of them. A part is a word, a phrase in quotes, or a term with a
value. A leading ``-`` negates it. In quotes ``\\"`` and ``\\\\`` stand for a quote and a backslash.
"""

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from job_processor.core.errors import InvalidField
from job_processor.core.search_terms import METADATA, TermKind, kind_of, names
from job_processor.core.search_values import checked

MAX_LENGTH = 1_000
"""Maximum characters of a search."""
MAX_PARTS = 50
OPERATORS = ("<=", ">=", "<", ">")
_TOKEN = re.compile(r"[^\W_]")
_NAME = re.compile(r'[^\s:",]*')
_BARE = re.compile(r'[^\s",]*')
_WORD = re.compile(r'[^\s"]+')
_PLAIN = re.compile(r'[^\s",<>=-][^\s",]*')
"""A value that needs no quotes."""


class SearchInvalid(InvalidField):
    """A syntax error in a search at character ``at`` (from 1). The message does not quote the search."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__("q", f"at character {at}: {message}")
        self.at = at


@dataclass(frozen=True, slots=True)
class Term:
    """A term. ``values``: alternatives, of which one must match. ``operator``: one of OPERATORS; empty: equality.
    ``at``: the position in the search, in characters from 1."""

    name: str
    values: tuple[str, ...]
    operator: str = ""
    negated: bool = False
    at: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Words:
    """Text to search for. ``exact``: the text was in quotes. ``negated``: the text must not occur."""

    text: str
    exact: bool = False
    negated: bool = False
    at: int = field(default=1, compare=False)


Part: TypeAlias = Term | Words
Search: TypeAlias = tuple[Part, ...]


def parse(text: str) -> Search:
    """The parts of the search. Raises only ``SearchInvalid``."""
    if len(text) > MAX_LENGTH:
        raise SearchInvalid(MAX_LENGTH + 1, f"a search has at most {MAX_LENGTH} characters")
    if "\0" in text:
        raise SearchInvalid(text.index("\0") + 1, "a search has no NUL")
    reader = _Reader(text)
    parts: list[Part] = []
    while reader.skip_spaces():
        if len(parts) == MAX_PARTS:
            raise SearchInvalid(reader.at + 1, f"a search has at most {MAX_PARTS} parts")
        parts.append(_part(reader))
    return tuple(parts)


def render(search: Search) -> str:
    """The text of a search; ``parse`` returns the same parts."""
    return " ".join(("-" if part.negated else "") + _rendered(part) for part in search)


def _rendered(part: Part) -> str:
    if isinstance(part, Words):
        return _quoted(part.text) if part.exact else part.text
    values = (value if _PLAIN.fullmatch(value) else _quoted(value) for value in part.values)
    return f"{part.name}:{part.operator}{','.join(values)}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip_spaces(self) -> bool:
        """Skip white space; true unless the end is reached."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at < len(self.text)

    def take(self, wanted: str) -> bool:
        if self.text.startswith(wanted, self.at):
            self.at += len(wanted)
            return True
        return False

    def run(self, pattern: re.Pattern[str]) -> str:
        """Consume the match at the current position; empty if there is none."""
        found = pattern.match(self.text, self.at)
        taken = "" if found is None else found[0]
        self.at += len(taken)
        return taken

    def quoted(self) -> str:
        """Consume a quoted text at the current position; returns it without quotes and escapes."""
        began = self.at
        self.at += 1
        inside: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char == '"':
                return "".join(inside)
            if char == "\\" and self.text[self.at : self.at + 1] in ('"', "\\"):
                char = self.text[self.at]
                self.at += 1
            inside.append(char)
        raise SearchInvalid(began + 1, "these quotes have no end")


def _part(reader: _Reader) -> Part:
    at = reader.at + 1
    negated = reader.take("-")
    if reader.text.startswith('"', reader.at):
        return _words(reader.quoted(), True, negated, at)
    began = reader.at
    name = reader.run(_NAME)
    if name and reader.take(":"):
        return _term(reader, name, negated, at)
    reader.at = began
    return _words(reader.run(_WORD), False, negated, at)


def _words(text: str, exact: bool, negated: bool, at: int) -> Words:
    if not exact and ":" in text:
        raise SearchInvalid(at, "a word with a colon must be in quotes")
    if _TOKEN.search(text) is None:
        raise SearchInvalid(at, "there is no letter and no digit to search for")
    return Words(text, exact, negated, at)


def _term(reader: _Reader, name: str, negated: bool, at: int) -> Term:
    name = name if name.startswith(METADATA) else name.lower()
    kind = kind_of(name)
    if kind is None:
        hint = "words with a colon must be in quotes"
        raise SearchInvalid(at, f"there is no such term; the terms are: {names()}; {hint}")
    if negated and kind.is_ordered:
        raise SearchInvalid(at, "compare the other way, with < or >, instead of putting - before this term")
    operator = next((one for one in OPERATORS if reader.take(one)), "")
    if operator and not kind.is_ordered:
        raise SearchInvalid(at, "this term cannot be compared with < or >")
    values = [_value(reader, kind)]
    while reader.take(","):
        if not kind.several:
            raise SearchInvalid(at, "this term takes one value; one with a comma must be in quotes")
        values.append(_value(reader, kind))
    if reader.at < len(reader.text) and not reader.text[reader.at].isspace():
        raise SearchInvalid(reader.at + 1, "there must be a space between two parts")
    return Term(name, tuple(dict.fromkeys(values)), operator, negated, at)


def _value(reader: _Reader, kind: TermKind) -> str:
    at = reader.at + 1
    text = reader.quoted() if reader.text.startswith('"', reader.at) else reader.run(_BARE)
    try:
        return checked(kind.values, text)
    except ValueError as error:
        raise SearchInvalid(at, str(error)) from None
