"""A tolerant JSON tokenizer: each token carries its position and the edits that would make it valid JSON.

One pass, linear time. Guesses are counted, because a repair may contain only one. Strings are read in ``strings``,
unquoted words in ``bare_words``.
"""

import re

from job_processor.results.bare_words import BareWords
from job_processor.results.tokenizer import BLANK, COMMENT, QUOTES, NoSafeRepair, Token, match_end, swap

__all__ = ["Lexer", "Token", "NoSafeRepair"]

_TUPLE = re.compile(r"\(\s*+(?:[\"'“{\[()]|-?+\d|True\b|False\b|None\b)")
_LONE_QUOTE = re.compile(r"\"|(?<!\w)'|'(?!\w)")


class Lexer(BareWords):
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
                raise NoSafeRepair  # It may be a string without its opening quote and not a comment.
            if (comment.end() == self._end or not self._stack) and re.search(r"[\"{}\[\]]", comment.group()):
                raise NoSafeRepair  # The rest of the JSON may be inside what looks like a comment.
            at = comment.end()
