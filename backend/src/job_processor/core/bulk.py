"""Bulk actions: one act on all jobs that match a query. These are the rules of progress; ``acts.bulk_groups`` executes.

Jobs are processed in groups, newest first. A group is stored (``planned``) before its first job is acted on, and
counted (``settled``) after its last. After a crash another process resumes the planned group: each job stores the bulk
actions that have acted on it (``Job.bulk_actions``), in the same write as the act, so none is acted on twice. After an
abort no job is acted on any more but those of a group that is under way: of one that failed or waits, what was done is
counted.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from job_processor.core.access import Requester

LEASE_MS = 60_000
"""The lease of a process on a bulk action; each group renews it. A group takes less time: only cancels call processors,
concurrently, with a timeout of 10 seconds."""


class BulkKind(StrEnum):
    RETRY = "retry"
    CANCEL = "cancel"
    DELETE = "delete"
    REPLAY = "replay"


class BulkState(StrEnum):
    RUNNING = "RUNNING"
    ABORTING = "ABORTING"
    """Aborted: a group that is under way is completed, and no other is begun."""
    DONE = "DONE"
    ABORTED = "ABORTED"


OPEN = frozenset({BulkState.RUNNING, BulkState.ABORTING})


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """The outcome for one job. ``skipped``, ``failed``: a code for why it was not acted on; both ``None``: it was."""

    skipped: str | None = None
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class BulkAction:
    """A bulk action as it is stored. Times in milliseconds since 1970.

    ``rev``: incremented by every change and checked by every compare-and-set. ``query``: the filters as the API has
    them. ``by``: the requester; the bulk action acts only on jobs that the requester may see. ``matched``: the number
    of jobs that matched at the start; ``more``: there were more than were counted. ``limit``: the maximum number of
    jobs to act on; ``None``: no limit.
    """

    id: str
    """Jobs with a greater id are newer than the bulk action and not acted on."""
    kind: BulkKind
    query: Mapping[str, object]
    by: Requester
    created_at: int
    updated_at: int
    matched: int
    cursor: str
    """Id of the last processed job; the remaining ones have smaller ids."""
    more: bool = False
    state: BulkState = BulkState.RUNNING
    limit: int | None = None
    reason: str | None = None
    flow: str | None = None
    """The flow of the replays; ``None``: the flow of each job."""
    planned: tuple[str, ...] = ()
    """Ids of the current group of jobs."""
    done: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    waits_for: str | None = None
    """A code for why the bulk action makes no progress now."""
    runner: str = ""
    """The process that holds the lease, until ``lease_until``."""
    lease_until: int = 0
    ended_at: int | None = None
    rev: int = 0
    key: str | None = None
    """The idempotency key of the request, unique in the store; ``fingerprint``: a digest of the request."""
    fingerprint: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def handled(self) -> int:
        """The number of jobs processed so far, whatever their outcome."""
        return self.done + sum(self.skipped.values()) + sum(self.failed.values())

    def group(self, most: int) -> int:
        """The maximum size of the next group, at most ``most``; 0 if the bulk action was aborted or has ended."""
        if self.state is not BulkState.RUNNING:
            return 0
        return most if self.limit is None else min(most, self.limit - self.handled)

    def may_be_taken(self, runner: str, now: int) -> bool:
        """Whether the process ``runner`` may acquire or renew the lease at ``now`` (ms since 1970)."""
        return self.is_open and (self.runner == runner or now >= self.lease_until)

    def seen_by(self, flows: frozenset[str] | None) -> bool:
        """Whether a principal limited to these flows may see the bulk action, because it acts on no other flow."""
        mine = self.by.principal.flows
        return flows is None or (mine is not None and mine <= flows)


def taken(action: BulkAction, runner: str, now: int) -> BulkAction:
    """The bulk action with a new lease for the process ``runner``."""
    return replace(action, runner=runner, lease_until=now + LEASE_MS)


def planned(action: BulkAction, ids: Sequence[str]) -> BulkAction:
    """The bulk action with the ids of its next group, newest first; of a group that waits, it still says for what."""
    return replace(action, planned=tuple(ids), waits_for=action.waits_for if action.planned else None)


def settled(action: BulkAction, outcomes: Sequence[JobOutcome], now: int) -> BulkAction:
    """The bulk action after its group, if it has one, with these outcomes counted."""
    skipped = Counter(one.skipped for one in outcomes if one.skipped is not None)
    failed = Counter(one.failed for one in outcomes if one.failed is not None)
    return replace(
        action,
        updated_at=now,
        cursor=action.planned[-1] if action.planned else action.cursor,
        planned=(),
        waits_for=None,
        done=action.done + len(outcomes) - skipped.total() - failed.total(),
        skipped=_sum(action.skipped, skipped),
        failed=_sum(action.failed, failed),
    )


def ended(action: BulkAction, now: int) -> BulkAction:
    """The bulk action when no job is left. Unless it was aborted, ``matched`` becomes the exact number."""
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
    """The bulk action after a request to abort it; ``None`` if it has ended or is being aborted already."""
    if action.state is not BulkState.RUNNING:
        return None
    return replace(action, state=BulkState.ABORTING, updated_at=now)


def _sum(before: Mapping[str, int], more: Mapping[str, int]) -> Mapping[str, int]:
    return {code: before.get(code, 0) + more.get(code, 0) for code in sorted({*before, *more})}
