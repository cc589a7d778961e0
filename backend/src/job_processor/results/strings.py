"""The part of the tolerant tokenizer that reads strings: any quotes, invalid escapes, missing closing quotes."""

import json
import re

from job_processor.core.verdict import Edit
from job_processor.results.json_patterns import LITERAL, NUMBER
from job_processor.results.tokenizer import (
    BARE_ITEM,
    BLANK,
    CLEAN_NAME,
    COMMENT,
    QUOTES,
    NoSafeRepair,
    Token,
    Tokenizer,
    match_end,
    swap,
)

_PLAIN = re.compile(r"[^\"'`“”„‘’\\\x00-\x1f]*+")
_NEXT_KEY = re.compile(r"([\"'“])[^\"'“”\n]{0,200}+[\"'”]\s*+:")
_BARE_KEY = re.compile(r"[\w$.-]{1,100}+\s*+:")
_HIDDEN_ITEM = re.compile(rf",\s*(?:{NUMBER}|{LITERAL}|True|False|None)\s*\Z|[}}\]]\s*,|,\s*[\w$-]+\s*:|,\s*[\"'“]")
_HIDDEN_END = re.compile(rf",\s*\Z|,\s*(?:{NUMBER}|{LITERAL}|True|False|None|[\[{{])\s*(?:[,}}\]]|\Z)")
_HIDDEN_NAME = re.compile(r",\s*[\w$-]+\s*:")
_HIDDEN_QUOTE = re.compile(r",\s*[\"'“][^,]*[\"'”]\s*[,\]}]")
_HALF_ESCAPE = re.compile(r"[0-9a-fA-F]{0,7}\Z")
_HALF_AT_END = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
_LINE_OF_JSON = re.compile(r"\n([ \t]*+)(?=[\"'{\[}\]\d-]|true\b|false\b|null\b|True\b|False\b|None\b)(.)")
_MARGIN = re.compile(r"[ \t]*+")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_MAY_BE_LOST = re.compile(r"\\(?:[nrt][a-z]|[bf][A-Za-z])")
"""A valid JSON escape that may be meant as a backslash and the first letter of a word."""
_OTHER_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|(['`“”‘’]))")
_SEPARATORS = frozenset(";，、；：|+=&")
"""Characters that may separate two strings instead of a comma, so quotes around them are closing and opening ones."""
_STRUCTURE = frozenset(" \t\r\n,[]{}:")


class Strings(Tokenizer):
    """Methods take positions in the text, and return the position after the token that they add."""

    def _string(self, start: int) -> int:
        body, closing = self._body, QUOTES[self._body[start]]
        edits = swap(start, body[start], '"')
        inner: list[int] = []
        invalid_escapes = escaped = 0
        lost = False
        at = start + 1
        while True:
            at = min(match_end(_PLAIN, body, at), self._end)
            if at >= self._end:
                return self._unended(start, edits, inner)
            mark = body[at]
            if mark == "\\":
                if body.startswith('\\"', at):
                    escaped += 1
                length, edit, invalid = self._escape(at)
                invalid_escapes += invalid
                lost = lost or _MAY_BE_LOST.match(body, at, self._end) is not None
                if length == 0:
                    return self._cut_string(start, at, edits)
                if edit is not None:
                    edits.append(edit)
                at += length
            elif mark == "\n" and not inner and (ended := self._ends_with_line(start, at)) is not None:
                return self._end_string(start, ended, edits)
            elif mark < " ":
                if mark == "\n" and self._wants_name():
                    raise NoSafeRepair  # Names have one line, so this quote and the next one are ambiguous.
                edits.append(Edit(at, mark, json.dumps(mark)[1:-1]))
                at += 1
            elif mark not in closing or self._is_apostrophe(at, mark):
                if mark == '"':
                    edits.append(Edit(at, mark, '\\"'))
                at += 1
            elif self._closes(start, at):
                if invalid_escapes and lost:
                    raise NoSafeRepair  # In C:\\Users\\new the second may be an escape or a backslash.
                if invalid_escapes and escaped % 2 == 1:
                    raise NoSafeRepair  # A backslash may have escaped a quote that is missing.
                self._check_inner(inner)
                edits += swap(at, mark, '"')
                self.tokens.append(Token("s", start, at + 1, edits))
                return at + 1
            else:
                ended = self._ends_before(start, at)
                if ended is not None:
                    if inner:
                        raise NoSafeRepair
                    return self._end_string(start, ended, edits)
                inner.append(at)
                edits.append(Edit(at, mark, '\\"' if mark == '"' else mark))
                at += 1

    def _is_apostrophe(self, at: int, mark: str) -> bool:
        body = self._body
        return mark in "'’" and body[at - 1].isalnum() and at + 1 < self._end and body[at + 1].isalnum()

    def _escape(self, at: int) -> tuple[int, Edit | None, bool]:
        """The escape at ``at``: its length (0: cut off by the end), its edit, and whether it is invalid.

        An invalid escape is a plain backslash, whose edit doubles it.
        """
        body = self._body
        known = _ESCAPE.match(body, at, self._end)
        if known is not None:
            return len(known.group()), None, False
        foreign = _OTHER_ESCAPE.match(body, at, self._end)
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
        after = min(match_end(BLANK, body, at + 1), self._end)
        if after >= self._end:
            if self._tail(start, at) != at:
                raise NoSafeRepair  # The last quote may be a closing one, or the opening one of the next string.
            return True
        follows = body[after]
        if follows == ":":
            return True
        if self._wants_name():
            if follows in "{[" or (after > at + 1 and BARE_ITEM.match(body, after) is not None):
                return self._tail(start, at) == at
            return follows not in _STRUCTURE and self._tail(start, at) == at and follows in QUOTES and after > at + 1
        if follows in ",}])" or (follows in "#/" and COMMENT.match(body, after) is not None):
            return True
        if follows in "{[":
            return self._stack[-1:] == ["]"]
        if at == start + 1 and after == at + 1 and follows == body[at]:
            raise NoSafeRepair  # Three quotes in a row: an empty string and another one, or Python's triple quote.
        if follows in QUOTES and (follows == '"' or follows != body[at] or after > at + 1):
            # A comma is missing before the next string, unless this quote begins an empty string.
            if after > at + 1 or at == start + 1 or (self._stack[-1:] == ["}"] and _NEXT_KEY.match(body, after)):
                return True
            return self._tail(start, at) == at
        if self._stack[-1:] == ["]"]:
            return BARE_ITEM.match(body, after) is not None
        return _BARE_KEY.match(body, after) is not None

    def _tail(self, start: int, at: int) -> int:
        """The start of the run of structural characters before ``at``; ``at`` if it has only white space."""
        first = at
        while first > start + 1 and self._body[first - 1] in _STRUCTURE:
            first -= 1
        return at if not self._body[first:at].strip() else first

    def _ends_before(self, start: int, at: int) -> int | None:
        """The end of a string without closing quote, if the quote at ``at`` opens the next string; else ``None``."""
        body = self._body
        if self._wants_name():
            colon = body.find(":", start + 1, at)
            if colon < 0 or not CLEAN_NAME.match(body[start + 1 : colon]):
                raise NoSafeRepair
            return colon
        first = self._tail(start, at)
        if first == at or at + 1 >= self._end or body[at + 1].isspace():
            return None
        marks = body[first:at]
        if ":" in marks or marks.count(",") > 1:
            raise NoSafeRepair  # One of the commas may belong to the string.
        content = body[start + 1 : first]
        in_object = self._stack[-1:] == ["}"]
        if (marks.rstrip()[-1:] in ",{" if in_object else marks.rstrip()[-1:] == "{") and not _NEXT_KEY.match(body, at):
            return None
        if not marks.strip().strip(",{}[] \n\t\r") == "" or _HIDDEN_ITEM.search(content) or "\n" in content:
            raise NoSafeRepair
        return first

    def _ends_with_line(self, start: int, at: int) -> int | None:
        """The end of a string without closing quote, if the next line begins like a member; else ``None``.

        Only in a text with one member per line, and if the next line has the same indentation.
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
        """Add a string token whose closing quote is missing; this counts as a guess."""
        self.guesses += 1
        edits = [e for e in edits if e.position < end]
        edits.append(Edit(end, "", '"'))
        self.tokens.append(Token("s", start, end, edits))
        return end

    def _unended(self, start: int, edits: list[Edit], inner: list[int]) -> int:
        """Add a string in which the text ends: its closing quote is missing, or the text was cut off."""
        body = self._body
        content = body[start + 1 : self._end]
        if not content.strip() and self.tokens[-1:] and self.tokens[-1].kind not in "{[,:":
            raise NoSafeRepair  # A superfluous quote, or a closing one without its opening one.
        if self._wants_name():
            colon = content.find(":")
            if colon >= 0:
                if not CLEAN_NAME.match(content[:colon]) or content.rstrip()[-1:] not in "}]":
                    raise NoSafeRepair
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
                raise NoSafeRepair
            if any(("{" if closer == "}" else "[") in stripped for closer in closers):
                raise NoSafeRepair  # What looks like closing brackets may belong to the string.
            if inner or _has_closer(stripped) or _HIDDEN_ITEM.search(stripped) or _HIDDEN_END.search(stripped):
                raise NoSafeRepair
            if self._stack[-1:] == ["]"] and re.search(r"(?:\d|true|false|null)\Z", stripped):
                raise NoSafeRepair  # The end may be a separate element without its comma.
            return self._end_string(start, start + 1 + len(stripped), edits)
        if _has_closer(content) or _HIDDEN_END.search(content) or _HIDDEN_QUOTE.search(content) or len(inner) % 2 == 1:
            raise NoSafeRepair
        if "\n" in content[len(content.rstrip()) :]:
            raise NoSafeRepair
        self._check_inner(inner)
        if _HIDDEN_NAME.search(content) and any(t.kind == "s" and t.edits for t in self.tokens):
            raise NoSafeRepair  # The text has unquoted names, and the string may contain one.
        return self._cut_string(start, self._end, edits)

    def _cut_string(self, start: int, end: int, edits: list[Edit]) -> int:
        """Add a string token that is cut off by the end of the text. ``end``: its end, without an incomplete escape."""
        if _HALF_AT_END.search(self._body, max(start, end - 6), end) and (
            self._body[start:end].endswith("\\\\" + self._body[end - 5 : end]) is False
        ):
            end -= 6
        self.tokens.append(Token("s", start, end, [*edits, Edit(end, "", '"')]))
        self.cut_string = True
        return self._end

    def _check_inner(self, inner: list[int]) -> None:
        """Raise ``NoSafeRepair`` unless the unescaped quotes at ``inner`` certainly belong to the string."""
        if not inner:
            return
        body = self._body
        self.unescaped += 1
        if len(inner) % 2 == 1:
            if all(body[i - 1].isdigit() for i in inner):
                return  # Quotes after digits are inch marks.
            raise NoSafeRepair
        for opens, closes in zip(inner[::2], inner[1::2], strict=True):
            if (
                body[opens + 1] in _SEPARATORS
                or body[opens + 1].isspace()
                or body[closes - 1].isspace()
                or body[opens - 1].isalnum()
            ):
                raise NoSafeRepair


def _has_closer(text: str) -> bool:
    """True if the text contains a closing bracket without its opening one."""
    depth = {"}": 0, "]": 0}
    for mark in re.findall(r"[{}\[\]]", text):
        if mark in "{[":
            depth["}" if mark == "{" else "]"] += 1
        elif depth[mark] == 0:
            return True
        else:
            depth[mark] -= 1
    return False
