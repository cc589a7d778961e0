"""The tokens and the state of the tolerant tokenizer, shared by ``strings``, ``bare_words`` and ``lexer``."""

import re
from dataclasses import dataclass, field

from job_processor.core.verdict import Edit
from job_processor.results.json_patterns import LITERAL, NUMBER

QUOTES = {'"': '"', "'": "'", "“": '“”„"', "„": '”“"', "‘": "’‘'", "`": "`"}
"""Opening quotes, each with its possible closing quotes."""
PYTHON_LITERALS = {"True": "true", "False": "false", "None": "null"}
BLANK = re.compile(r"[\s\ufeff]*+")
BARE_ITEM = re.compile(rf"(?:{NUMBER}|{LITERAL}|True|False|None)\s*+(?=[,\]}}])")
CLEAN_NAME = re.compile(r"[\w$.@ -]{1,100}\Z")
COMMENT = re.compile(r"//[^\n]*+|#[^\n]*+|/\*(?>(?:[^*]|\*(?!/))*)(?:\*/|\Z)")


class NoSafeRepair(Exception):
    """There is no repair, or it is ambiguous. The message, if any, is for people."""


@dataclass(slots=True)
class Token:
    """A token from ``start`` to ``end``, with the ``edits`` that make it valid JSON.

    ``kind``: the character of a structural token; ``s``: a string or name; ``v``: a number or literal; ``n``: a number
    at the end of the text, which may be cut off; ``h``: any other cut-off word.
    """

    kind: str
    start: int
    end: int
    edits: list[Edit] = field(default_factory=list)
    first_on_line: bool = False
    """True if the token is the first one on its line."""


class Tokenizer:
    """The state of one pass over ``body`` up to ``end``."""

    def __init__(self, body: str, end: int) -> None:
        self.tokens: list[Token] = []
        self.comments: list[tuple[int, int]] = []
        self.guesses = 0
        """Number of inserted quotes."""
        self.unescaped = 0
        """Number of strings that contain unescaped quotes."""
        self.unquoted = 0
        """Number of unquoted values that are neither numbers nor literals."""
        self._body = body
        self._end = end
        self._stack: list[str] = []
        self._tuples = 0
        self.cut_string = False
        """True if the text ends inside a string."""

    def _wants_value(self) -> bool:
        last = self.tokens[-1].kind if self.tokens else "["
        return last in "[:" or (last == "," and self._stack[-1:] == ["]"])

    def _wants_name(self) -> bool:
        return self._stack[-1:] == ["}"] and self.tokens[-1].kind != ":"


def swap(at: int, mark: str, wanted: str) -> list[Edit]:
    """The edit that replaces the character ``mark`` by ``wanted``; empty if they are equal, or for ``{`` and ``}``."""
    return (
        []
        if mark == wanted or (mark == "{" and wanted == "[") or (mark == "}" and wanted == "]")
        else [Edit(at, mark, wanted)]
    )


def match_end(pattern: "re.Pattern[str]", text: str, at: int) -> int:
    """The end of the match at ``at``; ``at`` if there is none."""
    found = pattern.match(text, at)
    return at if found is None else found.end()
