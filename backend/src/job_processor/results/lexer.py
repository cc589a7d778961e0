"""A tolerant reading of JSON's tokens: every token knows where it stood and which edits would spell it as JSON.

One pass, in time linear in the text. What is a guess is counted, so that two guesses are never made in one text.
"""

import json
import re
from dataclasses import dataclass, field

from job_processor.core.verdict import Edit
from job_processor.results.tokens import LITERAL, NUMBER

QUOTES = {'"': '"', "'": "'", "“": '“”„"', "„": '”“"', "‘": "’‘'", "`": "`"}
"""Opening quotes, each with what may close it."""
WORDS = {"True": "true", "False": "false", "None": "null"}
"""Python's names of JSON's words."""
_BLANK = re.compile(r"[\s\ufeff]*+")
_COMMENT = re.compile(r"//[^\n]*+|#[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)")
_PLAIN = re.compile(r"[^\"'`“”„‘’\\\x00-\x1f]*+")
_BARE = re.compile(r"[^\s\"“”{}\[\],:]++(?:[ \t]++(?!//|/\*|#)[^\s\"“”{}\[\],:]++){0,40}+")
_JSON_WORD = re.compile(rf"(?:{NUMBER}|{LITERAL})\Z")
_LITERALS_JOINED = re.compile(r"(?:true|false|null|True|False|None|[\d.eE+-])*\Z")
_TIME = re.compile(r"\d{1,4}(?::\d\d(?:\.\d+)?){1,2}(?=\s*+(?:[,}\]\n]|\Z))")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*+(?:Z|[+-]\d\d:?\d\d)?+(?=\s*+(?:[,}\]\n]|\Z))")
_URL = re.compile(r"[a-z]{2,10}+://[^\s\"'{}\[\],]++(?=\s*+(?:[,}\]\n]|\Z))")
_NEXT_KEY = re.compile(r"([\"'“])[^\"'“”\n]{0,200}+[\"'”]\s*+:")
_BARE_KEY = re.compile(r"[\w$.-]{1,100}+\s*+:")
_BARE_ITEM = re.compile(rf"(?:{NUMBER}|{LITERAL}|True|False|None)\s*+(?=[,\]}}])")
_CLEAN_NAME = re.compile(r"[\w$.@ -]{1,100}\Z")
_HIDDEN_ITEM = re.compile(rf",\s*(?:{NUMBER}|{LITERAL}|True|False|None)\s*\Z|[}}\]]\s*,|,\s*[\w$-]+\s*:|,\s*[\"'“]")
_HIDDEN_END = re.compile(rf",\s*\Z|,\s*(?:{NUMBER}|{LITERAL}|True|False|None|[\[{{])\s*(?:[,}}\]]|\Z)")
_HIDDEN_NAME = re.compile(r",\s*[\w$-]+\s*:")
_HIDDEN_QUOTE = re.compile(r",\s*[\"'“][^,]*[\"'”]\s*[,\]}]")
_HALF_ESCAPE = re.compile(r"[0-9a-fA-F]{0,7}\Z")
_HALF_AT_END = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
_LINE_OF_JSON = re.compile(r"\n([ \t]*+)(?=[\"'{\[}\]\d-]|true\b|false\b|null\b|True\b|False\b|None\b)(.)")
_MARGIN = re.compile(r"[ \t]*+")
_REST_OF_LINE = re.compile(r"(?:[^\"\n\\]|\\.)++\"(?=[ \t]*+,?+[ \t]*+(?:\n|\Z))")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_FOREIGN_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|(['`“”‘’]))")
_TUPLE = re.compile(r"\(\s*+(?:[\"'“{\[()]|-?+\d|True\b|False\b|None\b)")
_LONE_QUOTE = re.compile(r"\"|(?<!\w)'|'(?!\w)")
_STRUCTURE = frozenset(" \t\r\n,[]{}:")


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


class Lexer:
    def __init__(self, body: str, start: int, end: int) -> None:
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
                self.tokens.append(Token("{" if mark == "{" else "[", at, at + 1, _swap(at, mark, "[")))
                at += 1
            elif mark in "}]" or (mark == ")" and self._stack and self._stack[-1] == "]"):
                if self._stack:
                    self._stack.pop()
                self._tuples -= mark == ")"
                self.tokens.append(Token("}" if mark == "}" else "]", at, at + 1, _swap(at, mark, "]")))
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
            at = min(_match_end(_BLANK, self._body, at), self._end)
            comment = _COMMENT.match(self._body, at, self._end)
            if comment is None:
                return at
            self.comments.append((at, comment.end()))
            if len(_LONE_QUOTE.findall(comment.group())) % 2 == 1:
                raise Unreadable  # It may be no comment: a string that lost its first quote.
            if (comment.end() == self._end or not self._stack) and re.search(r"[\"{}\[\]]", comment.group()):
                raise Unreadable  # The rest of the JSON may stand in what looks like a comment.
            at = comment.end()

    def _wants_value(self) -> bool:
        last = self.tokens[-1].kind if self.tokens else "["
        return last in "[:" or (last == "," and self._stack[-1:] == ["]"])

    def _wants_name(self) -> bool:
        return self._stack[-1:] == ["}"] and self.tokens[-1].kind != ":"

    # --- strings

    def _string(self, start: int) -> int:
        body, closing = self._body, QUOTES[self._body[start]]
        edits = _swap(start, body[start], '"')
        inner: list[int] = []
        wild = escaped = 0
        at = start + 1
        while True:
            at = min(_match_end(_PLAIN, body, at), self._end)
            if at >= self._end:
                return self._unended(start, edits, inner)
            mark = body[at]
            if mark == "\\":
                if body.startswith('\\"', at):
                    escaped += 1
                length, edit, odd = self._escape(at)
                wild += odd
                if length == 0:
                    return self._cut_string(start, at, edits)
                if edit is not None:
                    edits.append(edit)
                at += length
            elif mark == "\n" and not inner and (ended := self._ends_with_line(start, at)) is not None:
                return self._end_string(start, ended, edits)
            elif mark < " ":
                edits.append(Edit(at, mark, json.dumps(mark)[1:-1]))
                at += 1
            elif mark not in closing or self._is_apostrophe(at, mark):
                if mark == '"':
                    edits.append(Edit(at, mark, '\\"'))
                at += 1
            elif self._closes(start, at):
                if wild and escaped % 2 == 1:
                    raise Unreadable  # One of the backslashes was written before a quote that is gone.
                self._check_inner(inner, at)
                edits += _swap(at, mark, '"')
                self.tokens.append(Token("s", start, at + 1, edits))
                return at + 1
            else:
                ended = self._ends_before(start, at)
                if ended is not None:
                    if inner:
                        raise Unreadable
                    return self._end_string(start, ended, edits)
                inner.append(at)
                edits.append(Edit(at, mark, '\\"' if mark == '"' else mark))
                at += 1

    def _is_apostrophe(self, at: int, mark: str) -> bool:
        body = self._body
        return mark in "'’" and body[at - 1].isalnum() and at + 1 < self._end and body[at + 1].isalnum()

    def _escape(self, at: int) -> tuple[int, Edit | None, bool]:
        """Length of the escape, what would spell it as JSON, and is it none at all? Length 0: cut by the end."""
        body = self._body
        known = _ESCAPE.match(body, at, self._end)
        if known is not None:
            return len(known.group()), None, False
        foreign = _FOREIGN_ESCAPE.match(body, at, self._end)
        if foreign is not None:
            code = foreign.group(1) or foreign.group(2)
            if code is None:
                return 2, Edit(at, foreign.group(), foreign.group(3)), False
            if int(code, 16) < 0x110000:
                return len(foreign.group()), Edit(at, foreign.group(), json.dumps(chr(int(code, 16)))[1:-1]), False
        if at + 1 >= self._end or (
            body[at + 1] in "uxU" and _HALF_ESCAPE.match(body[at + 2 : min(at + 12, self._end)])
        ):
            return 0, None, False
        return 1, Edit(at, "\\", "\\\\"), True

    def _closes(self, start: int, at: int) -> bool:
        body = self._body
        after = min(_match_end(_BLANK, body, at + 1), self._end)
        if after >= self._end:
            if self._tail(start, at) != at:
                raise Unreadable  # Cut behind a quote: a closing one, or the opening one of what is not there.
            return True
        follows = body[after]
        if follows == ":":
            return True
        if self._wants_name():
            if follows in "{[" or (after > at + 1 and _BARE_ITEM.match(body, after) is not None):
                return self._tail(start, at) == at
            return follows not in _STRUCTURE and self._tail(start, at) == at and follows in QUOTES and after > at + 1
        if follows in ",}])" or (follows in "#/" and _COMMENT.match(body, after) is not None):
            return True
        if follows in "{[":
            return self._stack[-1:] == ["]"]
        if follows in QUOTES and (follows == '"' or follows != body[at] or after > at + 1):
            # Beside another string a comma is missing, unless this quote begins an empty string.
            if after > at + 1 or at == start + 1 or (self._stack[-1:] == ["}"] and _NEXT_KEY.match(body, after)):
                return True
            return self._tail(start, at) == at
        if self._stack[-1:] == ["]"]:
            return _BARE_ITEM.match(body, after) is not None
        return _BARE_KEY.match(body, after) is not None

    def _tail(self, start: int, at: int) -> int:
        """Where the run of structure characters before ``at`` begins; ``at`` itself if there is no mark in it."""
        first = at
        while first > start + 1 and self._body[first - 1] in _STRUCTURE:
            first -= 1
        return at if not self._body[first:at].strip() else first

    def _ends_before(self, start: int, at: int) -> int | None:
        """The place where a string without its closing quote ends: this quote opens the next token."""
        body = self._body
        if self._wants_name():
            colon = body.find(":", start + 1, at)
            if colon < 0 or not _CLEAN_NAME.match(body[start + 1 : colon]):
                raise Unreadable
            return colon
        first = self._tail(start, at)
        if first == at or at + 1 >= self._end or body[at + 1].isspace():
            return None
        marks = body[first:at]
        if ":" in marks:
            raise Unreadable
        content = body[start + 1 : first]
        in_object = self._stack[-1:] == ["}"]
        if (marks.rstrip()[-1:] in ",{" if in_object else marks.rstrip()[-1:] == "{") and not _NEXT_KEY.match(body, at):
            return None
        if not marks.strip().strip(",{}[] \n\t\r") == "" or _HIDDEN_ITEM.search(content) or "\n" in content:
            raise Unreadable
        return first

    def _ends_with_line(self, start: int, at: int) -> int | None:
        """Where a string without its closing quote ends, if the next line begins like the next member does.

        Only in a text whose members begin lines, and when the next line stands as far in as this one.
        """
        body = self._body
        line = body.rfind("\n", 0, start) + 1
        following = _LINE_OF_JSON.match(body, at, self._end)
        if following is None or self._wants_name():
            return None
        margin = len(_MARGIN.match(body, line).group())  # type: ignore[union-attr]
        content = body[start + 1 : at].rstrip()
        is_last = following.group(2) in "}]"
        if line == 0 or (len(following.group(1)) >= margin if is_last else len(following.group(1)) != margin):
            return None
        if content.endswith(",") == is_last or "\n" in content:
            return None
        return start + 1 + len(content if is_last else content[:-1].rstrip())

    def _end_string(self, start: int, end: int, edits: list[Edit]) -> int:
        """End a string whose closing quote is missing."""
        self.guesses += 1
        edits = [e for e in edits if e.position < end]
        edits.append(Edit(end, "", '"'))
        self.tokens.append(Token("s", start, end, edits))
        return end

    def _unended(self, start: int, edits: list[Edit], inner: list[int]) -> int:
        """The text ends inside this string: its quote is missing, or the text was cut."""
        body = self._body
        content = body[start + 1 : self._end]
        if self._wants_name():
            colon = content.find(":")
            if colon >= 0:
                if not _CLEAN_NAME.match(content[:colon]) or content.rstrip()[-1:] not in "}]":
                    raise Unreadable
                return self._end_string(start, start + 1 + colon, edits)
            return self._cut_string(start, self._end, edits)
        closers = "".join(reversed(self._stack))
        stripped = content
        for closer in reversed(closers):
            stripped = stripped.rstrip()
            if not stripped.endswith(closer):
                break
            stripped = stripped[:-1]
        else:
            stripped = stripped.rstrip()
            if inner or stripped.endswith('\\"') or "\n" in stripped or (body[start] == "'" and "'" in stripped):
                raise Unreadable
            if any(("{" if closer == "}" else "[") in stripped for closer in closers):
                raise Unreadable  # What looks like the closing brackets belongs to the string, it may be.
            if inner or _has_closer(stripped) or _HIDDEN_ITEM.search(stripped) or _HIDDEN_END.search(stripped):
                raise Unreadable
            if self._stack[-1:] == ["]"] and re.search(r"(?:\d|true|false|null)\Z", stripped):
                raise Unreadable  # It may be an element of its own, the comma being lost with the quote.
            return self._end_string(start, start + 1 + len(stripped), edits)
        if _has_closer(content) or _HIDDEN_END.search(content) or _HIDDEN_QUOTE.search(content) or len(inner) % 2 == 1:
            raise Unreadable
        if "\n" in content[len(content.rstrip()) :]:
            raise Unreadable
        if _HIDDEN_NAME.search(content) and any(t.kind == "s" and t.edits for t in self.tokens):
            raise Unreadable  # Names stand bare in this text, and this may be one.
        return self._cut_string(start, self._end, edits)

    def _cut_string(self, start: int, end: int, edits: list[Edit]) -> int:
        """A string that the end cut off; ``end``: before a half escape."""
        if _HALF_AT_END.search(self._body, max(start, end - 6), end) and (
            self._body[start:end].endswith("\\\\" + self._body[end - 5 : end]) is False
        ):
            end -= 6
        self.tokens.append(Token("s", start, end, [*edits, Edit(end, "", '"')]))
        self.cut_string = True
        return self._end

    cut_string = False

    def _check_inner(self, inner: list[int], at: int) -> None:
        if not inner:
            return
        body = self._body
        self.inner += 1
        if len(inner) % 2 == 1:
            if all(body[i - 1].isdigit() for i in inner):
                return  # Inches.
            raise Unreadable
        for opens, closes in zip(inner[::2], inner[1::2], strict=True):
            if body[opens + 1].isspace() or body[closes - 1].isspace() or body[opens - 1].isalnum():
                raise Unreadable

    # --- bare words

    def _bare(self, at: int, fresh: bool) -> int | None:
        """A word without quotes; ``None``: talk begins here."""
        body, end = self._body, self._end
        if self._wants_name():
            return self._bare_name(at, fresh)
        rest = _REST_OF_LINE.match(body, at, end) if self._is_own_line(fresh) else None
        if rest is not None:
            return self._missing_opening(at, rest.end() - 1)
        for pattern in (_DATE_TIME, _TIME, _URL):
            odd = pattern.match(body, at, end)
            if odd is not None:
                return self._quoted_bare(at, odd.end())
        found = _BARE.match(body, at, end)
        if found is None:
            raise Unreadable
        word, stop = found.group(), found.end()
        if self._tuples and ")" in word and "(" not in word:
            word = word[: word.index(")")].rstrip()
            stop = at + len(word)
        if fresh and self.tokens[-1:] and self.tokens[-1].kind in "svh}]" and " " in word.strip():
            return None
        after = _match_end(_BLANK, body, stop)
        follows = body[after] if after < end else ""
        if _JSON_WORD.match(word) or word in WORDS:
            if follows in ('"', "'") and stop == after and self._closing_only(after):
                return self._missing_opening(at, after)
            return self._scalar(at, stop)
        if follows == ":" and self._stack[-1:] == ["}"]:
            # The next name without its comma: its last word before the colon.
            head, _, _ = word.rpartition(" ")
            head = head.rstrip()
            if head and (_JSON_WORD.match(head) or head in WORDS):
                return self._scalar(at, at + len(head))
            raise Unreadable
        if follows == '"' and self._closing_only(after):
            return self._missing_opening(at, after)
        head, _, tail = word.partition(" ")
        if tail and self._stack[-1:] == ["]"] and (_JSON_WORD.match(head) or head in WORDS):
            return self._scalar(at, at + len(head)) if _all_scalars(tail) else self._whole_bare(at, stop, word)
        return self._whole_bare(at, stop, word, self._in_object_until_quote(at, stop))

    def _is_own_line(self, fresh: bool) -> bool:
        """Is this the one value of its line? Then the quote that ends the line is its closing one."""
        if fresh:
            return self._stack[-1:] == ["]"]
        return self._stack[-1:] == ["}"] and len(self.tokens) > 1 and self.tokens[-2].fresh_line

    def _in_object_until_quote(self, at: int, stop: int) -> int | None:
        """In an object, a text with commas or colons whose opening quote is missing: the place of its closing one."""
        body = self._body
        if self._stack[-1:] != ["}"] or body[stop : stop + 1] not in (",", ":"):
            return None
        quote = re.compile(r"[^\"{}\[\]\n]{0,1000}+\"").match(body, stop, self._end)
        if quote is None or not self._closing_only(quote.end() - 1):
            return None
        if re.search(r",\s*[\w$-]+\s*:", body[at : quote.end()]):
            raise Unreadable
        return quote.end() - 1

    def _closing_only(self, at: int) -> bool:
        """Can the quote here only be a closing one?"""
        after = _match_end(_BLANK, self._body, at + 1)
        return after >= self._end or self._body[after] in ",}]"

    def _missing_opening(self, at: int, quote: int) -> int:
        content = self._body[at:quote]
        first, _, rest = content.partition(" ")
        if rest and self._stack[-1:] == ["]"] and (_JSON_WORD.match(first) or first in WORDS):
            raise Unreadable
        self.guesses += 1
        edits = [Edit(at, "", '"')]
        here = content.find("\\")
        while here >= 0:
            length, edit, odd = self._escape(at + here)
            if odd or here + length > len(content) or length == 0:
                raise Unreadable
            edits += [] if edit is None else [edit]
            here = content.find("\\", here + length)
        edits += _swap(quote, self._body[quote], '"')
        self.tokens.append(Token("s", at, quote + 1, edits))
        return quote + 1

    def _whole_bare(self, at: int, stop: int, word: str, quote: int | None = None) -> int:
        if quote is not None:
            return self._missing_opening(at, quote)
        if stop >= self._end:
            return self._half(at)
        if any(mark in word for mark in "()`'\\…") or word.strip(".") == "" or word.endswith("..."):
            raise Unreadable
        if self._body[stop] in '"“”:{[':
            raise Unreadable
        if not re.search(r"\s", word) and _LITERALS_JOINED.match(word) and re.search(r"[a-df-zA-DF-Z]", word):
            raise Unreadable  # Two words that a comma once parted.
        if re.match(r"-?\d", word) and (word.count(".") > 1 or re.match(r".*\d-", word)) and not _is_dated(word):
            raise Unreadable  # Two numbers, it may be.
        return self._quoted_bare(at, stop)

    def _goes_on(self, stop: int) -> bool:
        """Are there more words than a value without quotes may have?"""
        body = self._body
        after = stop + len(body[stop : stop + 100]) - len(body[stop : stop + 100].lstrip(" \t"))
        return after > stop and body[after : after + 1] not in ("", "\n", "\r", ",", "]", "}", "/", "#", ")")

    def _quoted_bare(self, at: int, stop: int) -> int:
        if stop >= self._end:
            return self._half(at)
        word = self._body[at:stop]
        self.bare += 1
        edits = [Edit(at, "", '"')]
        edits += [Edit(at + m.start(), "\\", "\\\\") for m in re.finditer(r"\\", word)]
        self.tokens.append(Token("s", at, stop, [*edits, Edit(stop, "", '"')]))
        return stop

    def _scalar(self, at: int, stop: int) -> int:
        word = self._body[at:stop]
        if stop >= self._end and word not in WORDS and not word.isalpha():
            return self._half(at)
        edits = [Edit(at, word, WORDS[word])] if word in WORDS else []
        self.tokens.append(Token("v", at, stop, edits))
        return stop

    def _half(self, at: int) -> int:
        word = self._body[at : self._end]
        kind = "n" if _JSON_WORD.match(word) else "h"
        self.tokens.append(Token(kind, at, self._end))
        return self._end

    def _bare_name(self, at: int, fresh: bool) -> int | None:
        body, end = self._body, self._end
        found = re.compile(r"[^\s\"'“”{}\[\],:][^\"“”{}\[\],:\n]*+").match(body, at, end)
        if found is None:
            raise Unreadable
        name = found.group().rstrip()
        stop = at + len(name)
        after = _match_end(_BLANK, body, stop)
        if after >= end:
            if fresh and " " in name:
                return None
            return self._half(at)
        follows = body[after]
        if follows in "\"'" and after == stop and _match_end(_BLANK, body, after + 1) < end:
            if body[_match_end(_BLANK, body, after + 1)] != ":" or not _CLEAN_NAME.match(name):
                raise Unreadable
            self.guesses += 1
            edits = [Edit(at, "", '"'), *_swap(after, follows, '"')]
            self.tokens.append(Token("s", at, after + 1, edits))
            return after + 1
        if follows != ":" or not _CLEAN_NAME.match(name):
            if fresh and self.tokens[-1].kind in "svh}]" and " " in name:
                return None
            raise Unreadable
        if name.endswith("'"):
            raise Unreadable
        self.tokens.append(Token("s", at, stop, [Edit(at, "", '"'), Edit(stop, "", '"')]))
        return stop


def _has_closer(text: str) -> bool:
    """Is a bracket closed in this text that was not opened in it?"""
    depth = {"}": 0, "]": 0}
    for mark in re.findall(r"[{}\[\]]", text):
        if mark in "{[":
            depth["}" if mark == "{" else "]"] += 1
        elif depth[mark] == 0:
            return True
        else:
            depth[mark] -= 1
    return False


def _all_scalars(rest: str) -> bool:
    return all(_JSON_WORD.match(word) or word in WORDS for word in rest.split())


def _is_dated(word: str) -> bool:
    return re.match(r"\d{4}-\d\d(-\d\d)?\Z|\d{1,3}(\.\d{1,3}){2,3}\Z|[\d-]{7,}\Z", word) is not None and (
        word.count("-") in (0, 2) or word.count(".") >= 2
    )


def _swap(at: int, mark: str, wanted: str) -> list[Edit]:
    return (
        []
        if mark == wanted or (mark == "{" and wanted == "[") or (mark == "}" and wanted == "]")
        else [Edit(at, mark, wanted)]
    )


def _match_end(pattern: "re.Pattern[str]", text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()
