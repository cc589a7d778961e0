"""The part of the tolerant tokenizer that reads unquoted words: numbers, literals, names, and text without quotes."""

import re

from job_processor.core.verdict import Edit
from job_processor.results.json_patterns import LITERAL, NUMBER
from job_processor.results.strings import Strings
from job_processor.results.tokenizer import BLANK, CLEAN_NAME, PYTHON_LITERALS, NoSafeRepair, Token, match_end, swap

_BARE = re.compile(r"[^\s\"“”{}\[\],:]++(?>(?:[ \t]++(?!//|/\*|#)[^\s\"“”{}\[\],:]++){0,40})")
_JSON_WORD = re.compile(rf"(?:{NUMBER}|{LITERAL})\Z")
_LITERALS_JOINED = re.compile(r"(?:true|false|null|True|False|None|[\d.eE+-])*\Z")
_OTHER_COMMA = re.compile(r"[;，、；：]")
_TIME = re.compile(r"\d{1,4}(?::\d\d(?:\.\d+)?){1,2}(?=\s*+(?:[,}\]\n]|\Z))")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*+(?>(?:Z|[+-]\d\d:?\d\d)?)(?=\s*+(?:[,}\]\n]|\Z))")
_URL = re.compile(r"[a-z]{2,10}+://[^\s\"'{}\[\],]++(?=\s*+(?:[,}\]\n]|\Z))")
_REST_OF_LINE = re.compile(r"(?>(?:[^\"\n\\]|\\.)+)\"(?=[ \t]*+,?+[ \t]*+(?:\n|\Z))")


class BareWords(Strings):
    """Methods take positions in the text, and return the position after the token that they add."""

    def _bare(self, at: int, first_on_line: bool) -> int | None:
        """Read an unquoted word; the position after it, or ``None`` if prose begins here."""
        body, end = self._body, self._end
        if self._wants_name():
            return self._bare_name(at, first_on_line)
        rest = _REST_OF_LINE.match(body, at, end) if self._is_own_line(first_on_line) else None
        if rest is not None:
            return self._missing_opening(at, rest.end() - 1)
        for pattern in (_DATE_TIME, _TIME, _URL):
            odd = pattern.match(body, at, end)
            if odd is not None:
                return self._quoted_bare(at, odd.end())
        found = _BARE.match(body, at, end)
        if found is None:
            raise NoSafeRepair
        word, stop = found.group(), found.end()
        if self._tuples and ")" in word and "(" not in word:
            word = word[: word.index(")")].rstrip()
            stop = at + len(word)
        if first_on_line and self.tokens[-1:] and self.tokens[-1].kind in "svh}]" and " " in word.strip():
            return None
        after = match_end(BLANK, body, stop)
        follows = body[after] if after < end else ""
        if _JSON_WORD.match(word) or word in PYTHON_LITERALS:
            if follows in ('"', "'") and stop == after and self._closing_only(after):
                return self._missing_opening(at, after)
            return self._scalar(at, stop)
        if follows == ":" and self._stack[-1:] == ["}"]:
            # A value and the next name without a comma: the name is the last word before the colon.
            head, _, _ = word.rpartition(" ")
            head = head.rstrip()
            if head and (_JSON_WORD.match(head) or head in PYTHON_LITERALS):
                return self._scalar(at, at + len(head))
            raise NoSafeRepair
        if follows == '"' and self._closing_only(after):
            return self._missing_opening(at, after)
        head, _, tail = word.partition(" ")
        if tail and self._stack[-1:] == ["]"] and (_JSON_WORD.match(head) or head in PYTHON_LITERALS):
            return self._scalar(at, at + len(head)) if _all_scalars(tail) else self._whole_bare(at, stop, word)
        return self._whole_bare(at, stop, word, self._in_object_until_quote(at, stop))

    def _is_own_line(self, first_on_line: bool) -> bool:
        """True if this is the only value on its line, so that a quote at the end of the line closes it."""
        if first_on_line:
            return self._stack[-1:] == ["]"]
        return self._stack[-1:] == ["}"] and len(self.tokens) > 1 and self.tokens[-2].first_on_line

    def _in_object_until_quote(self, at: int, stop: int) -> int | None:
        """The position of the closing quote of a text that contains commas or colons and lacks its opening quote.

        ``None``: not such a text, or not in an object.
        """
        body = self._body
        if self._stack[-1:] != ["}"] or body[stop : stop + 1] not in (",", ":"):
            return None
        quote = re.compile(r"[^\"{}\[\]\n]{0,1000}+\"").match(body, stop, self._end)
        if quote is None or not self._closing_only(quote.end() - 1):
            return None
        if re.search(r",\s*[\w$-]+\s*:", body[at : quote.end()]):
            raise NoSafeRepair
        return quote.end() - 1

    def _closing_only(self, at: int) -> bool:
        """True if the quote at ``at`` can only be a closing quote."""
        after = match_end(BLANK, self._body, at + 1)
        return after >= self._end or self._body[after] in ",}]"

    def _missing_opening(self, at: int, quote: int) -> int:
        if self.comments and not self._body[self.comments[-1][1] : at].strip():
            raise NoSafeRepair  # The preceding comment may be part of the string.
        content = self._body[at:quote]
        first, _, rest = content.partition(" ")
        if rest and self._stack[-1:] == ["]"] and (_JSON_WORD.match(first) or first in PYTHON_LITERALS):
            raise NoSafeRepair
        self.guesses += 1
        edits = [Edit(at, "", '"')]
        here = content.find("\\")
        while here >= 0:
            length, edit, invalid = self._escape(at + here)
            if invalid or here + length > len(content) or length == 0:
                raise NoSafeRepair
            edits += [] if edit is None else [edit]
            here = content.find("\\", here + length)
        edits += swap(quote, self._body[quote], '"')
        self.tokens.append(Token("s", at, quote + 1, edits))
        return quote + 1

    def _whole_bare(self, at: int, stop: int, word: str, quote: int | None = None) -> int:
        if quote is not None:
            return self._missing_opening(at, quote)
        if stop >= self._end:
            return self._cut_word(at)
        if any(mark in word for mark in "()`'\\…") or word.strip(".") == "" or word.endswith("..."):
            raise NoSafeRepair
        if self._body[stop] in '"“”:{[':
            raise NoSafeRepair
        if _OTHER_COMMA.search(word):
            raise NoSafeRepair  # This character may separate two values.
        if not re.search(r"\s", word) and _LITERALS_JOINED.match(word) and re.search(r"[a-df-zA-DF-Z]", word):
            raise NoSafeRepair  # The word may be two literals without a comma between them.
        if re.match(r"-?\d", word) and (word.count(".") > 1 or re.match(r".*\d-", word)) and not _is_dated(word):
            raise NoSafeRepair  # The word may be two numbers.
        return self._quoted_bare(at, stop)

    def _quoted_bare(self, at: int, stop: int) -> int:
        if stop >= self._end:
            return self._cut_word(at)
        word = self._body[at:stop]
        self.unquoted += 1
        edits = [Edit(at, "", '"')]
        edits += [Edit(at + m.start(), "\\", "\\\\") for m in re.finditer(r"\\", word)]
        self.tokens.append(Token("s", at, stop, [*edits, Edit(stop, "", '"')]))
        return stop

    def _scalar(self, at: int, stop: int) -> int:
        word = self._body[at:stop]
        if stop >= self._end and word not in PYTHON_LITERALS and not word.isalpha():
            return self._cut_word(at)
        edits = [Edit(at, word, PYTHON_LITERALS[word])] if word in PYTHON_LITERALS else []
        self.tokens.append(Token("v", at, stop, edits))
        return stop

    def _cut_word(self, at: int) -> int:
        word = self._body[at : self._end]
        kind = "n" if _JSON_WORD.match(word) else "h"
        self.tokens.append(Token(kind, at, self._end))
        return self._end

    def _bare_name(self, at: int, first_on_line: bool) -> int | None:
        body, end = self._body, self._end
        found = re.compile(r"[^\s\"'“”{}\[\],:][^\"“”{}\[\],:\n]*+").match(body, at, end)
        if found is None:
            raise NoSafeRepair
        name = found.group().rstrip()
        stop = at + len(name)
        after = match_end(BLANK, body, stop)
        if after >= end:
            if first_on_line and " " in name:
                return None
            return self._cut_word(at)
        follows = body[after]
        if follows in "\"'" and after == stop and match_end(BLANK, body, after + 1) < end:
            if body[match_end(BLANK, body, after + 1)] != ":" or not CLEAN_NAME.match(name):
                raise NoSafeRepair
            self.guesses += 1
            edits = [Edit(at, "", '"'), *swap(after, follows, '"')]
            self.tokens.append(Token("s", at, after + 1, edits))
            return after + 1
        if (
            follows != ":"
            or not CLEAN_NAME.match(name)
            or (first_on_line and " " in name and self.tokens[-1].kind in "svh}]")
        ):
            if first_on_line and self.tokens[-1].kind in "svh}]" and " " in name:
                return None
            raise NoSafeRepair
        if name.endswith("'"):
            raise NoSafeRepair
        self.tokens.append(Token("s", at, stop, [Edit(at, "", '"'), Edit(stop, "", '"')]))
        return stop


def _all_scalars(rest: str) -> bool:
    return all(_JSON_WORD.match(word) or word in PYTHON_LITERALS for word in rest.split())


def _is_dated(word: str) -> bool:
    return re.match(r"\d{4}-\d\d(-\d\d)?\Z|\d{1,3}(\.\d{1,3}){2,3}\Z|[\d-]{7,}\Z", word) is not None and (
        word.count("-") in (0, 2) or word.count(".") >= 2
    )
