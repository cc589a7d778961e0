"""What an error says of itself, whoever wrapped it: read from the many shapes that vendors, gateways and proxies use.

An error comes as the body of an answer, inside a 200, inside an event of a stream, as a list of one, inside another
error, or as JSON in the text of another error's message. All of it is gathered; what it means is decided elsewhere
(refusals.py, answers.py). Pure.
"""

import ast
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from job_processor.core.nesting import is_too_deep
from job_processor.processors.retry_words import delay_in_field
from job_processor.processors.words import one_line, page_text

TEXT_LIMIT: Final = 4_096
"""Characters of messages that are searched."""
_READ_LIMIT: Final = 64 * 1024
_NODES: Final = 200
"""Objects, lists and texts that are looked at; an error has some ten."""
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
class Said:
    """What was found, outermost first.

    ``statuses``: as numbers in fields; ``spoken``: those that only the words name. ``names``: codes, types and
    reasons, in lower case. ``delays_ms``: times to wait that a field gives, in milliseconds; a moment since 1970 may be
    among them (retry_words.py). ``headers``: of an answer
    that is told of in the error, in lower case.
    """

    text: str = ""
    statuses: list[int] = field(default_factory=list)
    spoken: list[int] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    params: list[str] = field(default_factory=list)
    delays_ms: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    is_page: bool = False
    generated: str | None = None
    """What the model had written, where the error gives it (Groq)."""

    @property
    def words(self) -> str:
        """For people: short, on one line; empty when there are none."""
        return one_line(self.text)


def decoded(data: bytes) -> object:
    """JSON as it comes from a model server, halves of surrogate pairs included. Raises ValueError, RecursionError."""
    if is_too_deep(data):
        raise ValueError("nested too deep")
    return json.loads(data.decode("utf-8-sig"))


def read(body: bytes) -> Said:
    """What the body of an answer that is an error says."""
    try:
        value = decoded(body)
    except (ValueError, RecursionError):
        return _read_text(body)
    return gather(value)


def _read_text(body: bytes) -> Said:
    try:
        text = body[:_READ_LIMIT].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A character may have been cut at the limit; anything else is no text.
        if error.start < _READ_LIMIT - 4 or len(body) <= _READ_LIMIT:
            return Said()
        text = body[: error.start].decode("utf-8-sig", "ignore")
    if text.lstrip()[:1] == "<":
        return Said(text=page_text(text), is_page=True)
    if text.lstrip()[:1] in ("{", "["):
        return Said(text=text[:TEXT_LIMIT])
    return gather(text)


def is_error(value: object) -> bool:
    """Is this, found where an answer should be, an error? A plain answer's ``"error": null`` is none."""
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
            said = any(isinstance(value.get(name), str) for name in ("message", "title", "msg"))
            return said and any(_status(value.get(name)) is not None for name in _STATUSES)
        case _:
            return False


def _says_something(error: object) -> bool:
    """Some servers send ``{"code": 0, "message": ""}`` with every answer."""
    return any(error.values()) if isinstance(error, dict) else bool(error)


def gather(value: object) -> Said:
    """All that an error says: a bounded walk, breadth first, through the places where errors hold errors."""
    said = Said()
    messages: list[str] = []
    waiting: deque[object] = deque([value])
    for _ in range(_NODES):
        if not waiting:
            break
        found = waiting.popleft()
        if isinstance(found, str):
            _take_text(found, said, messages, waiting)
        elif isinstance(found, list):
            waiting.extend(found[:_ITEMS])
        elif isinstance(found, dict):
            _take_object(found, said, messages, waiting)
    said.text = _joined(messages)
    said.spoken.extend(int(found[1] or found[2]) for found in _STATUS_WORDS.finditer(said.text))
    return said


def _take_text(text: str, said: Said, messages: list[str], waiting: deque[object]) -> None:
    inner = _inside(text)
    if inner is None:
        messages.append(page_text(text) if text.lstrip()[:1] == "<" else text[:TEXT_LIMIT])
        return
    before = text[: min(p for p in (text.find("{"), text.find("[")) if p >= 0)]
    if re.search(r"\w\w", before):
        messages.append(before[:TEXT_LIMIT])
    waiting.append(inner)


def _take_object(value: dict[str, Any], said: Said, messages: list[str], waiting: deque[object]) -> None:
    for name in _STATUSES:
        status = _status(value.get(name))
        if status is not None and status not in said.statuses:
            said.statuses.append(status)
    said.names.update(_plain(v) for name in _NAMES if isinstance(v := value.get(name), str) and v and v != "None")
    if isinstance(value.get("blockReason"), str):
        # Google's: beside no candidate, and nothing else says that it is an error.
        said.names.add("content_filter")
        said.params.append("prompt")
    if said.generated is None and isinstance(written := value.get("failed_generation"), str) and written:
        said.generated = written[:_READ_LIMIT].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    said.params.extend(v for name in _PARAMS if isinstance(v := value.get(name), str) and v not in ("", "None"))
    place = ".".join(str(step) for step in loc) if isinstance(loc := value.get("loc"), (list, tuple)) else ""
    if place:
        said.params.append(place)
    for name, inner in value.items():
        delay = delay_in_field(name, inner)
        if delay is not None:
            said.delays_ms.append(delay)
    if isinstance(headers := value.get("headers"), Mapping):
        said.headers |= {str(n).lower(): str(v) for n, v in headers.items() if isinstance(v, (str, int, float))}
    spoken = next((name for name in _MESSAGES if isinstance(value.get(name), str) and value[name]), None)
    if spoken is not None:
        text = value[spoken]
        # The place belongs to the words; JSON in the words is read as what it is.
        waiting.append(f"{place}: {text}" if place and _inside(text) is None else text)
    for name in _INNER:
        inner = value.get(name)
        if isinstance(inner, (dict, list)) or (isinstance(inner, str) and name in ("raw", "body") and name != spoken):
            waiting.append(inner)
    if isinstance(choices := value.get("choices"), list):
        waiting.extend(c["error"] for c in choices[:1] if isinstance(c, dict) and c.get("error"))


def _plain(name: str) -> str:
    """``com.amazonaws.bedrock#ThrottlingException:http://…`` is ``throttlingexception``."""
    return name.rpartition("#")[2].partition(":http")[0].lower()


def _inside(text: str) -> object | None:
    """The object or list that stands in a text as JSON, or as Python would print it."""
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
    """The object that stands in a text as Python prints bytes: ``b'{"error": …}'``."""
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
    """A number, or digits in a text, that is the status of an error."""
    if isinstance(value, str) and re.fullmatch(r"[45]\d\d", value):
        return int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 400 <= value < 600 and value == int(value):
        return int(value)
    return None


def _joined(messages: list[str]) -> str:
    """Each message once; one that stands in another goes."""
    kept: list[str] = []
    for message in messages:
        text = message.strip().rstrip(":- ")
        if not text or any(text in other for other in kept):
            continue
        kept = [other for other in kept if other not in text]
        kept.append(text)
    return ": ".join(kept)[:TEXT_LIMIT]
