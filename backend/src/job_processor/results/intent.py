"""Was this text meant to be JSON? Asked only of texts that are not."""

import re

_STARTS_LIKE_JSON = re.compile(
    r"[\s\ufeff]*+(?:"
    r"\{"
    # An array's first element, so that "[Note] …" and a Markdown link stay text.
    r"|\[\s*+(?:[\[{\"'\d\]-]|(?:true|false|null|True|False|None|NaN)\b|\Z)"
    # A code fence that says JSON, or holds what begins like JSON.
    r"|```[ \t]*+(?:(?:json[a-z0-9]*+|JSON)\b|\w*+\s*+[\[{])"
    r")"
)
_OBJECT_INSIDE = re.compile(r"\{\s*+[\"'][^\"'\n]{0,200}+[\"']\s*+:")
_ARRAY_INSIDE = re.compile(r"\[\s*+(?:\{|\"[^\"\n]{0,1000}+\"\s*+[,\]])")
_FENCE_INSIDE = re.compile(r"```[ \t]*+json", re.IGNORECASE)


def meant_as_json(raw: str) -> bool:
    """True for what begins like JSON or like a fence around it, and for prose with JSON inside."""
    return any(
        (
            _STARTS_LIKE_JSON.match(raw),
            _OBJECT_INSIDE.search(raw),
            _ARRAY_INSIDE.search(raw),
            _FENCE_INSIDE.search(raw),
        )
    )
