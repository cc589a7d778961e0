"""Offer a repair of text that is almost JSON: as little changed as possible, and every change shown."""

import json
from collections.abc import Iterator
from typing import SupportsIndex

from json_repair.json_parser import JSONParser

from job_processor.core.verdict import Edit, Repair
from job_processor.results.edits import apply_edits, edits_towards
from job_processor.results.strict import TOO_DEEP, NotJson, parse

REPAIR_LIMIT = 1_048_576
"""Characters; a longer text is not repaired."""
WORK_LIMIT = 4_000_000
"""Characters the repairer may look at, for one text: some seconds. Its look-ahead is quadratic on odd texts."""
CANDIDATES = 20
"""Places at which a whole JSON value inside prose is looked for."""


def offer_repair(raw: str) -> Repair | None:
    """A repair whose text parses strictly, or ``None``. Call it for text that does not parse; never raises."""
    if len(raw) > REPAIR_LIMIT:
        return None
    return _unwrap(raw) or _mend(raw)


def _unwrap(raw: str) -> Repair | None:
    """The one whole JSON object or array in the text, exactly as it stands: prose and fences fall away."""
    for at in _openers(raw):
        try:
            value, end = _DECODER.raw_decode(raw, at)
            parse(raw[at:end])
        except (ValueError, RecursionError):
            continue
        if not value:
            continue
        if raw.find("{", end) >= 0 or raw.find("[", end) >= 0:
            return None  # More than one: which was meant is not ours to say.
        edits = [Edit(0, raw[:at], ""), Edit(end, raw[end:], "")]
        return Repair(raw[at:end], tuple(e for e in edits if e.before))
    return None


_DECODER = json.JSONDecoder()


def _openers(raw: str) -> Iterator[int]:
    at = -1
    for _ in range(CANDIDATES):
        at = min((p for p in (raw.find("{", at + 1), raw.find("[", at + 1)) if p >= 0), default=-1)
        if at < 0:
            return
        yield at


def _mend(raw: str) -> Repair | None:
    try:
        # The parser itself and not repair_json(): a str of our own passes through it, and counts.
        value = JSONParser(_Metered(raw), None, logging=False).parse()
        if not isinstance(value, (dict, list)) or not value:
            return None
        mended = json.dumps(value, ensure_ascii=False, allow_nan=False)
        edits = edits_towards(raw, mended)
        text = apply_edits(raw, edits)
        if _same(text, mended):
            return Repair(text, edits)
        parse(mended)
        return Repair(mended, (Edit(0, raw, mended),))
    except Exception:
        # A third party's heuristics on a stranger's text: whatever they raise, there is no repair to offer.
        return None


def _same(text: str, mended: str) -> bool:
    try:
        value = parse(text)
    except NotJson:
        return False
    return value is not TOO_DEEP and json.dumps(value, ensure_ascii=False) == mended


class _TooMuchWork(Exception):
    """The repairer looked at more characters than one text may cost."""


class _Metered(str):
    """A text that counts how often it is looked at, and ends the work when that is too much.

    A deadline that needs no clock: the same text is always repaired, or never. Pieces count with the whole.
    """

    __slots__ = ("_spent",)
    _spent: list[int]

    def __new__(cls, text: str, spent: list[int] | None = None) -> "_Metered":
        metered = super().__new__(cls, text)
        metered._spent = [0] if spent is None else spent
        return metered

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        spent = self._spent
        spent[0] += 1
        if spent[0] > WORK_LIMIT:
            raise _TooMuchWork
        if not isinstance(key, slice):
            return str.__getitem__(self, key)
        piece = str.__getitem__(self, key)
        spent[0] += len(piece) // 64  # Copying is cheaper than looking.
        return _Metered(piece, spent) if len(piece) > 1 else piece

    def __add__(self, other: str, /) -> str:
        self._spent[0] += (len(self) + len(other)) // 64
        return _Metered(str.__add__(self, other), self._spent)

    def find(self, sub: str, start: SupportsIndex | None = None, end: SupportsIndex | None = None, /) -> int:
        found = str.find(self, sub, start, end)
        begun = 0 if start is None else start.__index__()
        self._spent[0] += 1 + ((len(self) if found < 0 else found) - begun) // 256
        return found

    def lower(self) -> str:
        self._spent[0] += len(self) // 16
        return _Metered(str.lower(self), self._spent)
