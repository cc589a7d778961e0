"""From the core's values to the wire's."""

import datetime
import functools
import re
from collections.abc import Mapping

from job_processor.core.inbox import Callback
from job_processor.core.job import Job, State
from job_processor.core.verdict import Verdict
from job_processor.core.waiting import WaitsFor
from job_processor.http import models as s
from job_processor.http.mirror import maker
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


_row = maker(Job, s.JobSummary, time_out, given=("prompt", "result"))
_job = maker(Job, s.JobWhole, time_out)
_answered = maker(Job, s.CallbackAnswer, time_out)
_verdict = maker(Verdict, s.VerdictOut, time_out)
_wait = maker(WaitsFor, s.WaitingOn, time_out)
_kept = maker(Callback, s.KeptCallback, time_out, given=("content", "body"))
worker = maker(Worker, s.WorkerOut, time_out)


def summary(one: Summary, waits: WaitsFor | None) -> s.JobSummary:
    """A job for a list; its texts are as the store clipped them, cut here to 4 KiB of UTF-8."""
    job = one.job
    prompt, prompt_cut = clip(job.prompt, one.prompt_bytes)
    result, result_cut = (None, False) if job.result is None else clip(job.result, one.result_bytes or 0)
    return _row(
        job,
        prompt=prompt,
        result=result,
        status=job.state,
        result_verdict=verdict(job.verdict),
        waiting_on=waiting_on(waits),
        prompt_truncated=prompt_cut,
        prompt_bytes=one.prompt_bytes,
        result_truncated=result_cut,
        result_bytes=one.result_bytes,
    )


def whole(job: Job, waits: WaitsFor | None) -> s.JobWhole:
    return _job(job, **_computed(job, waits))


def callback_answer(job: Job, waits: WaitsFor | None, callback: str) -> s.CallbackAnswer:
    return _answered(job, **_computed(job, waits), callback=callback)


def _computed(job: Job, waits: WaitsFor | None) -> dict[str, object]:
    return {
        "status": job.state,
        "result_verdict": verdict(job.verdict),
        "waiting_on": waiting_on(waits),
        "prompt_truncated": False,
        "prompt_bytes": size(job.prompt),
        "result_truncated": False,
        "result_bytes": None if job.result is None else size(job.result),
    }


def waiting_on(waits: WaitsFor | None) -> s.WaitingOn | None:
    return None if waits is None else _wait(waits)


def verdict(value: Verdict | None) -> s.VerdictOut | None:
    return None if value is None else _verdict(value)


def kept(callback: Callback, content_bytes: int, body_bytes: int | None) -> s.KeptCallback:
    """A callback for a list: its content as the store clipped it, cut here to 4 KiB of UTF-8; without its body."""
    content, cut = clip(callback.content, content_bytes)
    return _kept(
        callback,
        content=content,
        body=None,
        last_received_at=time_out(callback.last_at),
        content_truncated=cut,
        content_bytes=content_bytes,
        body_bytes=body_bytes,
        body_truncated=callback.body_cut,
    )


def kept_whole(callback: Callback) -> s.KeptCallback:
    body = callback.body
    whole = kept(callback, size(callback.content), None if body is None else len(body))
    whole.body = None if body is None else body.decode("utf-8", "replace")
    whole.content, whole.content_truncated = callback.content, False
    return whole


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
