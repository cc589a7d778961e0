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


@dataclass(frozen=True, slots=True)
class SchemaError:
    """``path`` is a JSON Pointer (RFC 6901) into the value."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: ResultKind
    error: ParseError | None = None
    repaired: Repair | None = None
    schema_errors: tuple[SchemaError, ...] = ()
