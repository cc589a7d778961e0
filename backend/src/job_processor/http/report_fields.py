"""The outside of a report: a form or JSON, wrapped or not, under which names → the known fields, each with its source.

Nothing is guessed: where two readings are possible, it cannot be read. Pure.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import CloseBoundaryNotFoundDefect
from urllib.parse import parse_qsl

from job_processor.http import json_source
from job_processor.http.json_source import NotJson, Source

SAYS = ("result", "error", "progress")
_MAX_WRAPPINGS = 5
_NAMED = 5
"""Unknown fields that are named; each by its first 40 characters."""
_FIELDS = {
    name.lower(): name
    for name in (*SAYS, "jobId", "attempt", "executionId", "retryable", "flow", "workflow", "lastNode")
}
_WRAPPERS = frozenset({"json", "body", "data"})
_DECLARED = re.compile(r";\s*charset\s*=\s*\"?(iso-8859-1|latin-?1|windows-1252)\"?\s*(?:;|\Z)", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """``status`` and ``code`` as the sender is answered; ``field`` if one is to blame; ``words``: what is wanted."""

    status: int
    code: str
    words: str
    field: str | None = None


class Unread(Exception):
    def __init__(self, why: Unreadable) -> None:
        super().__init__()
        self.why = why


@dataclass(slots=True)
class Notes:
    said: list[str] = field(default_factory=list)

    def add(self, words: str) -> None:
        if words not in self.said:
            self.said.append(words)


def fields_of(body: bytes, content_type: str, notes: Notes) -> dict[str, Source]:
    """Raises ``Unread`` and ``NotJson``."""
    return _unwrapped(_opened(body, content_type, notes), notes)


def _opened(body: bytes, content_type: str, notes: Notes) -> list[tuple[str, Source]]:
    """The outermost names and values, whatever the header says the body is: JSON tells itself."""
    media = content_type.partition(";")[0].strip().lower()
    if media == "multipart/form-data" and body.lstrip()[:1] != b"{":
        notes.add("it came as a form")
        return _multipart(body, content_type)
    text = _decoded(body, content_type)
    text = text.strip(" \t\r\n")
    if not text:
        raise Unread(Unreadable(400, "malformed_json", "The body is empty."))
    if media == "application/x-www-form-urlencoded" and text[0] not in '{["':
        notes.add("it came as a form")
        return _form(text, notes)
    return _from_json(json_source.value(text), notes)


def _decoded(body: bytes, content_type: str) -> str:
    """UTF-8, or UTF-16 or UTF-32 as JSON's first characters show it; else what the header declares."""
    try:
        return body.decode(json.detect_encoding(body))
    except UnicodeDecodeError:
        declared = _DECLARED.search(content_type)
        if declared is not None:
            return body.decode("cp1252" if declared[1].lower() == "windows-1252" else "latin-1", "replace")
    raise Unread(Unreadable(400, "malformed_json", "The body is not text in UTF-8."))


def _form(text: str, notes: Notes) -> list[tuple[str, Source]]:
    try:
        pairs = parse_qsl(
            text.strip("&"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=1_000
        )
    except (ValueError, UnicodeDecodeError):
        raise NotJson from None
    if len(pairs) == 1 and pairs[0][1] == "" and pairs[0][0].lstrip()[:1] in ("{", "["):
        # JSON that was encoded like a form's, whole.
        return _from_json(json_source.value(pairs[0][0]), notes)
    return [(name, Source('"', said)) for name, said in pairs]


def _multipart(body: bytes, content_type: str) -> list[tuple[str, Source]]:
    message = message_from_bytes(b"content-type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + body)
    fields = []
    for part in message.walk():
        name, said = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(said, bytes):
            try:
                fields.append((name, Source('"', said.decode())))
            except UnicodeDecodeError:
                raise Unread(Unreadable(400, "malformed_json", "A part of the form is not text in UTF-8.")) from None
    if not fields:
        raise Unread(Unreadable(400, "malformed_json", "The form has no fields."))
    if any(isinstance(defect, CloseBoundaryNotFoundDefect) for defect in message.defects):
        # What the last part says may be its beginning only.
        raise Unread(Unreadable(400, "malformed_json", "The form ends before its closing boundary."))
    return fields


def _from_json(found: Source, notes: Notes, depth: int = 0) -> list[tuple[str, Source]]:
    """The members of the object, out of the arrays and strings around it."""
    if depth > _MAX_WRAPPINGS:
        raise Unread(Unreadable(422, "invalid_field", "The report is wrapped too often to be found."))
    if found.kind == "{":
        return list(json_source.members(found.source))
    if found.kind == "[":
        inside = list(json_source.elements(found.source))
        if len(inside) != 1:
            words = f"One report is wanted, and no array of {len(inside)}."
            raise Unread(Unreadable(422, "invalid_field", words))
        notes.add("it was in an array of one")
        return _from_json(inside[0], notes, depth + 1)
    if found.text is not None:
        notes.add("it was JSON inside a string")
        return _from_json(json_source.value(found.text.strip(" \t\r\n\ufeff")), notes, depth + 1)
    raise Unread(Unreadable(422, "invalid_field", "The report must be a JSON object."))


def _unwrapped(pairs: list[tuple[str, Source]], notes: Notes, depth: int = 0) -> dict[str, Source]:
    """Known fields by their name, taken out of ``{"json": …}``, ``{"body": …}`` or ``{"data": …}`` if need be."""
    if depth > _MAX_WRAPPINGS:
        raise Unread(Unreadable(422, "invalid_field", "The report is wrapped too often to be found."))
    fields: dict[str, Source] = {}
    others: list[tuple[str, Source]] = []
    for name, said in pairs:
        known = field_named(name)
        if known is None:
            others.append((name, said))
        else:
            _put(fields, known, said, notes)
    around = [] if any(name in fields for name in SAYS) else [one for one in others if one[0].lower() in _WRAPPERS]
    if len(around) > 1:
        words = "The report stands in one of several fields, and it cannot be told in which."
        raise Unread(Unreadable(422, "invalid_field", words))
    _note_unknown([name for name, _ in others if (name not in {n for n, _ in around})], notes)
    for name, said in around:
        notes.add(f"it was in the field {name.lower()}")
        for inner, value in _unwrapped(_from_json(said, notes, depth + 1), notes, depth + 1).items():
            _put(fields, inner, value, notes)
    return fields


def field_named(name: str) -> str | None:
    """The documented name of what is meant by ``job_id``, ``JobId``, ``job-id``."""
    return _FIELDS.get(re.sub(r"[\s_-]", "", name).lower())


def _put(fields: dict[str, Source], name: str, said: Source, notes: Notes) -> None:
    """Twice the same is once. Raises when two values are given for one field."""
    before = fields.get(name)
    if before is None or before.source == "null":
        fields[name] = said
    elif said.source != "null" and plain(before) != plain(said):
        raise Unread(wanted(name, "is given twice, with different values"))
    else:
        notes.add(f"{name} was given twice")


def plain(said: Source) -> str:
    return said.source if said.text is None else said.text


def _note_unknown(names: Iterable[str], notes: Notes) -> None:
    unknown = list(dict.fromkeys(names))
    if unknown:
        named = ", ".join(clean(name[:40], Notes()) for name in unknown[:_NAMED])
        more = "" if len(unknown) <= _NAMED else f" and {len(unknown) - _NAMED} more"
        notes.add(f"fields that are not known were left out ({named}{more})")


def clean(text: str, notes: Notes) -> str:
    """Half a surrogate pair is no character, and no store can keep one."""
    if _SURROGATE.search(text) is None:
        return text
    notes.add("half surrogates became U+FFFD")
    return _SURROGATE.sub("\ufffd", text)


def wanted(name: str, wish: str) -> Unreadable:
    return Unreadable(422, "invalid_field", f"{name}: {wish}", name)
