"""A heuristic for whether a text that is not valid JSON was meant to be JSON."""

import re

from job_processor.results.json_patterns import LITERAL, NUMBER, STRING
from job_processor.results.wrapping import lacks_first_bracket, without_thinking

_STARTS_LIKE_JSON = re.compile(
    r"[\s\ufeff]*+(?!"
    # Not JSON: a placeholder or stage direction, a template tag, a footnote, a timestamp, an interval.
    r"\{[^\S\n]*+[\w][\w.-]*+(?>(?: [\w.-]++)*)[^\S\n]*+\}(?:[^\S\n]*+[^\s},\]]|,[^\S\n]++\w)"
    r"|\{\{[^\S\n]*+\w[\w .-]*+\}\}|\{%"
    r"|\[\d[\d :./TZ+-]*+\][^\S\n]*+[^\s},\];]|\[-?[\d.]++, ?+-?[\d.]++\)"
    r")(?:"
    r"\{"
    # A bracket and a first element, so that "[Note] …" and Markdown links count as text.
    r"|\[\s*+(?:[\[{\"'“\]-]|\\\"|[+.]?\d|#\s|//|/\*|\(|(?:true|false|null|True|False|None|NaN)\b|\Z)"
    # A code fence with the language JSON, or with content that begins like JSON.
    r"|```[ \t]*+(?:(?:json[a-z0-9]*+|JSON)\b|\w*+\s*+[\[{])"
    r")"
)
_OBJECT_INSIDE = re.compile(r"\{\s*+[\"'][^\"'\n]{0,200}+[\"']\s*+:")
_ARRAY_INSIDE = re.compile(r"\[\s*+(?:\{|\[\s*+[\d\"\[{-]|[\"'][^\"'\n]{0,1000}+[\"']\s*+[,\]])")
_SCALAR = rf"(?:{NUMBER}|{LITERAL}|{STRING}|True|False|None)"
# An array of at least two elements after a colon or at the start of a line, so that "as [1, 2] have shown" is text.
_LIST_INSIDE = re.compile(rf"(?:\n|:)[ \t]*+\[\s*+{_SCALAR}\s*+(?>(?:,\s*+{_SCALAR}\s*+)+),?+\s*+\]")
_MIXED_INSIDE = re.compile(
    rf"\[\s*+{NUMBER}\s*+,(?>(?:\s*+{NUMBER}\s*+,)*)\s*+(?:{LITERAL}|{STRING}|True|False|None)\s*+[,\]]"
)
_WORDS_INSIDE = re.compile(rf"\[\s*+(?:{LITERAL}|True|False|None)\s*+[,\]]")
_FENCE_INSIDE = re.compile(r"```[ \t]*+json", re.IGNORECASE)


def meant_as_json(raw: str) -> bool:
    """True if the text begins like JSON or like a code fence around JSON, or contains something like JSON.

    Thinking blocks (``<think>…</think>``) are ignored.
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
