"""Examines a result: strict parsing, warnings, schema validation, suggested repair.

Pure; never raises. Each step yields a complete verdict, so that a caller whose time limit is reached can use the last
one.
"""

from collections.abc import Iterator, Mapping

from msgspec import structs

from job_processor.core.job import Json
from job_processor.core.verdict import ParseError, ResultKind, Verdict
from job_processor.results import schema as schemas
from job_processor.results.intent import meant_as_json
from job_processor.results.json_warnings import warnings_of
from job_processor.results.repair import suggest_repair
from job_processor.results.strict import NotJson, parse

INLINE_LIMIT = 4_096
"""Maximum characters of a result that may be examined on the event loop, without schema and repair (under 2 ms)."""
NO_DETAILS = "Finding the exact schema errors took too long."
NO_REPAIR = "Looking for a repair took too long."


def examine(raw: str, schema: Mapping[str, Json] | None = None, *, stopped: bool = False) -> Verdict:
    """The verdict on a result. ``stopped``: the model stopped at its token limit.

    With a schema, every invalid JSON is ``malformed``; without one, a text that does not look like JSON is ``text``.
    The ``schema_errors`` of a malformed result are those of its suggested repair. Time is not limited here but in
    ``pool``.
    """
    *_, last = steps(raw, schema, stopped=stopped)
    return last


def examine_small(raw: str, *, stopped: bool = False) -> Verdict | None:
    """The verdict on a result without a schema, if the examination is certainly cheap; else ``None``."""
    if len(raw) > INLINE_LIMIT:
        return None
    try:
        parse(raw)
    except NotJson:
        return None if meant_as_json(raw) else Verdict(ResultKind.TEXT)
    return Verdict(ResultKind.JSON, warnings=warnings_of(raw, stopped=stopped))


def steps(raw: str, schema: Mapping[str, Json] | None, *, stopped: bool = False) -> Iterator[Verdict]:
    """Verdicts with increasing detail. Each is correct; the last one is complete."""
    try:
        value = parse(raw)
    except NotJson as error:
        if schema is None and not meant_as_json(raw):
            yield Verdict(ResultKind.TEXT)
        else:
            yield from _malformed(raw, schema, error)
        return
    warnings = warnings_of(raw, stopped=stopped)
    yield from (structs.replace(v, warnings=warnings) for v in _checked_against(value, schema))


def _checked_against(value: object, schema: Mapping[str, Json] | None) -> Iterator[Verdict]:
    if schema is None:
        yield Verdict(ResultKind.JSON)
        return
    why = schemas.not_checked(value)
    if why is not None:
        yield Verdict(ResultKind.UNCHECKED, note=why)
        return
    try:
        fits = schemas.fits(value, schema)
    except ValueError as error:
        yield Verdict(ResultKind.UNCHECKED, note=str(error))
        return
    if fits:
        yield Verdict(ResultKind.JSON)
        return
    yield Verdict(ResultKind.SCHEMA_MISMATCH, note=NO_DETAILS)
    yield Verdict(ResultKind.SCHEMA_MISMATCH, schema_errors=schemas.schema_errors(value, schema))


def _malformed(raw: str, schema: Mapping[str, Json] | None, error: NotJson) -> Iterator[Verdict]:
    bare = Verdict(ResultKind.MALFORMED, error=_place(raw, error), note=NO_REPAIR)
    yield bare
    suggestion = suggest_repair(raw)
    offered = structs.replace(bare, repaired=suggestion.repair, note=suggestion.note)
    if suggestion.repair is None or schema is None:
        yield offered
        return
    value = parse(suggestion.repair.text)
    yield structs.replace(offered, note="Checking the repair against the schema took too long.")
    why = schemas.not_checked(value)
    yield (
        structs.replace(offered, note=why)
        if why is not None
        else structs.replace(offered, schema_errors=schemas.schema_errors(value, schema))
    )


def _place(raw: str, error: NotJson) -> ParseError:
    line = raw.count("\n", 0, error.position) + 1
    column = error.position - raw.rfind("\n", 0, error.position)
    return ParseError(error.message, line, column)
