"""Snippets: the part of a text around the first match of a search, with the matches marked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from job_processor.core.search_tokens import normalized

AROUND = 60
"""Characters before the first match; three times as many from its start on."""
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a snippet. ``found``: it is a match."""

    text: str
    found: bool


@dataclass(frozen=True, slots=True)
class NormalizedPhrase:
    """Consecutive words in normal form. ``starts``: the last word is a prefix."""

    words: tuple[str, ...]
    starts: bool


def normalized_phrase(text: str, starts: bool) -> NormalizedPhrase:
    """The phrase of a search text. ``starts``: its last word is a prefix."""
    return NormalizedPhrase(tuple(normalized(word) for word in _WORD.findall(text)), starts)


def snippet(text: str, phrases: Sequence[NormalizedPhrase]) -> tuple[Piece, ...]:
    """The pieces around the first match of any phrase; empty if none matches."""
    spans = _merged(_spans(text, phrases))
    if not spans:
        return ()
    begin = max(0, spans[0][0] - AROUND)
    end = min(len(text), spans[0][0] + 3 * AROUND)
    pieces = [Piece("…", False)] if begin else []
    at = begin
    for first, last in spans:
        if first >= end:
            break
        pieces += [Piece(text[at:first], False), Piece(text[first:last], True)]
        at = last
    pieces.append(Piece(text[at:end] + ("…" if end < len(text) else ""), False))
    return tuple(piece for piece in pieces if piece.text)


def _spans(text: str, phrases: Sequence[NormalizedPhrase]) -> list[tuple[int, int]]:
    found = list(_WORD.finditer(text))
    words = [normalized(one[0]) for one in found]
    spans: list[tuple[int, int]] = []
    for phrase in phrases:
        length = len(phrase.words)
        starts = range(len(words) - length + 1) if length else ()
        spans += [(found[n].start(), found[n + length - 1].end()) for n in starts if _fits(words, n, phrase)]
    return sorted(spans)


def _fits(words: Sequence[str], n: int, phrase: NormalizedPhrase) -> bool:
    last = len(phrase.words) - 1
    for offset, word in enumerate(phrase.words):
        there = words[n + offset]
        if not (there.startswith(word) if phrase.starts and offset == last else there == word):
            return False
    return True


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
