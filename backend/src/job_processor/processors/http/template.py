"""The request body of an ``http`` flow from the operator's template: JSON with placeholders in its strings. Pure.

The template is parsed once. Values are inserted into the parsed JSON and not into its text, so that a prompt cannot
inject JSON.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from job_processor.core.job import Json
from job_processor.processors.base import Dispatch

_Find = Callable[[Dispatch], Json]

_FIELDS: Final[Mapping[str, _Find]] = {
    "jobId": lambda d: d.job_id,
    "attempt": lambda d: d.attempt,
    "prompt": lambda d: d.prompt,
    "metadata": lambda d: dict(d.metadata),
    "resultSchema": lambda d: None if d.result_schema is None else dict(d.result_schema),
    "complaint": lambda d: d.complaint,
    "callbackUrl": lambda d: d.callback_url,
    "callbackToken": lambda d: d.callback_token,
}
_PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_METADATA: Final = re.compile(r"metadata(?:\.[^.\s]+)+")
# A JSON string, which is left unchanged, or a placeholder outside a string.
_BARE: Final = re.compile(r'("(?:[^"\\]|\\.)*")|\{\{\s*([^{}"]*?)\s*\}\}', re.DOTALL)


class Text:
    """A string with placeholders. Raises ValueError, with a message for people, for an unknown placeholder."""

    def __init__(self, text: str) -> None:
        parts = _PLACEHOLDER.split(text)
        if any("{{" in part for part in parts[::2]):
            raise ValueError("has {{ without a name and }} after it")
        self._plain = parts[::2]
        self._finders = [_finder(name) for name in parts[1::2]]

    def value(self, dispatch: Dispatch) -> Json:
        """The string with its placeholders filled in; if it is a single placeholder, the value itself."""
        if len(self._finders) == 1 and self._plain == ["", ""]:
            return self._finders[0](dispatch)
        return self.text(dispatch)

    def text(self, dispatch: Dispatch) -> str:
        """The string with its placeholders filled in: missing values are left out, other types become JSON."""
        filled = self._plain[0]
        for finder, plain in zip(self._finders, self._plain[1:], strict=True):
            found = finder(dispatch)
            filled += _as_text(found) + plain
        return filled


class Template:
    """``source``: JSON text, in which a placeholder may also be outside a string, or a parsed value.

    Raises ValueError, with a message for people, if it is not JSON or has an unknown placeholder.
    """

    def __init__(self, source: str | Mapping[str, object]) -> None:
        read = _read(source)
        if not _is_sound(read):
            raise ValueError("contains a lone surrogate")
        self._fill = _compiled(read)

    def body(self, dispatch: Dispatch) -> bytes:
        """The request body: JSON in UTF-8."""
        return json.dumps(self._fill(dispatch), ensure_ascii=False, separators=(",", ":")).encode()


def _read(source: str | Mapping[str, object]) -> object:
    if not isinstance(source, str):
        try:
            return json.loads(json.dumps(source, allow_nan=False))
        except (TypeError, ValueError):
            raise ValueError("contains a value that JSON does not have (a date, nan, inf)") from None
    quoted = _BARE.sub(lambda found: found[1] or f'"{{{{{found[2]}}}}}"', source)
    try:
        return json.loads(quoted, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} (line {error.lineno})") from None
    except RecursionError:
        raise ValueError("is nested too deep") from None


def _is_sound(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(f"is not JSON: {constant} is not a JSON value")


def _compiled(value: object) -> _Find:
    match value:
        case str():
            return Text(value).value
        case list():
            items = [_compiled(one) for one in value]
            return lambda dispatch: [fill(dispatch) for fill in items]
        case dict():
            if any("{{" in name for name in value):
                raise ValueError("has a placeholder in a name; only values may have one")
            members = {name: _compiled(one) for name, one in value.items()}
            return lambda dispatch: {name: fill(dispatch) for name, fill in members.items()}
        case _:
            constant: Any = value
            return lambda _: constant


def _finder(name: str) -> _Find:
    if name in _FIELDS:
        return _FIELDS[name]
    if _METADATA.fullmatch(name):
        return _in_metadata(name.split(".")[1:])
    known = ", ".join((*_FIELDS, "metadata.NAME"))
    raise ValueError(f"has an unknown placeholder; known are: {known}")


def _in_metadata(path: list[str]) -> _Find:
    def find(dispatch: Dispatch) -> Json:
        found: Json = dict(dispatch.metadata)
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        return found

    return find


def _as_text(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
