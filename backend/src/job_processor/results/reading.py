"""What the parts of the tolerant reader share: where it stands in the text, and what it has read."""

import re
from dataclasses import dataclass, field

from job_processor.core.verdict import Edit
from job_processor.results.tokens import LITERAL, NUMBER

QUOTES = {'"': '"', "'": "'", "“": '“”„"', "„": '”“"', "‘": "’‘'", "`": "`"}
"""Opening quotes, each with what may close it."""
WORDS = {"True": "true", "False": "false", "None": "null"}
BLANK = re.compile(r"[\s\ufeff]*+")
BARE_ITEM = re.compile(rf"(?:{NUMBER}|{LITERAL}|True|False|None)\s*+(?=[,\]}}])")
CLEAN_NAME = re.compile(r"[\w$.@ -]{1,100}\Z")
COMMENT = re.compile(r"//[^\n]*+|#[^\n]*+|/\*(?>(?:[^*]|\*(?!/))*)(?:\*/|\Z)")


class Unreadable(Exception):
    """The text can be read in more than one way, or in none."""


@dataclass(slots=True)
class Token:
    """``kind``: a mark itself; ``s`` a string or name; ``v`` a number or literal; ``h`` one that the end cut off."""

    kind: str
    start: int
    end: int
    edits: list[Edit] = field(default_factory=list)
    fresh_line: bool = False
    """Does a line end before it?"""


class Reading:
    """The state of one pass over a text."""

    def __init__(self, body: str, end: int) -> None:
        self.tokens: list[Token] = []
        self.comments: list[tuple[int, int]] = []
        self.guesses = 0
        """Places where a quote is missing."""
        self.inner = 0
        """Strings with quotes inside that are not escaped."""
        self.bare = 0
        """Values without quotes that are neither numbers nor words of JSON."""
        self._body = body
        self._end = end
        self._stack: list[str] = []
        self._tuples = 0
        self.cut_string = False
        """Did the text end inside a string?"""

    def _wants_value(self) -> bool:
        last = self.tokens[-1].kind if self.tokens else "["
        return last in "[:" or (last == "," and self._stack[-1:] == ["]"])

    def _wants_name(self) -> bool:
        return self._stack[-1:] == ["}"] and self.tokens[-1].kind != ":"


def swap(at: int, mark: str, wanted: str) -> list[Edit]:
    return (
        []
        if mark == wanted or (mark == "{" and wanted == "[") or (mark == "}" and wanted == "]")
        else [Edit(at, mark, wanted)]
    )


def match_end(pattern: "re.Pattern[str]", text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()
