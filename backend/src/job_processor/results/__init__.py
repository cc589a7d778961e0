"""Is this result what was asked for? Parse strictly, offer a repair, check the schema. Pure; never raises.

What counts as JSON, as meant to be JSON, and as plain text: docs/results.md.
"""

from collections.abc import Mapping

from job_processor.core.job import Json
from job_processor.core.verdict import ParseError, ResultKind, Verdict
from job_processor.results.intent import meant_as_json
from job_processor.results.repair import REPAIR_LIMIT, offer_repair
from job_processor.results.schema import check_schema, schema_errors
from job_processor.results.strict import NotJson, parse

__all__ = ["REPAIR_LIMIT", "check_schema", "examine"]


def examine(raw: str, schema: Mapping[str, Json] | None = None) -> Verdict:
    """The verdict on a result. ``raw`` is looked at, never changed.

    With a schema, everything that is not JSON is malformed; without one, text that was never meant as JSON is
    text. On a malformed verdict ``schema_errors`` speak of the repaired text, if one is offered. A malformed
    text of REPAIR_LIMIT characters can take a few seconds: a caller on an event loop sends long texts to a
    thread.
    """
    try:
        value = parse(raw)
    except NotJson as error:
        if schema is None and not meant_as_json(raw):
            return Verdict(ResultKind.TEXT)
        return _malformed(raw, schema, error)
    errors = schema_errors(value, schema) if schema is not None else ()
    return Verdict(ResultKind.SCHEMA_MISMATCH if errors else ResultKind.JSON, schema_errors=errors)


def _malformed(raw: str, schema: Mapping[str, Json] | None, error: NotJson) -> Verdict:
    # Two values under one name, or half a character, is well-formed and still wrong: any repair were a guess.
    offered = None if error.well_formed else offer_repair(raw)
    errors = schema_errors(parse(offered.text), schema) if offered is not None and schema is not None else ()
    return Verdict(ResultKind.MALFORMED, error=_place(raw, error), repaired=offered, schema_errors=errors)


def _place(raw: str, error: NotJson) -> ParseError:
    line = raw.count("\n", 0, error.position) + 1
    column = error.position - raw.rfind("\n", 0, error.position)
    return ParseError(error.message, line, column)
