"""The verdict on a result: whether it is valid JSON and matches the schema. The result itself is never changed."""

from enum import StrEnum

import msgspec


class ResultKind(StrEnum):
    JSON = "json"
    """Valid JSON (RFC 8259) that matches the job's schema, if it has one."""
    TEXT = "text"
    """Plain text; the job did not ask for JSON."""
    MALFORMED = "malformed"
    """Invalid JSON: the text looks like JSON, or the job has a schema."""
    SCHEMA_MISMATCH = "schema_mismatch"
    """Valid JSON that does not match the job's schema."""
    UNCHECKED = "unchecked"
    """The examination exceeded its time or memory limit; validity is unknown."""


class WarningCode(StrEnum):
    """An unusual property of a result that is valid JSON."""

    DUPLICATE_NAME = "duplicate_name"
    HALF_SURROGATE = "half_surrogate"
    LOST_BACKSLASH = "lost_backslash"
    NUMBER_PRECISION = "number_precision"
    NUMBER_RANGE = "number_range"
    BYTE_ORDER_MARK = "byte_order_mark"
    TOO_DEEP = "too_deep"
    CUT_OFF = "cut_off"


class ParseError(msgspec.Struct, frozen=True, gc=False):
    """The error of strict parsing and its position. ``line`` and ``column`` count from 1."""

    message: str
    line: int
    column: int


class Edit(msgspec.Struct, frozen=True, gc=False):
    """One change of a repair: ``before`` at character ``position`` (from 0) of the raw text becomes ``after``."""

    position: int
    before: str
    after: str


class Repair(msgspec.Struct, frozen=True, gc=False):
    """A suggested repair, never applied: ``text`` is valid JSON, ``edits`` are the changes from the raw text to it."""

    text: str
    edits: tuple[Edit, ...]
    cut: bool = False
    """The raw text is cut off: it ends before the JSON value is complete, so the repair is incomplete too."""
    dropped: str | None = None
    """The end of a cut-off text that the repair leaves out, such as a name without value or an incomplete number."""


class SchemaError(msgspec.Struct, frozen=True, gc=False):
    """A mismatch between value and schema. ``path``: a JSON Pointer (RFC 6901) into the value."""

    path: str
    message: str


class Warning(msgspec.Struct, frozen=True, gc=False):
    """Something unusual in valid JSON. ``path``: a JSON Pointer (RFC 6901); ``line``, ``column`` count from 1."""

    code: WarningCode
    path: str
    line: int
    column: int
    message: str


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The verdict on one result. ``error``: for invalid JSON; ``schema_errors``: of the value, or of its repair."""

    kind: ResultKind
    error: ParseError | None = None
    repaired: Repair | None = None
    schema_errors: tuple[SchemaError, ...] = ()
    warnings: tuple[Warning, ...] = ()
    note: str | None = None
    """The reason why there is no repair, or why something was not checked, for people."""
