"""Words as a search compares them: lower case, without accents. SQLite's tokenizer ``unicode61`` makes the same of
texts in letters; what is between words is anything that is no letter and no digit."""

import re
import unicodedata
from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]+")
MAX_TOKEN = 64
"""Characters of a word that are compared."""


def tokens(text: str) -> Iterator[str]:
    """The words of a text, in order, each as often as it stands there."""
    for found in _WORD.finditer(plain(text)):
        yield found[0][:MAX_TOKEN]


def words_of(text: str) -> list[str]:
    """The words as they stand there."""
    return _WORD.findall(text)


def plain(text: str) -> str:
    """In lower case and without accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFD", text)
    return "".join(c for c in apart if not unicodedata.combining(c)).lower()
