"""The part of a job's record that a list shows: the rest is passed over when the record is read."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from job_processor.core.job import JobError, Json, Refusals, Snooze, State
from job_processor.core.verdict import ParseError, ResultKind, SchemaError, Verdict, Warning
from job_processor.store.base import Summary


class RowVerdict(msgspec.Struct, frozen=True):
    """A verdict but for its repair, which may be as long as the result."""

    kind: ResultKind
    error: ParseError | None = None
    schema_errors: tuple[SchemaError, ...] = ()
    warnings: tuple[Warning, ...] = ()
    note: str | None = None

    def brief(self) -> Verdict:
        return Verdict(self.kind, self.error, None, self.schema_errors[:1], warnings=self.warnings[:1], note=self.note)


class RowRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Some fields of ``store.record.Record``, under the same names."""

    max_attempts: int
    failures: int = 0
    deadline: int | None = None
    verdict: RowVerdict | None = None
    error: JobError | None = None
    snooze: Snooze | None = None
    refusals: Refusals | None = None
    progress: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    replay_of: str | None = None


def summary(
    record: RowRecord,
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
    lease_until: int | None,
    finished_at: int | None,
    result: str | None,
    prompt_bytes: int,
    result_bytes: int | None,
) -> Summary:
    verdict = record.verdict
    return Summary(
        id=id,
        prompt=prompt,
        flow=flow,
        state=state,
        rev=rev,
        created_at=created_at,
        updated_at=updated_at,
        run_at=run_at,
        priority=priority,
        attempt=attempt,
        failures=record.failures,
        max_attempts=record.max_attempts,
        lease_until=lease_until,
        deadline=record.deadline,
        finished_at=finished_at,
        result=result,
        verdict=None if verdict is None else verdict.brief(),
        error=record.error,
        snooze=record.snooze,
        refusals=record.refusals,
        progress=record.progress,
        tags=record.tags,
        metadata=cast(Mapping[str, Json], record.metadata),
        replay_of=record.replay_of,
        prompt_bytes=prompt_bytes,
        result_bytes=result_bytes,
    )
