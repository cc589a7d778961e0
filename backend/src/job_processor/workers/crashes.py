"""What crashed on a flow a short while ago: a processor that refuses all jobs may do so because of it."""

from dataclasses import replace

from job_processor.core.callbacks import Answer
from job_processor.core.inbox import Said
from job_processor.core.job import Attempt, Job
from job_processor.core.outcome import LaneClosed
from job_processor.store.base import InboxQuery, Query, Store

RECENT_MS = 3_600_000
LOOKED_AT = 50
"""Reports, and jobs, that are looked at: the newest."""
CRASHED = "n8n_crashed"


async def named(store: Store, flow: str, sign: LaneClosed) -> LaneClosed:
    """The sign with the newest attempt of the flow that crashed, where its ``after_crashes`` asks for that."""
    if sign.after_crashes is None:
        return sign
    since = store.now() - RECENT_MS
    # A report may come when the attempt is over already: then it was applied to nothing.
    told = frozenset({Answer.APPLIED, Answer.UNKNOWN})
    reports = [one.callback for one in await store.inbox(InboxQuery(limit=LOOKED_AT, verdicts=told, clip=0))]
    crashed = {one.execution_id for one in reports if one.said is Said.ERROR and one.last_at >= since}
    found = [
        (attempt, job)
        for job in await _jobs(store, flow, {one.job_id for one in reports if one.verdict is Answer.APPLIED})
        for attempt in job.attempts
        if attempt.ended_at is not None
        and attempt.ended_at >= since
        and ((attempt.execution_id is not None and attempt.execution_id in crashed) or _is_crash(attempt))
    ]
    if not found:
        return sign
    attempt, job = max(found, key=lambda one: one[0].ended_at or 0)
    others = len({one.id for _, one in found}) - 1
    more = f" (and {others} more jobs lately)" if others else ""
    before = f"Attempt {attempt.number} of job {job.id} crashed before it{more}."
    return replace(sign, detail=f"{sign.detail} {sign.after_crashes} {before}")


async def _jobs(store: Store, flow: str, reported: set[str | None]) -> list[Job]:
    """The newest jobs of the flow, and those of its older ones whose crash was reported."""
    listed = [one.job for one in await store.list(Query(limit=LOOKED_AT, flow=flow, clip=0))]
    older_ids = {job_id for job_id in reported if job_id is not None} - {job.id for job in listed}
    older = [await store.get(job_id) for job_id in sorted(older_ids)]
    return listed + [job for job in older if job is not None and job.flow == flow]


def _is_crash(attempt: Attempt) -> bool:
    return attempt.error is not None and attempt.error.code == CRASHED
