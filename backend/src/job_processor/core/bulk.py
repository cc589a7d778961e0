"""Bulk actions: one act on all jobs that match a query. The rules of its progress; ``acts.bulk_groups`` does the work.

The jobs are taken newest first, in groups. A group is written down (``planned``) before the first of its jobs is acted
on, and counted (``settled``) after the last. Who finds a planned group after a crash acts on what is left of it: which
jobs were acted on is written in the jobs themselves (``Job.bulk_actions``), in the same write as the act.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from job_processor.core.access import Requester

LEASE_MS = 60_000
"""How long a process has a bulk action without renewing; each group renews it. A group takes less: only cancels are
passed on to processors, all at the same time, and each of these has a timeout of 10 seconds."""


class BulkKind(StrEnum):
    RETRY = "retry"
    CANCEL = "cancel"
    DELETE = "delete"
    REPLAY = "replay"


class BulkState(StrEnum):
    RUNNING = "RUNNING"
    ABORTING = "ABORTING"
    """It was aborted; the group under way still comes to its end."""
    DONE = "DONE"
    ABORTED = "ABORTED"


OPEN = frozenset({BulkState.RUNNING, BulkState.ABORTING})


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What became of one job. ``skipped`` and ``failed``: a code, why it was not acted on; both ``None``: it was."""

    skipped: str | None = None
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class BulkAction:
    """A bulk action as it is stored. Times in milliseconds since 1970.

    ``rev`` is incremented by every change and checked by every compare-and-set. ``query``: the filters as the API has
    them. ``by``: who asked for it; its acts are limited to what they may see. ``matched``: the jobs that matched at the
    start; ``more``: there were more than were counted. ``limit``: act on at most so many; ``None``: on all.
    """

    id: str
    """Jobs with a greater id are newer than the bulk action: they are not acted on."""
    kind: BulkKind
    query: Mapping[str, object]
    by: Requester
    created_at: int
    updated_at: int
    matched: int
    cursor: str
    """The jobs that are still to come have smaller ids."""
    more: bool = False
    state: BulkState = BulkState.RUNNING
    limit: int | None = None
    reason: str | None = None
    flow: str | None = None
    """Where replays go; ``None``: to the flow of each job."""
    planned: tuple[str, ...] = ()
    """The group of jobs that is acted on now."""
    done: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    waits_for: str | None = None
    """Why it makes no progress now: a code."""
    runner: str = ""
    """The process that has it, until ``lease_until``."""
    lease_until: int = 0
    ended_at: int | None = None
    rev: int = 0
    key: str | None = None
    """The idempotency key it was started with, unique in the store; ``fingerprint``: of the request."""
    fingerprint: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def handled(self) -> int:
        """Jobs that were counted so far, whatever became of them."""
        return self.done + sum(self.skipped.values()) + sum(self.failed.values())

    def group(self, most: int) -> int:
        """How many jobs the next group may have."""
        if self.state is not BulkState.RUNNING:
            return 0
        return most if self.limit is None else min(most, self.limit - self.handled)

    def may_be_taken(self, runner: str, now: int) -> bool:
        return self.is_open and (self.runner == runner or now >= self.lease_until)

    def seen_by(self, flows: frozenset[str] | None) -> bool:
        """May somebody who is limited to these flows know of it? It acts on no job of another flow."""
        mine = self.by.principal.flows
        return flows is None or (mine is not None and mine <= flows)


def taken(action: BulkAction, runner: str, now: int) -> BulkAction:
    """The bulk action in the hands of this process."""
    return replace(action, runner=runner, lease_until=now + LEASE_MS)


def planned(action: BulkAction, ids: Sequence[str]) -> BulkAction:
    """The bulk action with its next group, newest first."""
    return replace(action, planned=tuple(ids), waits_for=None)


def settled(action: BulkAction, outcomes: Sequence[JobOutcome], now: int) -> BulkAction:
    """The bulk action after each job of its group had this outcome."""
    skipped = Counter(one.skipped for one in outcomes if one.skipped is not None)
    failed = Counter(one.failed for one in outcomes if one.failed is not None)
    return replace(
        action,
        updated_at=now,
        cursor=action.planned[-1],
        planned=(),
        waits_for=None,
        done=action.done + len(outcomes) - skipped.total() - failed.total(),
        skipped=_sum(action.skipped, skipped),
        failed=_sum(action.failed, failed),
    )


def ended(action: BulkAction, now: int) -> BulkAction:
    """The bulk action with nothing left to do. What matched is known exactly now, unless it was aborted."""
    aborted = action.state is BulkState.ABORTING
    after = replace(
        action,
        state=BulkState.ABORTED if aborted else BulkState.DONE,
        updated_at=now,
        ended_at=now,
        waits_for=None,
        runner="",
        lease_until=0,
    )
    return after if aborted else replace(after, matched=after.handled, more=False)


def aborted(action: BulkAction, now: int) -> BulkAction | None:
    """The bulk action after a request to abort it; ``None``: it has ended, or is being aborted."""
    if action.state is not BulkState.RUNNING:
        return None
    return replace(action, state=BulkState.ABORTING, updated_at=now)


def _sum(before: Mapping[str, int], more: Mapping[str, int]) -> Mapping[str, int]:
    return {code: before.get(code, 0) + more.get(code, 0) for code in sorted({*before, *more})}
