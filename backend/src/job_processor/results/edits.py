"""The edits that lead from a raw text to its repair, as few and as small as can be found in bounded time."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from job_processor.core.verdict import Edit
from job_processor.results.tokens import LITERAL, NUMBER, STRING

EDIT_LIMIT = 100
"""Edits that are listed; what is beyond is one edit, from the first that is too many to the last."""
DISTANCE_LIMIT = 300
"""Tokens put in or taken out before the search for the fewest edits is given up: time grows with its square."""

# Words side by side are one token, so that a paragraph of prose is not hundreds.
_WORDS = r"""[^\s{}\[\],:"]++(?:[ ]++[^\s{}\[\],:"]++)*+"""
_TOKEN = re.compile(rf"""(?P<string>{STRING})|(?P<mark>[{{}}\[\],:"])|'(?P<single>[^'\n]*+)'|(?P<words>{_WORDS})""")
_SOUND = re.compile(f"{NUMBER}|{LITERAL}")
_PYTHON = {"True": "true", "False": "false", "None": "null"}


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    key: object
    """Equal for two spellings of one value: an escape and its character, 1e2 and 100.0, 'a' and "a"."""
    sound: bool
    """Is it spelled as JSON spells it?"""


def edits_towards(raw: str, wanted: str) -> tuple[Edit, ...]:
    """Edits, in order and apart, that make of ``raw`` a text with the tokens of ``wanted``, which is valid JSON.

    White space and spellings that are right in ``raw`` stay as they are, so the outcome may differ from ``wanted``
    in these.
    """
    trimmed = [_trimmed(e) for e in _joined(_edits(raw, wanted))]
    return _bounded(raw, [e for e in trimmed if e.before != e.after])


def apply_edits(raw: str, edits: tuple[Edit, ...]) -> str:
    """The text after the edits; positions count in ``raw``."""
    parts: list[str] = []
    at = 0
    for edit in edits:
        parts += (raw[at : edit.position], edit.after)
        at = edit.position + len(edit.before)
    return "".join([*parts, raw[at:]])


def _edits(raw: str, wanted: str) -> Iterator[Edit]:
    have, want = list(_tokens(raw)), list(_tokens(wanted))
    kept = [*_matches([t.key for t in have], [t.key for t in want]), (len(have), len(want))]
    i = j = 0  # Tokens dealt with so far.
    for next_i, next_j in kept:
        if next_i > i or next_j > j:
            start = have[i - 1].end if i else 0
            end = have[next_i].start if next_i < len(have) else len(raw)
            want_start = want[j - 1].end if j else 0
            want_end = want[next_j].start if next_j < len(want) else len(wanted)
            yield Edit(start, raw[start:end], wanted[want_start:want_end])
        if next_i < len(have) and not have[next_i].sound:
            it, instead = have[next_i], want[next_j]
            yield Edit(it.start, raw[it.start : it.end], wanted[instead.start : instead.end])
        i, j = next_i + 1, next_j + 1


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        key, sound = _meaning(match)
        yield _Token(match.start(), match.end(), key, sound)


def _meaning(match: re.Match[str]) -> tuple[object, bool]:
    word = match.group()
    match match.lastgroup:
        case "string":
            return ("string", json.loads(word)), True
        case "mark":
            return word, True
        case "single":
            return ("string", match.group("single")), False
    sound = len(word) < 1000 and _SOUND.fullmatch(word) is not None
    if sound or word in _PYTHON:
        return ("scalar", repr(json.loads(_PYTHON.get(word, word)))), sound
    try:
        return ("scalar", repr(float(word))), False
    except ValueError:
        return ("string", word), False


def _matches(have: list[object], want: list[object]) -> Iterator[tuple[int, int]]:
    """Pairs of positions that stay: what both begin and end with, and the fewest edits between (Myers, 1986)."""
    shorter = min(len(have), len(want))
    head = 0
    while head < shorter and have[head] == want[head]:
        head += 1
    tail = 0
    while tail < shorter - head and have[-1 - tail] == want[-1 - tail]:
        tail += 1
    yield from ((k, k) for k in range(head))
    middle = _fewest(have[head : len(have) - tail], want[head : len(want) - tail])
    yield from ((head + x, head + y) for x, y in middle)
    yield from ((len(have) - k, len(want) - k) for k in range(tail, 0, -1))


def _fewest(have: list[object], want: list[object]) -> list[tuple[int, int]]:
    n, m = len(have), len(want)
    reach: dict[int, int] = {1: 0}  # On each diagonal (x - y), the furthest x that d edits lead to.
    trail: list[dict[int, int]] = []
    for d in range(min(n + m, DISTANCE_LIMIT) + 1):
        trail.append(dict(reach))
        for diagonal in range(-d, d + 1, 2):
            x = _step(reach, diagonal, d)
            y = x - diagonal
            while x < n and y < m and have[x] == want[y]:
                x, y = x + 1, y + 1
            reach[diagonal] = x
            if x >= n and y >= m:
                return _walk_back(trail, n, m)
    return []


def _step(reach: dict[int, int], diagonal: int, d: int) -> int:
    down = diagonal == -d or (diagonal != d and reach[diagonal - 1] < reach[diagonal + 1])
    return reach[diagonal + 1] if down else reach[diagonal - 1] + 1


def _walk_back(trail: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for d in range(len(trail) - 1, -1, -1):
        reach, diagonal = trail[d], x - y
        came_from = diagonal
        if d > 0:
            down = diagonal == -d or (diagonal != d and reach[diagonal - 1] < reach[diagonal + 1])
            came_from = diagonal + 1 if down else diagonal - 1
        start_x = reach[came_from] if d > 0 else 0
        start_y = start_x - came_from
        while x > start_x and y > start_y:
            x, y = x - 1, y - 1
            kept.append((x, y))
        x, y = start_x, start_y
    kept.reverse()
    return kept


def _joined(edits: Iterator[Edit]) -> Iterator[Edit]:
    """Edits that touch are one, so that a closing quote is put in and not the whole string anew."""
    last: Edit | None = None
    for edit in edits:
        if last is not None and last.position + len(last.before) == edit.position:
            last = Edit(last.position, last.before + edit.before, last.after + edit.after)
        else:
            if last is not None:
                yield last
            last = edit
    if last is not None:
        yield last


def _trimmed(edit: Edit) -> Edit:
    """The edit without what both sides begin and end with."""
    before, after = edit.before, edit.after
    shorter = min(len(before), len(after))
    head = 0
    while head < shorter and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shorter - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return Edit(edit.position + head, before[head : len(before) - tail], after[head : len(after) - tail])


def _bounded(raw: str, edits: list[Edit]) -> tuple[Edit, ...]:
    if len(edits) <= EDIT_LIMIT:
        return tuple(edits)
    rest = edits[EDIT_LIMIT - 1 :]
    start, end = rest[0].position, rest[-1].position + len(rest[-1].before)
    moved = tuple(Edit(e.position - start, e.before, e.after) for e in rest)
    return (*edits[: EDIT_LIMIT - 1], Edit(start, raw[start:end], apply_edits(raw[start:end], moved)))
