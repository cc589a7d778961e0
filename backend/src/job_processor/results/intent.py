"""Was this text meant to be JSON? Asked only of texts that are not."""

import re

from job_processor.results.talk import lacks_first_bracket, without_thinking
from job_processor.results.tokens import LITERAL, NUMBER, STRING

_STARTS_LIKE_JSON = re.compile(
    r"[\s\ufeff]*+(?!"
    # A place holder or stage direction, a template's tag; a footnote, a time stamp; an interval.
    r"\{[^\S\n]*+[\w][\w.-]*+(?>(?: [\w.-]++)*)[^\S\n]*+\}(?:[^\S\n]*+[^\s},\]]|,[^\S\n]++\w)"
    r"|\{\{[^\S\n]*+\w[\w .-]*+\}\}|\{%"
    r"|\[\d[\d :./TZ+-]*+\][^\S\n]*+[^\s},\];]|\[-?[\d.]++, ?+-?[\d.]++\)"
    r")(?:"
    r"\{"
    # An array's first element, so that "[Note] …" and a Markdown link stay text.
    r"|\[\s*+(?:[\[{\"'“\]-]|\\\"|[+.]?\d|#\s|//|/\*|\(|(?:true|false|null|True|False|None|NaN)\b|\Z)"
    # A code fence that says JSON, or holds what begins like JSON.
    r"|```[ \t]*+(?:(?:json[a-z0-9]*+|JSON)\b|\w*+\s*+[\[{])"
    r")"
)
_OBJECT_INSIDE = re.compile(r"\{\s*+[\"'][^\"'\n]{0,200}+[\"']\s*+:")
_ARRAY_INSIDE = re.compile(r"\[\s*+(?:\{|\[\s*+[\d\"\[{-]|[\"'][^\"'\n]{0,1000}+[\"']\s*+[,\]])")
_SCALAR = rf"(?:{NUMBER}|{LITERAL}|{STRING}|True|False|None)"
# Two elements or more after a colon or on a line of their own: "as [1, 2] have shown" is text.
_LIST_INSIDE = re.compile(rf"(?:\n|:)[ \t]*+\[\s*+{_SCALAR}\s*+(?>(?:,\s*+{_SCALAR}\s*+)+),?+\s*+\]")
_MIXED_INSIDE = re.compile(
    rf"\[\s*+{NUMBER}\s*+,(?>(?:\s*+{NUMBER}\s*+,)*)\s*+(?:{LITERAL}|{STRING}|True|False|None)\s*+[,\]]"
)
_WORDS_INSIDE = re.compile(rf"\[\s*+(?:{LITERAL}|True|False|None)\s*+[,\]]")
_FENCE_INSIDE = re.compile(r"```[ \t]*+json", re.IGNORECASE)


def meant_as_json(raw: str) -> bool:
    """True for what begins like JSON or like a fence around it, and for prose with JSON inside.

    What a model thought in tags does not count.
    """
    body = without_thinking(raw)
    return lacks_first_bracket(body) or any(
        (
            _STARTS_LIKE_JSON.match(body),
            _OBJECT_INSIDE.search(body),
            _ARRAY_INSIDE.search(body),
            _LIST_INSIDE.search(body),
            _MIXED_INSIDE.search(body),
            _WORDS_INSIDE.search(body),
            _FENCE_INSIDE.search(body),
        )
    )
