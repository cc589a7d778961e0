"""Reconciles: asks a flow's processor what became of the attempts that wait for its callback.

It asks about
- attempts whose callback is overdue, before they fail;
- attempts whose callback was unreadable, at once;
- all attempts that began before the processor's last outage, as soon as it is reachable again, so that lost ones are
  retried at once;
- from time to time, as a sample, the attempt without news for longest: a processor that dies and restarts between two
  hand-overs would otherwise go unnoticed.
"""

import asyncio
import random
from collections.abc import Sequence

import structlog

from job_processor.acts import Acts
from job_processor.core import reconciling
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job
from job_processor.core.outcome import Accepted, Succeeded
from job_processor.processors.base import Finding, Reconciler
from job_processor.store.base import Store, WaitingQuery
from job_processor.workers.loop import Loop

log = structlog.get_logger(__name__)
BATCH = 100
POLL_SECONDS = 1.0
MAX_CONCURRENT_QUESTIONS = 20
"""Maximum concurrent reconcile calls of one flow; each answer is held in memory and may be large."""
SAMPLE_MS = 15_000
"""A sampled attempt has had no news for at least this long."""
UNANSWERED_PAUSE_SECONDS = 5.0
"""The pause after a reconcile call that the processor did not answer."""


class Asker(Loop):
    """The asker of one flow. Of several workers only one asks about an attempt at a time (``Asking``)."""

    def __init__(self, acts: Acts, store: Store, rules: FlowRules, processor: Reconciler) -> None:
        super().__init__()
        self.name = f"asker:{rules.name}"
        self._acts = acts
        self._store = store
        self._flow = rules.name
        self._processor = processor

    async def tick(self) -> float:
        lane = await self._acts.lanes.of(self._flow)
        since, now = reconciling.lost_before(lane), self._store.now()
        found = await self._store.list_waiting(WaitingQuery(self._flow, BATCH, since))
        chosen = [job for job in found if _may_be_asked(job, now)]
        sample = not chosen and lane.trouble is None
        if sample:
            # Only while the lane is open: a closed lane is probed by a job.
            chosen = [
                job
                for job in await self._store.list_waiting(WaitingQuery(self._flow, 1, now - SAMPLE_MS, oldest=True))
                if _may_be_asked(job, now)
            ]
        if not chosen:
            return POLL_SECONDS
        if len(chosen) > MAX_CONCURRENT_QUESTIONS:
            # A random choice, so that several workers ask about different attempts.
            chosen = _sample(chosen, now)
        findings = await self._ask(chosen)
        if sample and any(one is not None and _suggests_lost_runs(one) for one in findings):
            await self._acts.lanes.runs_may_be_lost(self._flow)
        if any(one is not None and not one.answered for one in findings):
            return UNANSWERED_PAUSE_SECONDS
        return 0 if len(found) == BATCH or len(chosen) == MAX_CONCURRENT_QUESTIONS else POLL_SECONDS

    async def _ask(self, jobs: Sequence[Job]) -> list[Finding | None]:
        done = await asyncio.gather(*(self._ask_one(job) for job in jobs), return_exceptions=True)
        for failure in done:
            if isinstance(failure, BaseException):
                raise failure
        return [one for one in done if not isinstance(one, BaseException)]

    async def _ask_one(self, job: Job) -> Finding | None:
        """The finding, or ``None`` if another worker asked. Raises ``StoreUnavailable``."""
        try:
            return await self._acts.questions.ask(self._processor, job)
        except StoreUnavailable:
            raise
        except JobNotFound:
            return None
        except Exception:
            # A failure with one job must not keep the others from being asked about.
            log.exception("asking_failed", job=job.id)
            return None


def _may_be_asked(job: Job, now: int) -> bool:
    """Whether a reconcile call may be made: the callback is overdue, the job's ``ask_at`` has passed, or its execution
    id is known; and ``asking.begin_reconcile`` allows it.

    Jobs past their own deadline are excluded: the reaper fails them without asking.
    """
    if job.deadline is not None and job.deadline <= now:
        return False
    due = job.due_at()
    return (
        (due is not None and due <= now) or job.attempts[-1].execution_id is not None
    ) and reconciling.begin_reconcile(job, now) is not None


def _sample(jobs: Sequence[Job], now: int) -> list[Job]:
    """At most ``MAX_CONCURRENT_QUESTIONS`` jobs: overdue ones first, otherwise at random."""
    overdue = [job for job in jobs if job.lease is not None and job.lease.until <= now]
    chosen = random.sample(overdue, min(len(overdue), MAX_CONCURRENT_QUESTIONS))
    rest = [job for job in jobs if job.lease is not None and job.lease.until > now]
    return chosen + random.sample(rest, min(len(rest), MAX_CONCURRENT_QUESTIONS - len(chosen)))


def _suggests_lost_runs(finding: Finding) -> bool:
    """Whether the processor did not answer, or the attempt ended there without a result."""
    lost = finding.ended and not isinstance(finding.outcome, Succeeded | Accepted)
    return lost or not finding.answered
