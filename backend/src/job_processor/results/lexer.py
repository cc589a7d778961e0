"""A tolerant reading of JSON's tokens: every token knows where it stood and which edits would spell it as JSON.

One pass, in time linear in the text. What is a guess is counted, so that two guesses are never made in one text.
Strings are read in ``strings``, words without quotes in ``words``.
"""

import re

from job_processor.results.reading import BLANK, COMMENT, QUOTES, Token, Unreadable, match_end, swap
from job_processor.results.words import Words

__all__ = ["Lexer", "Token", "Unreadable"]

_TUPLE = re.compile(r"\(\s*+(?:[\"'“{\[()]|-?+\d|True\b|False\b|None\b)")
_LONE_QUOTE = re.compile(r"\"|(?<!\w)'|'(?!\w)")


class Lexer(Words):
    def __init__(self, body: str, start: int, end: int) -> None:
        super().__init__(body, end)
        self.end = self._run(start)
        """Behind the last token: where the JSON ended, or where talk begins."""

    def _run(self, at: int) -> int:
        body = self._body
        while True:
            before = at
            at = self._skip(at)
            if at >= self._end:
                return self._end
            if self.tokens and not self._stack and self.tokens[-1].kind in "}]" and body[at] not in ",}]":
                return before
            fresh = "\n" in body[before:at] if before != at else False
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
                ended = self._bare(at, fresh)
                if ended is None:
                    return before
                at = ended
            if len(self.tokens) > count:
                self.tokens[count].fresh_line = fresh

    def _skip(self, at: int) -> int:
        while True:
            at = min(match_end(BLANK, self._body, at), self._end)
            comment = COMMENT.match(self._body, at, self._end)
            if comment is None:
                return at
            self.comments.append((at, comment.end()))
            if len(_LONE_QUOTE.findall(comment.group())) % 2 == 1:
                raise Unreadable  # It may be no comment: a string that lost its first quote.
            if (comment.end() == self._end or not self._stack) and re.search(r"[\"{}\[\]]", comment.group()):
                raise Unreadable  # The rest of the JSON may stand in what looks like a comment.
            at = comment.end()
