"""A limit of JSON nesting that is the same on every Python version.

Python's own limit varies (3.11: 1,000 levels minus the current call depth, 3.13: 10,000): one server would accept a
report that another one rejects.
"""

import re
from typing import Final

MAX_LEVELS: Final = 500
"""Low enough for the oldest supported Python at any call depth."""

_TOKEN = re.compile(rb'"(?>(?:[^"\\]|\\.)*)"?+|[\[{]|[\]}]', re.DOTALL)


def is_too_deep(text: str | bytes, levels: int = MAX_LEVELS) -> bool:
    """True if JSON text (valid or not) is nested deeper than ``levels``. Linear time."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if data.count(b"[") + data.count(b"{") <= levels:
        return False
    level = 0
    for token in _TOKEN.finditer(data):
        first = token[0][:1]
        if first in b"[{":
            level += 1
            if level > levels:
                return True
        elif first in b"]}":
            level -= 1
    return False
