"""Finds the known fields of a report in a form or in JSON, also inside wrappers and under other spellings.

Nothing is guessed: an ambiguous report is refused. Pure.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import CloseBoundaryNotFoundDefect
from urllib.parse import parse_qsl

import msgspec

from job_processor.http import json_source
from job_processor.http.json_source import NotJson, Source

CONTENT_FIELDS = ("result", "error", "progress", "againInSeconds")
_MAX_WRAPPINGS = 5
_MAX_NAMED_UNKNOWN = 5
"""Maximum number of unknown fields named in a note; each by its first 40 characters."""
_FIELDS = {
    name.lower(): name
    for name in (*CONTENT_FIELDS, "jobId", "attempt", "executionId", "retryable", "flow", "workflow", "lastNode")
}
_DOCUMENTED = frozenset(_FIELDS.values())
_decode_texts = msgspec.json.Decoder(dict[str, str]).decode
_WRAPPERS = frozenset({"json", "body", "data"})
_DECLARED = re.compile(r";\s*charset\s*=\s*\"?(iso-8859-1|latin-?1|windows-1252)\"?\s*(?:;|\Z)", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Unreadable(msgspec.Struct, frozen=True, gc=False):
    """Why a report is unreadable. ``status`` and ``code``: of the response; ``field``: the invalid field, if it is one;
    ``words``: the message."""

    status: int
    code: str
    words: str
    field: str | None = None


class ReportError(Exception):
    """The report is unreadable; ``why`` has the reason."""

    def __init__(self, why: Unreadable) -> None:
        super().__init__()
        self.why = why


@dataclass(slots=True)
class Notes:
    """Notes on what was unusual about an accepted report."""

    lines: list[str] = field(default_factory=list)

    def add(self, words: str) -> None:
        if words not in self.lines:
            self.lines.append(words)


def fields_of(body: bytes, content_type: str, notes: Notes) -> dict[str, Source]:
    """The known fields by their documented name. Raises ``ReportError`` and ``NotJson``."""
    plain = _plain_fields(body, content_type)
    if plain is not None:
        return plain
    return _known_fields(_outer_fields(body, content_type, notes), notes)


def _plain_fields(body: bytes, content_type: str) -> dict[str, Source] | None:
    """Fast path (a fifth of the time) for the usual report: a JSON object of strings under the documented names, each
    once. ``None``: the body is not certainly one; parse it in full."""
    # Without such escapes no name is spelled in two ways, and there is no lone surrogate.
    if content_type != "application/json" or b"\\u" in body:
        return None
    try:
        texts = _decode_texts(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not texts.keys() <= _DOCUMENTED or any(body.count(b'"%b"' % name.encode()) != 1 for name in texts):
        return None
    return {name: Source('"', text) for name, text in texts.items()}


def _outer_fields(body: bytes, content_type: str, notes: Notes) -> list[tuple[str, Source]]:
    """The outermost names and values. A body that begins like JSON is parsed as JSON, whatever its content type."""
    media = content_type.partition(";")[0].strip().lower()
    if media == "multipart/form-data" and body.lstrip()[:1] != b"{":
        notes.add("it was sent as a form")
        return _multipart(body, content_type)
    text = _decode(body, content_type)
    text = text.strip(" \t\r\n")
    if not text:
        raise ReportError(Unreadable(400, "malformed_json", "The body is empty."))
    if media == "application/x-www-form-urlencoded" and text[0] not in '{["':
        notes.add("it was sent as a form")
        return _form(text, notes)
    return _from_json(json_source.value(text), notes)


def _decode(body: bytes, content_type: str) -> str:
    """The text: UTF-8, or UTF-16 or UTF-32 if the first bytes show it, else Latin-1 or Windows-1252 if declared."""
    try:
        return body.decode(json.detect_encoding(body))
    except UnicodeDecodeError:
        declared = _DECLARED.search(content_type)
        if declared is not None:
            return body.decode("cp1252" if declared[1].lower() == "windows-1252" else "latin-1", "replace")
    raise ReportError(Unreadable(400, "malformed_json", "The body is not text in UTF-8."))


def _form(text: str, notes: Notes) -> list[tuple[str, Source]]:
    try:
        pairs = parse_qsl(
            text.strip("&"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=1_000
        )
    except (ValueError, UnicodeDecodeError):
        raise NotJson from None
    if len(pairs) == 1 and pairs[0][1] == "" and pairs[0][0].lstrip()[:1] in ("{", "["):
        # The whole JSON text was encoded as the name of a form field.
        return _from_json(json_source.value(pairs[0][0]), notes)
    return [(name, Source('"', value)) for name, value in pairs]


def _multipart(body: bytes, content_type: str) -> list[tuple[str, Source]]:
    message = message_from_bytes(b"content-type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + body)
    fields = []
    for part in message.walk():
        name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            try:
                fields.append((name, Source('"', value.decode())))
            except UnicodeDecodeError:
                raise ReportError(
                    Unreadable(400, "malformed_json", "A part of the form is not text in UTF-8.")
                ) from None
    if not fields:
        raise ReportError(Unreadable(400, "malformed_json", "The form has no fields."))
    if any(isinstance(defect, CloseBoundaryNotFoundDefect) for defect in message.defects):
        # The last part may be truncated.
        raise ReportError(Unreadable(400, "malformed_json", "The form ends before its closing boundary."))
    return fields


def _from_json(found: Source, notes: Notes, depth: int = 0) -> list[tuple[str, Source]]:
    """The members of the JSON object, also if it is inside arrays of one element or JSON strings."""
    if depth > _MAX_WRAPPINGS:
        raise ReportError(Unreadable(422, "invalid_field", "The report is wrapped too deep."))
    if found.kind == "{":
        return list(json_source.members(found.source))
    if found.kind == "[":
        inside = list(json_source.elements(found.source))
        if len(inside) != 1:
            words = f"The body must be one report, not an array of {len(inside)}."
            raise ReportError(Unreadable(422, "invalid_field", words))
        notes.add("it was in an array of one")
        return _from_json(inside[0], notes, depth + 1)
    if found.text is not None:
        notes.add("it was JSON inside a string")
        return _from_json(json_source.value(found.text.strip(" \t\r\n\ufeff")), notes, depth + 1)
    raise ReportError(Unreadable(422, "invalid_field", "The report must be a JSON object."))


def _known_fields(pairs: list[tuple[str, Source]], notes: Notes, depth: int = 0) -> dict[str, Source]:
    """Known fields by their documented name, also from inside ``{"json": …}``, ``{"body": …}`` or ``{"data": …}``."""
    if depth > _MAX_WRAPPINGS:
        raise ReportError(Unreadable(422, "invalid_field", "The report is wrapped too deep."))
    fields: dict[str, Source] = {}
    others: list[tuple[str, Source]] = []
    for name, value in pairs:
        known = field_named(name)
        if known is None:
            others.append((name, value))
        else:
            _add(fields, known, value, notes)
    wrappers = (
        [] if any(name in fields for name in CONTENT_FIELDS) else [one for one in others if one[0].lower() in _WRAPPERS]
    )
    if len(wrappers) > 1:
        words = "Several fields (json, body, data) may contain the report; send one of them."
        raise ReportError(Unreadable(422, "invalid_field", words))
    _note_unknown([name for name, _ in others if (name not in {n for n, _ in wrappers})], notes)
    for name, wrapped in wrappers:
        notes.add(f"it was in the field {name.lower()}")
        for inner, value in _known_fields(_from_json(wrapped, notes, depth + 1), notes, depth + 1).items():
            _add(fields, inner, value, notes)
    return fields


def field_named(name: str) -> str | None:
    """The documented name of a field, also for spellings like ``job_id``, ``JobId``, ``job-id``; else ``None``."""
    return _FIELDS.get(re.sub(r"[\s_-]", "", name).lower())


def _add(fields: dict[str, Source], name: str, value: Source, notes: Notes) -> None:
    """Add a field. Raises ``ReportError`` if it is already there with a different value; null counts as absent."""
    before = fields.get(name)
    if before is None or before.source == "null":
        fields[name] = value
    elif value.source != "null" and text_of(before) != text_of(value):
        raise ReportError(invalid_field(name, "is given twice with different values"))
    else:
        notes.add(f"{name} was given twice")


def text_of(value: Source) -> str:
    """A string's content; the source of any other value."""
    return value.source if value.text is None else value.text


def _note_unknown(names: Iterable[str], notes: Notes) -> None:
    unknown = list(dict.fromkeys(names))
    if unknown:
        named = ", ".join(clean(name[:40], Notes()) for name in unknown[:_MAX_NAMED_UNKNOWN])
        more = "" if len(unknown) <= _MAX_NAMED_UNKNOWN else f" and {len(unknown) - _MAX_NAMED_UNKNOWN} more"
        notes.add(f"unknown fields were ignored ({named}{more})")


def clean(text: str, notes: Notes) -> str:
    """The text with lone surrogates replaced by U+FFFD: they cannot be encoded as UTF-8."""
    if _SURROGATE.search(text) is None:
        return text
    notes.add("lone surrogates became U+FFFD")
    return _SURROGATE.sub("\ufffd", text)


def invalid_field(name: str, message: str) -> Unreadable:
    return Unreadable(422, "invalid_field", f"{name}: {message}", name)
