"""Extracts the details of an error from the many formats that vendors, gateways and proxies use. Pure.

An error comes as a response body, inside a 200, inside an event of a stream, as a list of one, inside another error,
or as JSON in the text of another error's message. Everything is collected here; error_kinds.py and responses.py decide
what it means.
"""

import ast
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from job_processor.core.nesting import is_too_deep
from job_processor.outgoing.text import one_line, page_text
from job_processor.outgoing.wait_times import delay_in_field

TEXT_LIMIT: Final = 4_096
"""Maximum characters of the messages."""
_READ_LIMIT: Final = 64 * 1024
_NODES: Final = 200
"""Maximum number of objects, lists and strings that are visited; an ordinary error has about ten."""
_ITEMS: Final = 20

_MESSAGES: Final = (
    *("message", "error", "error_description", "detail", "msg", "description", "errorMessage", "error_message"),
    *("errorMsg", "Message", "raw", "title"),
)
_NAMES: Final = ("code", "type", "status", "reason", "error_type", "errorCode", "error_code", "__type", "name")
_STATUSES: Final = ("code", "status", "status_code", "statusCode", "raw_status_code", "http_status", "error_code")
_PARAMS: Final = ("param", "field", "parameter", "property", "pointer")
_INNER: Final = (
    *("error", "errors", "detail", "details", "innererror", "innerError", "inner_error", "message", "metadata", "raw"),
    *("cause", "fieldViolations", "violations", "response", "body", "exception", "upstream_error", "provider_error"),
    "promptFeedback",
)
_STATUS_WORDS: Final = re.compile(
    r"\b(?:error code|status code|status|http(?:/1\.1)?)\b[\"':= ]{1,4}([45]\d\d)\b"
    r"|^\s*([45]\d\d)(?=:? (?:Bad|Unauth|Payment|Forbidden|Not Found|Too Many|Internal|Service|Gateway)\b)",
    re.I,
)


@dataclass(slots=True)
class ErrorDetails:
    """The details of an error, outermost first.

    ``statuses``: HTTP statuses in fields; ``statuses_in_text``: those in messages. ``names``: codes, types and reasons,
    in lower case. ``params``: names of the parameters at fault. ``delays_ms``: retry delays in milliseconds; times
    since 1970 may be among them (``wait_times.wait_or_moment``). ``headers``: of an upstream response that is quoted
    in the error; names in lower case. ``is_page``: the error is a web page.
    """

    text: str = ""
    statuses: list[int] = field(default_factory=list)
    statuses_in_text: list[int] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    params: list[str] = field(default_factory=list)
    delays_ms: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    is_page: bool = False
    generated: str | None = None
    """The text that the model had generated, if the error contains it (Groq)."""

    @property
    def message(self) -> str:
        """The messages for people: short, on one line; empty if there are none."""
        return one_line(self.text)


def decoded(data: bytes) -> object:
    """Decode JSON from a model server; lone surrogates are accepted. Raises ValueError, RecursionError."""
    if is_too_deep(data):
        raise ValueError("nested too deep")
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Far slower, but it also takes a byte order mark, NaN and lone surrogates.
        return json.loads(data.decode("utf-8-sig"))


def read(body: bytes) -> ErrorDetails:
    """The details in the body of an error response."""
    try:
        value = decoded(body)
    except (ValueError, RecursionError):
        return _read_text(body)
    return gather(value)


def _read_text(body: bytes) -> ErrorDetails:
    try:
        text = body[:_READ_LIMIT].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A multi-byte character may be cut at the limit; anything else is not text.
        if error.start < _READ_LIMIT - 4 or len(body) <= _READ_LIMIT:
            return ErrorDetails()
        text = body[: error.start].decode("utf-8-sig", "ignore")
    if text.lstrip()[:1] == "<":
        return ErrorDetails(text=page_text(text), is_page=True)
    if text.lstrip()[:1] in ("{", "["):
        return ErrorDetails(text=text[:TEXT_LIMIT])
    return gather(text)


def is_error(value: object) -> bool:
    """True if a value in the place of an answer is an error. ``"error": null`` is not an error."""
    match value:
        case [dict() as first, *_]:
            return is_error(first)
        case {"error": error} if _says_something(error):
            return True
        case {"object": "error"} | {"type": "error"}:
            return True
        case {"choices": [{"error": error}, *_]} if _says_something(error):
            return True
        case {"promptFeedback": {"blockReason": str()}}:
            return True
        case {"choices": list()}:
            return False
        case {"errors": [*_, _]} | {"detail": str() | list()}:
            return True
        case dict():
            details = any(isinstance(value.get(name), str) for name in ("message", "title", "msg"))
            return details and any(_status(value.get(name)) is not None for name in _STATUSES)
        case _:
            return False


def _says_something(error: object) -> bool:
    """False for an empty error: some servers send ``{"code": 0, "message": ""}`` with every answer."""
    return any(error.values()) if isinstance(error, dict) else bool(error)


def gather(value: object) -> ErrorDetails:
    """Collect the details of an error (decoded JSON or text), breadth first, at most ``_NODES`` values."""
    details = ErrorDetails()
    messages: list[str] = []
    waiting: deque[object] = deque([value])
    for _ in range(_NODES):
        if not waiting:
            break
        found = waiting.popleft()
        if isinstance(found, str):
            _take_text(found, details, messages, waiting)
        elif isinstance(found, list):
            waiting.extend(found[:_ITEMS])
        elif isinstance(found, dict):
            _take_object(found, details, messages, waiting)
    details.text = _joined(messages)
    details.statuses_in_text.extend(int(found[1] or found[2]) for found in _STATUS_WORDS.finditer(details.text))
    return details


def _take_text(text: str, details: ErrorDetails, messages: list[str], waiting: deque[object]) -> None:
    inner = _inside(text)
    if inner is None:
        messages.append(page_text(text) if text.lstrip()[:1] == "<" else text[:TEXT_LIMIT])
        return
    before = text[: min(p for p in (text.find("{"), text.find("[")) if p >= 0)]
    if re.search(r"\w\w", before):
        messages.append(before[:TEXT_LIMIT])
    waiting.append(inner)


def _take_object(value: dict[str, Any], details: ErrorDetails, messages: list[str], waiting: deque[object]) -> None:
    for name in _STATUSES:
        status = _status(value.get(name))
        if status is not None and status not in details.statuses:
            details.statuses.append(status)
    details.names.update(_plain(v) for name in _NAMES if isinstance(v := value.get(name), str) and v and v != "None")
    if isinstance(value.get("blockReason"), str):
        # Google: the answer has no candidates and no other sign of an error.
        details.names.add("content_filter")
        details.params.append("prompt")
    if details.generated is None and isinstance(written := value.get("failed_generation"), str) and written:
        details.generated = written[:_READ_LIMIT].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    details.params.extend(v for name in _PARAMS if isinstance(v := value.get(name), str) and v not in ("", "None"))
    place = ".".join(str(step) for step in loc) if isinstance(loc := value.get("loc"), (list, tuple)) else ""
    if place:
        details.params.append(place)
    for name, inner in value.items():
        delay = delay_in_field(name, inner)
        if delay is not None:
            details.delays_ms.append(delay)
    if isinstance(headers := value.get("headers"), Mapping):
        details.headers |= {str(n).lower(): str(v) for n, v in headers.items() if isinstance(v, (str, int, float))}
    statuses_in_text = next((name for name in _MESSAGES if isinstance(value.get(name), str) and value[name]), None)
    if statuses_in_text is not None:
        text = value[statuses_in_text]
        # The location is part of the message, unless the message contains JSON.
        waiting.append(f"{place}: {text}" if place and _inside(text) is None else text)
    for name in _INNER:
        inner = value.get(name)
        if isinstance(inner, (dict, list)) or (
            isinstance(inner, str) and name in ("raw", "body") and name != statuses_in_text
        ):
            waiting.append(inner)
    if isinstance(choices := value.get("choices"), list):
        waiting.extend(c["error"] for c in choices[:1] if isinstance(c, dict) and c.get("error"))


def _plain(name: str) -> str:
    """``com.amazonaws.bedrock#ThrottlingException:http://…`` is ``throttlingexception``."""
    return name.rpartition("#")[2].partition(":http")[0].lower()


def _inside(text: str) -> object | None:
    """The object or list that a text contains as JSON or as a Python literal; ``None`` if there is none."""
    starts = [p for p in (text.find("{"), text.find("[")) if p >= 0]
    if not starts or len(text) > _READ_LIMIT:
        return None
    printed = _bytes(text)
    if printed is not None:
        return printed
    for start in sorted(starts):
        end = text.rfind("}" if text[start] == "{" else "]")
        if end <= start:
            continue
        for inner in _readings(text[start : end + 1]):
            if isinstance(inner, dict) or (isinstance(inner, list) and inner and isinstance(inner[0], dict)):
                return inner
    return None


def _readings(text: str) -> Iterator[object]:
    try:
        yield json.loads(text, strict=False)
    except (ValueError, RecursionError):
        if re.match(r"[\[{]\s*[{'\"]", text):
            yield _literal(text)


def _bytes(text: str) -> object | None:
    """The object in a text that contains JSON as a Python bytes literal: ``b'{"error": …}'``."""
    begins = re.search(r"\bb(['\"])\s*[\[{]", text)
    if begins is None:
        return None
    found = _literal(text[begins.start() : text.rfind(begins[1]) + 1])
    return _inside(found.decode(errors="replace")) if isinstance(found, bytes) else None


def _literal(text: str) -> object:
    if len(text) > 2 * TEXT_LIMIT:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def _status(value: object) -> int | None:
    """A number or a string of digits that is an HTTP error status (400 to 599)."""
    if isinstance(value, str) and re.fullmatch(r"[45]\d\d", value):
        return int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 400 <= value < 600 and value == int(value):
        return int(value)
    return None


def _joined(messages: list[str]) -> str:
    """The messages joined; one that is part of another is dropped."""
    kept: list[str] = []
    for message in messages:
        text = message.strip().rstrip(":- ")
        if not text or any(text in other for other in kept):
            continue
        kept = [other for other in kept if other not in text]
        kept.append(text)
    return ": ".join(kept)[:TEXT_LIMIT]
