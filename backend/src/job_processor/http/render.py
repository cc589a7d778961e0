"""Converts core values to the structs of the API, and times to and from RFC 3339."""

import datetime
import functools
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from job_processor.core.bulk import BulkAction
from job_processor.core.inbox import Callback
from job_processor.core.job import Job, JobWebhook, State
from job_processor.core.verdict import Verdict
from job_processor.core.waiting import WaitingFor
from job_processor.http import models as s
from job_processor.http.mirror import converter
from job_processor.http.problems import invalid
from job_processor.store.base import Summary, Worker

CLIP_BYTES = 4096
"""Maximum UTF-8 bytes of a text in a list."""
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?P<second>[0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
"""Stricter than ``fromisoformat``, which also accepts weeks, basic formats and spaces of ISO 8601."""
_MAX_TIME_MS = 4_102_444_800_000
"""2100-01-01: later times are treated as mistakes."""


@functools.lru_cache(maxsize=4096)
def time_out(ms: int) -> str:
    """Milliseconds since 1970 as RFC 3339 in UTC with milliseconds."""
    # Cached, because most times of a job are among few moments, and are rendered in several answers.
    return f"{_second(ms // 1000)}.{ms % 1000:03d}Z"


@functools.lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    # Cached: formatting times would dominate the cost of a response, and many times share their second.
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")


def maybe_time(ms: int | None) -> str | None:
    return None if ms is None else time_out(ms)


def time_in(field: str, text: str) -> int:
    """An RFC 3339 time with an offset as milliseconds since 1970.

    Raises ``RequestRefused`` (422) naming ``field`` if it is not such a time, or not between 1970 and 2100.
    """
    try:
        shape = _RFC_3339.fullmatch(text)
        if shape is None:
            raise ValueError
        leap = 1 if shape["second"] == "60" else 0
        # Python has no leap seconds: 23:59:60 UTC is parsed as :59 plus one second; :60 at any other time is invalid.
        at = shape.start("second")
        value = datetime.datetime.fromisoformat((f"{text[:at]}59{text[at + 2 :]}" if leap else text).upper())
        utc = value.astimezone(datetime.UTC)
        if leap and (utc.hour, utc.minute) != (23, 59):
            raise ValueError
        ms = int(value.timestamp() * 1000) + 1000 * leap
    except (ValueError, OverflowError):
        raise invalid(field, "must be an RFC 3339 time with an offset, like 2026-11-24T10:15:30Z") from None
    if not 0 <= ms < _MAX_TIME_MS:
        raise invalid(field, "must be between 1970 and 2100")
    return ms


_row = converter(Job, s.JobRow, time_out, computed=("prompt", "result"))
_job = converter(Job, s.JobWhole, time_out, computed=("webhook",))
_answered = converter(Job, s.CallbackAnswer, time_out, computed=("webhook",))
_verdict = converter(Verdict, s.VerdictOut, time_out)
_wait = converter(WaitingFor, s.WaitingOn, time_out)
_kept = converter(Callback, s.KeptCallback, time_out, computed=("content", "body"))
_bulk_action = converter(BulkAction, s.BulkActionOut, time_out, computed=("query", "skipped", "failed"))
worker = converter(Worker, s.WorkerOut, time_out)


def row(
    one: Summary, waits: WaitingFor | None, most: int = CLIP_BYTES, snippets: Sequence[s.SnippetOut] = ()
) -> s.JobRow:
    """A job in a list. Its texts come clipped from the store, and are cut to ``most`` bytes of UTF-8 here."""
    job = one.job
    prompt, prompt_cut = clip(job.prompt, one.prompt_bytes, most)
    result, result_cut = (None, False) if job.result is None else clip(job.result, one.result_bytes or 0, most)
    return _row(
        job,
        prompt=prompt,
        result=result,
        snippets=list(snippets),
        status=job.state,
        result_verdict=verdict(job.verdict),
        waiting_on=waiting_on(waits),
        prompt_truncated=prompt_cut,
        prompt_bytes=one.prompt_bytes,
        result_truncated=result_cut,
        result_bytes=one.result_bytes,
    )


def whole(job: Job, waits: WaitingFor | None) -> s.JobWhole:
    return _job(job, **_computed(job, waits))


def callback_answer(job: Job, waits: WaitingFor | None, callback: str) -> s.CallbackAnswer:
    return _answered(job, **_computed(job, waits), callback=callback)


def _computed(job: Job, waits: WaitingFor | None) -> dict[str, object]:
    return {
        "status": job.state,
        "result_verdict": verdict(job.verdict),
        "waiting_on": waiting_on(waits),
        "prompt_truncated": False,
        "prompt_bytes": size(job.prompt),
        "result_truncated": False,
        "result_bytes": None if job.result is None else size(job.result),
        "webhook": None if job.webhook is None else _webhook(job.webhook),
    }


def _webhook(webhook: JobWebhook) -> s.JobWebhookOut:
    return s.JobWebhookOut(url=without_query(webhook.url), events=list(webhook.events))


def without_query(url: str) -> str:
    """The URL of a webhook without its query, which may hold a secret."""
    parts = urlsplit(url)
    return parts._replace(query="…" if parts.query else "", fragment="").geturl()


def bulk_action(action: BulkAction) -> s.BulkActionOut:
    return _bulk_action(
        action,
        action=action.kind,
        status=action.state,
        query=dict(action.query),
        skipped=dict(action.skipped),
        failed=dict(action.failed),
    )


def waiting_on(waits: WaitingFor | None) -> s.WaitingOn | None:
    return None if waits is None else _wait(waits)


def verdict(value: Verdict | None) -> s.VerdictOut | None:
    return None if value is None else _verdict(value)


def kept(callback: Callback, content_bytes: int, body_bytes: int | None) -> s.KeptCallback:
    """A kept callback in a list, without its body. Its content comes clipped from the store, and is cut to
    ``CLIP_BYTES`` of UTF-8 here."""
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
    """Length in bytes of UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def clip(text: str, whole_bytes: int, most: int = CLIP_BYTES) -> tuple[str, bool]:
    """The first ``most`` bytes of UTF-8, cut between characters, and whether text was cut.

    ``whole_bytes``: size of the whole text, of which ``text`` may already be a beginning.
    """
    if whole_bytes <= most:
        return text, False
    return text.encode()[:most].decode(errors="ignore"), True


def by_flow(counts: Mapping[tuple[str, State], int]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for (flow, state), n in counts.items():
        table.setdefault(flow, {})[state.value] = n
    return table
