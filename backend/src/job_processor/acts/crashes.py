"""What crashed on a flow a short while ago: a processor that refuses all jobs may do so because of it."""

from dataclasses import replace

from job_processor.core.callbacks import Answer
from job_processor.core.inbox import Said
from job_processor.core.job import Attempt
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
    found: list[tuple[Attempt, str]] = []
    for job_id in await _looked_at(
        store, flow, since, {one.job_id for one in reports if one.verdict is Answer.APPLIED}
    ):
        # One after the other: of each only what crashed is kept in memory, not its texts.
        job = await store.get(job_id)
        if job is not None and job.flow == flow:
            found += [(attempt, job.id) for attempt in job.attempts if _has_crashed(attempt, since, crashed)]
    if not found:
        return sign
    attempt, newest = max(found, key=lambda one: one[0].ended_at or 0)
    others = len({job_id for _, job_id in found}) - 1
    more = f" (and {others} more jobs lately)" if others else ""
    before = f"Attempt {attempt.number} of job {newest} crashed before it{more}."
    return replace(sign, detail=f"{sign.detail} {sign.after_crashes} {before}")


async def _looked_at(store: Store, flow: str, since: int, reported: set[str | None]) -> list[str]:
    """The newest jobs of the flow that something happened to since, and those of its older ones whose crash was
    reported."""
    listed = await store.list(Query(limit=LOOKED_AT, flow=flow, clip=0))
    recent = [one.id for one in listed if one.job.attempt and one.job.updated_at >= since]
    older = {job_id for job_id in reported if job_id is not None} - {one.id for one in listed}
    return recent + sorted(older)


def _has_crashed(attempt: Attempt, since: int, crashed: set[str | None]) -> bool:
    if attempt.ended_at is None or attempt.ended_at < since:
        return False
    reported = attempt.execution_id is not None and attempt.execution_id in crashed
    return reported or (attempt.error is not None and attempt.error.code == CRASHED)
