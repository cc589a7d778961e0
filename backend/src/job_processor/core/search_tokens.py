"""The tokenizer of searches: words in lower case without accents, separated by anything but letters and digits.

SQLite's tokenizer ``unicode61`` gives the same words for texts of letters and digits.
"""

import re
import unicodedata
from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]+")
MAX_TOKEN = 64
"""Maximum characters of a word that are compared; the rest is ignored."""


def tokens(text: str) -> Iterator[str]:
    """The words of a text in normal form, in order, with repetitions."""
    for found in _WORD.finditer(normalized(text)):
        yield found[0][:MAX_TOKEN]


def words_of(text: str) -> list[str]:
    """The words of a text, unchanged."""
    return _WORD.findall(text)


def normalized(text: str) -> str:
    """The text in lower case and without accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFD", text)
    return "".join(c for c in apart if not unicodedata.combining(c)).lower()
