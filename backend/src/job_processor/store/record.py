"""The part of a job that no query looks into, as one value: whole, and as a list reads it. Shared by the drivers."""

from typing import Any

import msgspec
from msgspec import structs

from job_processor.core.job import Job
from job_processor.core.verdict import ParseError, ResultKind, SchemaError, Verdict, Warning
from job_processor.store.base import Summary
from job_processor.store.fields import RECORD, ROW, declared, job_maker, picker


class RowVerdict(msgspec.Struct, frozen=True):
    """A verdict without its repair, which may be as long as the result."""

    kind: ResultKind
    error: ParseError | None = None
    schema_errors: tuple[SchemaError, ...] = ()
    warnings: tuple[Warning, ...] = ()
    note: str | None = None

    def brief(self) -> Verdict:
        return Verdict(self.kind, self.error, None, self.schema_errors[:1], warnings=self.warnings[:1], note=self.note)


Record = msgspec.defstruct("Record", declared(RECORD), omit_defaults=True, frozen=True)
RowRecord = msgspec.defstruct("RowRecord", declared(ROW, verdict=RowVerdict | None), frozen=True)

_record = picker(RECORD)
_make_job = job_maker(RECORD)
_make_row = job_maker(ROW)
_VERDICT = ROW.index("verdict")


def record_of(values: tuple[Any, ...]) -> msgspec.Struct:
    """``values``: what ``fields.flat`` made of the job."""
    return Record(*_record(values))


def job_of(columns: tuple[Any, ...], prompt: str, result: str | None, record: msgspec.Struct) -> Job:
    """``columns``: the values of ``fields.COLUMNS``; ``record``: a Record."""
    return _make_job((*columns, prompt, result, *msgspec.structs.astuple(record)))


def summary_of(
    columns: tuple[Any, ...],
    prompt: str,
    result: str | None,
    record: msgspec.Struct,
    prompt_bytes: int,
    result_bytes: int | None,
) -> Summary:
    """``columns``: the values of ``fields.COLUMNS``; ``record``: a RowRecord; the texts may be clipped."""
    values = msgspec.structs.astuple(record)
    job = _make_row((*columns, prompt, result, *values))
    verdict: RowVerdict | None = values[_VERDICT]
    if verdict is not None:
        job = structs.replace(job, verdict=verdict.brief())
    return Summary(job, prompt_bytes, result_bytes)
