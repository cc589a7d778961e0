"""Reads request bodies: bytes with a size limit, and strictly validated JSON."""

import json
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Literal, TypeVar, get_args, get_origin

import msgspec
from starlette.requests import Request

from job_processor.core.nesting import is_too_deep
from job_processor.http.problems import RequestRefused, invalid
from job_processor.http.scope_keys import HEADERS_BY_NAME

T = TypeVar("T", bound=msgspec.Struct)

MAX_BODY_BYTES = 1024 * 1024
MAX_DEPTH = 32
READ_DEPTH = 250
"""Maximum nesting of any JSON body; deeper ones are refused before parsing, which recurses. A JSON Schema may have 200
levels."""
_INT64 = 2**63
# Results are stored byte for byte.
_NUL_ALLOWED = frozenset({"result"})
_PATH = re.compile(r" - at (?:`key` in )?`(\$[^`]*)`$")
_UNKNOWN = re.compile(r"^Object contains unknown field `.*?`", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `([^`]*)`")
# Messages of msgspec that quote only our types and patterns, and nothing from the request.
_SAFE = re.compile(r"^Expected `[^`]*`(?:, got `[a-z0-9 |]+`)?(?: of length [<>=]+ \d+)?|^Expected `")
_TOO_LARGE = re.compile(r"^(?:Number|Integer value) out of range")
_TYPES = re.compile(r"(?<=^Expected )`([a-z]+(?: \| [a-z]+)*)(?=`| )")
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_JSON_WORDS = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "array": "an array",
    "object": "an object",
}


class ReceivedBody(msgspec.Struct, frozen=True, gc=False):
    """The bytes of a body that arrived. ``cut``: incomplete, as it was over the limit or the client disconnected."""

    body: bytes
    cut: bool = False


async def read_bytes(request: Request, limit: int) -> ReceivedBody:
    """The raw body. Reading stops after the first chunk beyond ``limit`` bytes; ``body`` then has more than ``limit``
    bytes and ``cut`` is true."""
    # ``request.stream`` would double the cost: it is a generator.
    chunks: list[bytes] = []
    size = 0
    more, is_gone = True, False
    while more and size <= limit:
        message = await request.receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        more, is_gone = message.get("more_body", False), message["type"] == "http.disconnect"
    return ReceivedBody(chunks[0] if len(chunks) == 1 else b"".join(chunks), cut=is_gone or size > limit)


async def read_json(request: Request, wanted: type[T], *, optional: bool = False) -> T:
    """The body decoded as ``wanted``. ``optional``: an empty body counts as ``{}``.

    Raises ``RequestRefused`` with 400, 413, 415 or 422.
    """
    headers: Mapping[bytes, bytes] = request.scope[HEADERS_BY_NAME]
    length = headers.get(b"content-length", b"")
    media = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise RequestRefused(415, "unsupported_encoding", "Send the body without Content-Encoding.")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        raise _too_large()
    body = await _read_body(request)
    if optional and not body:
        return msgspec.convert({}, wanted)
    if media != b"application/json" and not media.endswith(b"+json"):
        raise RequestRefused(415, "unsupported_media_type", "The Content-Type must be application/json.")
    return decode(body, wanted)


async def _read_body(request: Request) -> bytes:
    """The whole body. Raises ``RequestRefused``: 413 above ``MAX_BODY_BYTES``, 400 if the client disconnects."""
    received = await read_bytes(request, MAX_BODY_BYTES)
    if len(received.body) > MAX_BODY_BYTES:
        raise _too_large()
    if received.cut:
        raise RequestRefused(400, "incomplete_body", "The body did not arrive whole.")
    return received.body


def _too_large() -> RequestRefused:
    return RequestRefused(413, "body_too_large", f"The body may have at most {MAX_BODY_BYTES} bytes.")


def decode(body: bytes, wanted: type[T]) -> T:
    """Strict JSON (RFC 8259) as ``wanted``: UTF-8 without BOM, no NaN or Infinity, no lone surrogate, no duplicate key,
    no NUL in strings, at most ``READ_DEPTH`` levels.

    Raises ``RequestRefused``: 400 if it is not such JSON, 422 if a field is unknown, missing or invalid.
    """
    if is_too_deep(body, READ_DEPTH):
        raise RequestRefused(400, "too_deep", f"JSON may be nested at most {READ_DEPTH} deep.")
    try:
        value = _decode_typed(body, wanted)
        # With as many colons as the outermost object has different keys there is no other key. The check of all objects
        # costs much more.
        colons = body.count(b":")
        if colons > 1 and colons != len(_decode_members(body)):
            _refuse_duplicate_keys(body)
        if b"\\u0000" in body:
            _refuse_nul(value, wanted)
    except msgspec.ValidationError as error:
        raise _explain(str(error), wanted) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RequestRefused(400, "malformed_json", "The body is not one well-formed JSON object in UTF-8.") from None
    return value


def _decode_typed(body: bytes, wanted: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=wanted)
    except msgspec.ValidationError as error:
        if ", got `float`" not in str(error):
            raise
        # 10.0 is an integer in JSON Schema (2020-12, validation 6.1.1), and some clients send every number as a float.
        fields = msgspec.json.decode(body, type=dict[str, object])
        whole = {k: int(v) if isinstance(v, float) and v.is_integer() else v for k, v in fields.items()}
        return msgspec.convert(whole, wanted)


def _explain(message: str, wanted: type[msgspec.Struct]) -> RequestRefused:
    """A 422 from msgspec's message, without anything the client sent."""
    path = _PATH.search(message)
    names, inner = _place("" if path is None else path[1], wanted)
    if _UNKNOWN.match(message):
        known = ", ".join(".".join([*names, f.encode_name]) for f in msgspec.structs.fields(inner))
        return RequestRefused(422, "unknown_field", f"An unknown field was sent; known are: {known}.")
    missing = _MISSING.match(message)
    if missing:
        return invalid(".".join([*names, missing[1]]), "is required")
    field = ".".join(names) or "the body"
    if _TOO_LARGE.match(message):
        return invalid(field, "must hold no number that is out of range")
    if message.startswith("Invalid enum value"):
        of = (f.type for f in msgspec.structs.fields(inner) if f.encode_name in names[-1:])
        choices = ", ".join(_choices(next(of, None)))
        return invalid(field, f"must be of: {choices}" if choices else "has a wrong value")
    safe = _SAFE.match(message)
    expected = message[: path.start()] if path is not None and safe is not None else "has a wrong type"
    expected = _TYPES.sub(_in_json_words, expected)
    return invalid(field, expected.replace("`", "").replace("Expected", "must be", 1).partition(", got")[0])


def _choices(of: object) -> list[str]:
    """The values that a type allows, also as the type of an array's items."""
    if isinstance(of, type) and issubclass(of, Enum):
        return [str(one.value) for one in of]
    if get_origin(of) is Literal:
        return [str(one) for one in get_args(of)]
    return [one for inner in get_args(of) for one in _choices(inner)]


def _place(path: str, wanted: type[msgspec.Struct]) -> tuple[list[str], type[msgspec.Struct]]:
    """The known fields that lead to a place (msgspec writes ``$.webhook.events[0]``), and the innermost struct."""
    names: list[str] = []
    for name in re.findall(r"\.([A-Za-z]+)", path):
        found = next((f for f in msgspec.structs.fields(wanted) if f.encode_name == name), None)
        if found is None:
            break
        names.append(name)
        structs = [t for t in (found.type, *get_args(found.type)) if isinstance(t, type)]
        inner = next((t for t in structs if issubclass(t, msgspec.Struct)), None)
        if inner is None:
            break
        wanted = inner
    return names, wanted


def _in_json_words(types: re.Match[str]) -> str:
    return " or ".join(_JSON_WORDS.get(one, one) for one in types[1].split(" | "))


def _refuse_duplicate_keys(body: bytes) -> None:
    def check(pairs: list[tuple[str, object]]) -> None:
        if len(pairs) > 1 and len({key for key, _ in pairs}) != len(pairs):
            raise RequestRefused(400, "duplicate_key", "A JSON object has a duplicate key.")

    json.loads(body, object_pairs_hook=check)


def _refuse_nul(value: msgspec.Struct, wanted: type[msgspec.Struct]) -> None:
    for field in msgspec.structs.fields(wanted):
        if field.name not in _NUL_ALLOWED and _has_nul(getattr(value, field.name)):
            raise invalid(field.encode_name, "must not contain the NUL character")


def _has_nul(value: object) -> bool:
    match value:
        case str():
            return "\x00" in value
        case list():
            return any(_has_nul(v) for v in value)
        case dict():
            return any("\x00" in k or _has_nul(v) for k, v in value.items())
        case _:
            return False


def check_free_form(field: str, value: object, max_bytes: int) -> None:
    """Check that every store can hold this free-form JSON: at most ``MAX_DEPTH`` levels, integers of 64 bits, and
    ``max_bytes`` bytes when encoded. Raises ``RequestRefused`` (422)."""
    _check_levels(field, value)
    if len(msgspec.json.encode(value)) > max_bytes:
        raise invalid(field, f"must have at most {max_bytes} bytes as JSON")


def _check_levels(field: str, value: object) -> None:
    """``value``: an object or array; it is the first level."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inside = [one for container in level for one in _items(container)]
        if any(isinstance(one, int) and not -_INT64 <= one < _INT64 for one in inside):
            raise invalid(field, "must hold integers of at most 64 bits")
        level = [one for one in inside if isinstance(one, dict | list)]
        if not level:
            return
    raise invalid(field, f"must be nested at most {MAX_DEPTH} deep")


def _items(container: object) -> Iterable[object]:
    if isinstance(container, dict):
        return container.values()
    return container if isinstance(container, list) else ()


def header(request: Request, name: bytes) -> bytes | None:
    """The value of a request header, by its lower-case name; faster than building ``request.headers``."""
    headers: Mapping[bytes, bytes] = request.scope[HEADERS_BY_NAME]
    return headers.get(name)
