"""A tolerant JSON tokenizer: each token has its position and the edits that make it valid JSON.

One pass, linear time. Guesses (missing quotes) are counted, because a repair may contain only one. ``strings`` reads
strings, ``bare_words`` unquoted words.
"""

import re

from job_processor.results.bare_words import BareWords
from job_processor.results.tokenizer import BLANK, COMMENT, QUOTES, NoSafeRepair, Token, match_end, swap

__all__ = ["Lexer", "Token", "NoSafeRepair"]

_TUPLE = re.compile(r"\(\s*+(?:[\"'“{\[()]|-?+\d|True\b|False\b|None\b)")
_LONE_QUOTE = re.compile(r"\"|(?<!\w)'|'(?!\w)")


class Lexer(BareWords):
    """The tokens of ``body`` from ``start`` to ``end``. Raises ``NoSafeRepair`` if the text is ambiguous."""

    def __init__(self, body: str, start: int, end: int) -> None:
        super().__init__(body, end)
        self.end = self._run(start)
        """The position after the last token: the end of the JSON, or where prose begins."""

    def _run(self, at: int) -> int:
        body = self._body
        while True:
            before = at
            at = self._skip(at)
            if at >= self._end:
                return self._end
            if self.tokens and not self._stack and self.tokens[-1].kind in "}]" and body[at] not in ",}]":
                return before
            first_on_line = "\n" in body[before:at] if before != at else False
            mark = body[at]
            count = len(self.tokens)
            if mark in "{[" or (mark == "(" and self._wants_value() and _TUPLE.match(body, at)):
                self._stack.append("}" if mark == "{" else "]")
                self._tuples += mark == "("
                self.tokens.append(Token("{" if mark == "{" else "[", at, at + 1, swap(at, mark, "[")))
                at += 1
            elif mark in "}]" or (mark == ")" and self._tuples and self._stack[-1:] == ["]"]):
                if self._stack:
                    self._stack.pop()
                self._tuples -= mark == ")"
                self.tokens.append(Token("}" if mark == "}" else "]", at, at + 1, swap(at, mark, "]")))
                at += 1
            elif mark in ",:":
                self.tokens.append(Token(mark, at, at + 1))
                at += 1
            elif mark in QUOTES:
                at = self._string(at)
            else:
                ended = self._bare(at, first_on_line)
                if ended is None:
                    return before
                at = ended
            if len(self.tokens) > count:
                self.tokens[count].first_on_line = first_on_line

    def _skip(self, at: int) -> int:
        while True:
            at = min(match_end(BLANK, self._body, at), self._end)
            comment = COMMENT.match(self._body, at, self._end)
            if comment is None:
                return at
            self.comments.append((at, comment.end()))
            if len(_LONE_QUOTE.findall(comment.group())) % 2 == 1:
                raise NoSafeRepair  # The comment may be a string without its opening quote.
            if (comment.end() == self._end or not self._stack) and re.search(r"[\"{}\[\]]", comment.group()):
                raise NoSafeRepair  # The comment may contain the rest of the JSON.
            at = comment.end()
