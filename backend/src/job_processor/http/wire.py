"""From the core's values to the wire's."""

import datetime
import functools
import re
from collections.abc import Mapping
from typing import Any, cast

from job_processor.core.inbox import Callback
from job_processor.core.job import Attempt, Job, JobError, State
from job_processor.core.verdict import Verdict
from job_processor.core.waiting import WaitsFor
from job_processor.http import schemas as s
from job_processor.http.problems import invalid
from job_processor.store.base import Summary, Worker

CLIP_BYTES = 4096
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?P<second>[0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
"""Far narrower than ISO 8601, of which ``fromisoformat`` takes weeks, basic forms and spaces."""
_MAX_TIME_MS = 4_102_444_800_000
"""The year 2100: later times are a mistake."""


def time_out(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return f"{_second(ms // 1000)}.{ms % 1000:03d}Z"


@functools.lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    # Formatting dominates the cost of an answer, and most times of a moment share their second.
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")


def maybe_time(ms: int | None) -> str | None:
    return None if ms is None else time_out(ms)


def time_in(field: str, text: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time with an offset, before the year 2100."""
    try:
        shape = _RFC_3339.fullmatch(text)
        if shape is None:
            raise ValueError
        leap = 1 if shape["second"] == "60" else 0
        # Python knows no leap second: it is the one after 23:59:59 UTC, and nowhere else.
        at = shape.start("second")
        value = datetime.datetime.fromisoformat((f"{text[:at]}59{text[at + 2 :]}" if leap else text).upper())
        utc = value.astimezone(datetime.UTC)
        if leap and (utc.hour, utc.minute) != (23, 59):
            raise ValueError
        ms = int(value.timestamp() * 1000) + 1000 * leap
    except (ValueError, OverflowError):
        raise invalid(field, "must be an RFC 3339 time with an offset, like 2026-11-24T10:15:30Z") from None
    if not 0 <= ms < _MAX_TIME_MS:
        raise invalid(field, "must lie between 1970 and 2100")
    return ms


def summary(one: Summary, waits: WaitsFor | None) -> s.JobSummary:
    """A job for a list; its texts are as the store clipped them, cut here to 4 KiB of UTF-8."""
    prompt, prompt_cut = clip(one.prompt, one.prompt_bytes)
    result, result_cut = (None, False) if one.result is None else clip(one.result, one.result_bytes or 0)
    return s.JobSummary(
        **_common(one, waits),
        result_verdict=None if one.verdict is None else verdict(one.verdict),
        prompt=prompt,
        result=result,
        prompt_truncated=prompt_cut,
        prompt_bytes=one.prompt_bytes,
        result_truncated=result_cut,
        result_bytes=one.result_bytes,
    )


def whole(job: Job, waits: WaitsFor | None) -> s.JobWhole:
    return s.JobWhole(**_whole(job, waits))


def callback_answer(job: Job, waits: WaitsFor | None, callback: str) -> s.CallbackAnswer:
    return s.CallbackAnswer(**_whole(job, waits), callback=callback)


def _whole(job: Job, waits: WaitsFor | None) -> dict[str, Any]:
    return {
        **_common(job, waits),
        "result_verdict": None if job.verdict is None else verdict(job.verdict),
        "prompt": job.prompt,
        "result": job.result,
        "prompt_truncated": False,
        "prompt_bytes": size(job.prompt),
        "result_truncated": False,
        "result_bytes": None if job.result is None else size(job.result),
        "attempts": [attempt(a) for a in job.attempts],
        "history": [
            s.EventOut(at=time_out(e.at), what=e.what, attempt=e.attempt, detail=e.detail) for e in job.history
        ],
        "result_schema": cast(s.JsonObject | None, job.result_schema),
    }


def _common(job: Job | Summary, waits: WaitsFor | None) -> dict[str, Any]:
    return {
        "id": job.id,
        "status": job.state,
        "flow": job.flow,
        "created_at": time_out(job.created_at),
        "updated_at": time_out(job.updated_at),
        "run_at": time_out(job.run_at),
        "finished_at": maybe_time(job.finished_at),
        "priority": job.priority,
        "attempt": job.attempt,
        "failures": job.failures,
        "max_attempts": job.max_attempts,
        "deadline": maybe_time(job.deadline),
        "error": error(job.error),
        "progress": job.progress,
        "waiting_on": None
        if waits is None
        else s.WaitingOn(kind=waits.kind, detail=waits.detail, until=maybe_time(waits.until)),
        "tags": list(job.tags),
        "metadata": cast(s.JsonObject, job.metadata),
        "replay_of": job.replay_of,
    }


def error(value: JobError | None) -> s.ErrorOut | None:
    return None if value is None else s.ErrorOut(code=value.code, message=value.message)


def attempt(a: Attempt) -> s.AttemptOut:
    usage = a.usage
    return s.AttemptOut(
        number=a.number,
        started_at=time_out(a.started_at),
        worker=a.worker,
        ended_at=maybe_time(a.ended_at),
        end=a.end,
        error=error(a.error),
        execution_id=a.execution_id,
        usage=None
        if usage is None
        else s.UsageOut(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            model=usage.model,
            finish_reason=usage.finish_reason,
        ),
        partial=a.partial,
    )


def verdict(v: Verdict) -> s.VerdictOut:
    return s.VerdictOut(
        kind=v.kind,
        error=None
        if v.error is None
        else s.ParseErrorOut(message=v.error.message, line=v.error.line, column=v.error.column),
        repaired=None
        if v.repaired is None
        else s.RepairOut(
            text=v.repaired.text,
            edits=[s.EditOut(position=e.position, before=e.before, after=e.after) for e in v.repaired.edits],
            cut=v.repaired.cut,
            dropped=v.repaired.dropped,
        ),
        schema_errors=[s.SchemaErrorOut(path=e.path, message=e.message) for e in v.schema_errors],
        warnings=[
            s.WarningOut(code=w.code, path=w.path, line=w.line, column=w.column, message=w.message) for w in v.warnings
        ],
        note=v.note,
    )


def kept(callback: Callback, content_bytes: int, body_bytes: int | None) -> s.KeptCallback:
    """A callback for a list: its content as the store clipped it, cut here to 4 KiB of UTF-8; without its body."""
    content, cut = clip(callback.content, content_bytes)
    return s.KeptCallback(
        id=callback.id,
        received_at=time_out(callback.received_at),
        last_received_at=time_out(callback.last_at),
        deliveries=callback.deliveries,
        verdict=callback.verdict,
        said=callback.said,
        job_id=callback.job_id,
        attempt=callback.attempt,
        execution_id=callback.execution_id,
        flow=callback.flow,
        content=content,
        content_truncated=cut,
        content_bytes=content_bytes,
        content_type=callback.content_type,
        body=None,
        body_bytes=body_bytes,
        body_truncated=callback.body_cut,
    )


def kept_whole(callback: Callback) -> s.KeptCallback:
    body = callback.body
    whole = kept(callback, size(callback.content), None if body is None else len(body))
    whole.body = None if body is None else body.decode("utf-8", "replace")
    whole.content, whole.content_truncated = callback.content, False
    return whole


def worker(w: Worker) -> s.WorkerOut:
    return s.WorkerOut(
        id=w.id,
        name=w.name,
        flows=list(w.flows),
        running=w.running,
        started_at=time_out(w.started_at),
        seen_at=time_out(w.seen_at),
    )


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def clip(text: str, whole_bytes: int) -> tuple[str, bool]:
    """At most 4 KiB of UTF-8, never through a character, and whether anything is missing."""
    if whole_bytes <= CLIP_BYTES:
        return text, False
    return text.encode()[:CLIP_BYTES].decode(errors="ignore"), True


def by_flow(counts: Mapping[tuple[str, State], int]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for (flow, state), n in counts.items():
        table.setdefault(flow, {})[state.value] = n
    return table
