"""A job on disk: the part of it that no query looks at, as one document. Shared by the drivers.

What queries need (state, flow, times, lease) a driver keeps in columns or fields of its own.
"""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from job_processor.core.events import Event
from job_processor.core.job import Attempt, Job, JobError, Json, Lease, Refusals, Snooze, State
from job_processor.core.verdict import Verdict


class Record(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """Fields may be added with a default; a name once used keeps its meaning, so old files stay readable."""

    max_attempts: int
    failures: int = 0
    lease_owner: str | None = None
    ask_at: int | None = None
    deadline: int | None = None
    verdict: Verdict | None = None
    error: JobError | None = None
    snooze: Snooze | None = None
    refusals: Refusals | None = None
    progress: str | None = None
    attempts: tuple[Attempt, ...] = ()
    history: tuple[Event, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    result_schema: dict[str, Any] | None = None
    replay_of: str | None = None


def to_record(job: Job) -> Record:
    return Record(
        max_attempts=job.max_attempts,
        failures=job.failures,
        lease_owner=job.lease.owner if job.lease is not None else None,
        ask_at=job.lease.ask_at if job.lease is not None else None,
        deadline=job.deadline,
        verdict=job.verdict,
        error=job.error,
        snooze=job.snooze,
        refusals=job.refusals,
        progress=job.progress,
        attempts=job.attempts,
        history=job.history,
        tags=job.tags,
        metadata=cast(dict[str, Any], job.metadata),
        result_schema=cast(dict[str, Any] | None, job.result_schema),
        replay_of=job.replay_of,
    )


def from_record(
    record: Record,
    *,
    id: str,
    prompt: str,
    flow: str,
    state: State,
    rev: int,
    created_at: int,
    updated_at: int,
    run_at: int,
    priority: int,
    attempt: int,
    lease_token: str | None,
    lease_until: int | None,
    finished_at: int | None,
    result: str | None,
) -> Job:
    lease = None
    if lease_token is not None and lease_until is not None:
        lease = Lease(lease_token, record.lease_owner or "", lease_until, record.ask_at)
    return Job(
        id=id,
        prompt=prompt,
        flow=flow,
        state=state,
        rev=rev,
        created_at=created_at,
        updated_at=updated_at,
        run_at=run_at,
        priority=priority,
        max_attempts=record.max_attempts,
        attempt=attempt,
        failures=record.failures,
        lease=lease,
        deadline=record.deadline,
        finished_at=finished_at,
        result=result,
        verdict=record.verdict,
        error=record.error,
        snooze=record.snooze,
        refusals=record.refusals,
        progress=record.progress,
        attempts=record.attempts,
        history=record.history,
        tags=record.tags,
        metadata=cast(Mapping[str, Json], record.metadata),
        result_schema=cast(Mapping[str, Json] | None, record.result_schema),
        replay_of=record.replay_of,
    )
