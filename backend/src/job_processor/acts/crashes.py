"""Finds recent crashes of a flow's jobs: one of them may be why the processor now refuses all jobs."""

from msgspec import structs

from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.inbox import CallbackContent
from job_processor.core.job import Attempt
from job_processor.core.outcome import LaneClosed
from job_processor.store.base import InboxQuery, Query, Store

RECENT_MS = 3_600_000
SCAN_LIMIT = 50
"""The numbers of newest callbacks and newest jobs that are searched."""
CRASHED = "n8n_crashed"


async def with_latest_crash(store: Store, flow: str, sign: LaneClosed) -> LaneClosed:
    """``sign`` with the flow's newest crashed attempt of the last hour added to its detail.

    Unchanged if ``sign.after_crashes`` is ``None`` or no attempt crashed.
    """
    if sign.after_crashes is None:
        return sign
    since = store.now() - RECENT_MS
    # A crash report that came after the attempt had ended has the verdict UNKNOWN.
    verdicts = frozenset({CallbackVerdict.APPLIED, CallbackVerdict.UNKNOWN})
    reports = [
        one.callback for one in await store.list_callbacks(InboxQuery(limit=SCAN_LIMIT, verdicts=verdicts, clip=0))
    ]
    crashed = {one.execution_id for one in reports if one.said is CallbackContent.ERROR and one.last_at >= since}
    found: list[tuple[Attempt, str]] = []
    for job_id in await _candidate_jobs(
        store, flow, since, {one.job_id for one in reports if one.verdict is CallbackVerdict.APPLIED}
    ):
        # One at a time, so that only one job with its texts is in memory.
        job = await store.get(job_id)
        if job is not None:
            theirs = [attempt for attempt in job.attempts if (attempt.flow or job.flow) == flow]
            found += [(attempt, job.id) for attempt in theirs if _has_crashed(attempt, since, crashed)]
    if not found:
        return sign
    attempt, newest = max(found, key=lambda one: one[0].ended_at or 0)
    others = len({job_id for _, job_id in found}) - 1
    more = f" (and {others} more jobs in the last hour)" if others else ""
    before = f"Attempt {attempt.number} of job {newest} crashed before it{more}."
    return structs.replace(sign, detail=f"{sign.detail} {sign.after_crashes} {before}")


async def _candidate_jobs(store: Store, flow: str, since: int, reported: set[str | None]) -> list[str]:
    """Ids of the flow's newest jobs that changed since then and of ``reported`` jobs that are not among the newest."""
    listed = await store.list(Query(limit=SCAN_LIMIT, flow=flow, clip=0))
    recent = [one.id for one in listed if one.job.attempt and one.job.updated_at >= since]
    older = {job_id for job_id in reported if job_id is not None} - {one.id for one in listed}
    return recent + sorted(older)


def _has_crashed(attempt: Attempt, since: int, crashed: set[str | None]) -> bool:
    if attempt.ended_at is None or attempt.ended_at < since:
        return False
    reported = attempt.execution_id is not None and attempt.execution_id in crashed
    return reported or (attempt.error is not None and attempt.error.code == CRASHED)
