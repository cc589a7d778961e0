"""The verdict on a result. The result itself is kept byte for byte; this says what is right or wrong with it."""

from dataclasses import dataclass
from enum import StrEnum


class ResultKind(StrEnum):
    JSON = "json"
    """Parsed strictly, and fits the job's schema if it has one."""
    TEXT = "text"
    """Plain text, and nothing asked for JSON."""
    MALFORMED = "malformed"
    """Meant to be JSON and is not."""
    SCHEMA_MISMATCH = "schema_mismatch"
    """JSON, but not of the shape the job asked for."""
    UNCHECKED = "unchecked"
    """It took more time or memory than an examination may: nothing is known of it."""


class WarningCode(StrEnum):
    """What is odd about a result that is valid JSON all the same."""

    DUPLICATE_NAME = "duplicate_name"
    HALF_SURROGATE = "half_surrogate"
    LOST_BACKSLASH = "lost_backslash"
    NUMBER_PRECISION = "number_precision"
    NUMBER_RANGE = "number_range"
    BYTE_ORDER_MARK = "byte_order_mark"
    TOO_DEEP = "too_deep"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True)
class ParseError:
    """Where strict parsing stopped. ``line`` and ``column`` count from 1."""

    message: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Edit:
    """One change a repair would make: ``before`` at character ``position`` of the raw text becomes ``after``."""

    position: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair that is offered, never applied: ``text`` is valid JSON, ``edits`` lead from the raw text to it."""

    text: str
    edits: tuple[Edit, ...]
    cut: bool = False
    """The raw text ends before the JSON does: the repair holds what came before the end."""
    dropped: str | None = None
    """What stood at the end of a cut text and is not in the repair: a name without its value, half a number."""


@dataclass(frozen=True, slots=True)
class SchemaError:
    """``path`` is a JSON Pointer (RFC 6901) into the value."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Warning:
    """What is odd about valid JSON. ``path`` is a JSON Pointer (RFC 6901); ``line`` and ``column`` count from 1."""

    code: WarningCode
    path: str
    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: ResultKind
    error: ParseError | None = None
    repaired: Repair | None = None
    schema_errors: tuple[SchemaError, ...] = ()
    warnings: tuple[Warning, ...] = ()
    note: str | None = None
    """In words: why there is no repair, or why something was not checked."""
