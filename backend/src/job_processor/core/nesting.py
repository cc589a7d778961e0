"""How deep JSON may be nested for us to read it: the same on every Python.

Each Python stops by itself at another depth (3.11 at 1,000 levels less those of its own calls, 3.13 at 10,000), so
that without a limit of our own a report would be taken by one server and refused by the next.
"""

import re
from typing import Final

MAX_LEVELS: Final = 500
"""Below what the oldest Python reads, whatever called it."""

_STEP = re.compile(rb'"(?>(?:[^"\\]|\\.)*)"?+|[\[{]|[\]}]', re.DOTALL)


def is_too_deep(text: str | bytes, levels: int = MAX_LEVELS) -> bool:
    """Is this JSON, or what was meant as JSON, nested deeper? Linear, and quick where it is not."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if data.count(b"[") + data.count(b"{") <= levels:
        return False
    level = 0
    for step in _STEP.finditer(data):
        mark = step[0][:1]
        if mark in b"[{":
            level += 1
            if level > levels:
                return True
        elif mark in b"]}":
            level -= 1
    return False
