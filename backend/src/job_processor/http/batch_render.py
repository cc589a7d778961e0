"""Converts batches and the lines of their results to the structs of the API."""

from collections.abc import Sequence

import msgspec

from job_processor.core.batch import Batch, BatchCounts, RefusedLine, ended_at, status_of
from job_processor.core.job import Job, State, Usage
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.mirror import converter
from job_processor.http.models.jobs import ErrorOut, UsageOut

REFUSED = "REFUSED"
_usage = converter(Usage, UsageOut, render.time_out)
_summary = converter(Batch, s.BatchSummary, render.time_out, computed=("ended_at", "webhook_url"))
_whole = converter(Batch, s.BatchWhole, render.time_out, computed=("ended_at", "webhook_url"))
_error = converter(RefusedLine, s.LineErrorOut, render.time_out)
_encode = msgspec.json.Encoder().encode


def summary(one: Batch, counts: BatchCounts) -> s.BatchSummary:
    return _summary(one, **_computed(one, counts))


def whole(one: Batch, counts: BatchCounts, refused: Sequence[RefusedLine]) -> s.BatchWhole:
    """``refused``: the refused lines to show, which are the first of the batch."""
    return _whole(one, **_computed(one, counts), errors=[_error(line) for line in refused])


def _computed(one: Batch, counts: BatchCounts) -> dict[str, object]:
    end = ended_at(one, counts)
    states = {state.value.lower(): counts.by_state.get(state, 0) for state in State}
    return {
        "status": status_of(one, counts),
        "ended_at": render.maybe_time(end),
        "kept_until": None if end is None or one.keep_ms is None else render.time_out(end + one.keep_ms),
        "refused": one.lines - one.jobs,
        "cost_micros": counts.cost,
        "counts": s.BatchCountsOut(**states, deleted=counts.deleted(one)),
        "webhook_url": None if one.webhook_url is None else render.without_query(one.webhook_url),
    }


def line(job: Job) -> bytes:
    """A line of the results, with its newline. ``job`` may have been read without its prompt."""
    usage = job.attempts[-1].usage if job.attempts else None
    return _line(
        s.BatchResult(
            line=job.batch_line or 0,
            custom_id=job.custom_id,
            job_id=job.id,
            status=job.state.value,
            flow=job.flow,
            answered_by=job.answered_by,
            finished_at=render.maybe_time(job.finished_at),
            result=job.result,
            verdict=None if job.verdict is None else job.verdict.kind,
            error=None if job.error is None else ErrorOut(code=job.error.code, message=job.error.message),
            usage=None if usage is None else _usage(usage),
            cost_micros=job.cost_micros,
        )
    )


def refused_line(one: RefusedLine) -> bytes:
    words = f"{one.field}: {one.message}" if one.field else one.message
    return _line(
        s.BatchResult(
            line=one.line,
            custom_id=one.custom_id,
            job_id=None,
            status=REFUSED,
            flow=None,
            answered_by=None,
            finished_at=None,
            result=None,
            verdict=None,
            error=ErrorOut(code=one.code, message=words),
            usage=None,
            cost_micros=None,
        )
    )


def _line(result: s.BatchResult) -> bytes:
    return _encode(result) + b"\n"
