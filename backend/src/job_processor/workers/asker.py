"""Asks a flow's processor what became of the attempts that wait for its callback.

About each whose callback is overdue, before it is given up, and at once about one whose callback came and could not be
read. About all that began before the processor was last out of
reach, as soon as it does its part again: what it lost is then tried again at once. And about one now and then, since
a processor that dies and comes back between two hand-overs would not be noticed otherwise.
"""

import asyncio
import random
from collections.abc import Sequence

import structlog

from job_processor.acts import Acts
from job_processor.core import asking
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job
from job_processor.core.lane import unheard_since
from job_processor.core.outcome import Accepted, Succeeded
from job_processor.processors.base import Finding, Reconciler
from job_processor.store.base import Awaited, Store
from job_processor.workers.loop import Loop

log = structlog.get_logger(__name__)
BATCH = 100
POLL_SECONDS = 1.0
ASKED_AT_ONCE = 20
"""Processors' records that are fetched side by side; each may be as long as a processor allows."""
SAMPLE_MS = 15_000
"""When nothing was heard of the attempt that has waited longest for so long, it is asked about."""
SILENCE_SECONDS = 5.0
"""The pause after questions that nobody answered."""


class Asker(Loop):
    """One flow's. Of several workers that want to ask about the same attempt, one does (``Asking``)."""

    def __init__(self, acts: Acts, store: Store, rules: FlowRules, processor: Reconciler) -> None:
        super().__init__()
        self.name = f"asker:{rules.name}"
        self._acts = acts
        self._store = store
        self._flow = rules.name
        self._processor = processor

    async def tick(self) -> float:
        lane = await self._acts.lanes.of(self._flow)
        since, now = unheard_since(lane), self._store.now()
        found = await self._store.awaited(Awaited(self._flow, BATCH, since))
        chosen = [job for job in found if _may_be_asked(job, now)]
        sample = not chosen and lane.trouble is None
        if sample:
            # Whoever is out of reach is known to be: its lane is closed, and asks when it opens.
            chosen = [
                job
                for job in await self._store.awaited(Awaited(self._flow, 1, now - SAMPLE_MS, oldest=True))
                if _may_be_asked(job, now)
            ]
        if not chosen:
            return POLL_SECONDS
        if len(chosen) > ASKED_AT_ONCE:
            # Other workers ask as well: whoever takes others than they do gets more done.
            chosen = _fairly(chosen, now)
        findings = await self._ask(chosen)
        if sample and any(one is not None and _is_bad_news(one) for one in findings):
            await self._acts.lanes.runs_may_be_lost(self._flow)
        if any(one is not None and not one.answered for one in findings):
            return SILENCE_SECONDS
        return 0 if len(found) == BATCH or len(chosen) == ASKED_AT_ONCE else POLL_SECONDS

    async def _ask(self, jobs: Sequence[Job]) -> list[Finding | None]:
        done = await asyncio.gather(*(self._settle(job) for job in jobs), return_exceptions=True)
        for failure in done:
            if isinstance(failure, BaseException):
                raise failure
        return [one for one in done if not isinstance(one, BaseException)]

    async def _settle(self, job: Job) -> Finding | None:
        """What was found, when it was this worker that asked."""
        try:
            return await self._acts.questions.ask(self._processor, job)
        except StoreUnavailable:
            raise
        except JobNotFound:
            return None
        except Exception:
            # One job's trouble is nobody else's: the rest is asked about all the same.
            log.exception("asking_failed", job=job.id)
            return None


def _may_be_asked(job: Job, now: int) -> bool:
    """Past its own deadline a job is ended without a question, and by the reaper."""
    if job.deadline is not None and job.deadline <= now:
        return False
    due = job.due_at()
    return ((due is not None and due <= now) or job.attempts[-1].execution_id is not None) and asking.begin(
        job, now
    ) is not None


def _fairly(jobs: Sequence[Job], now: int) -> list[Job]:
    """Overdue ones first, and of equals any."""
    overdue = [job for job in jobs if job.lease is not None and job.lease.until <= now]
    chosen = random.sample(overdue, min(len(overdue), ASKED_AT_ONCE))
    rest = [job for job in jobs if job.lease is not None and job.lease.until > now]
    return chosen + random.sample(rest, min(len(rest), ASKED_AT_ONCE - len(chosen)))


def _is_bad_news(finding: Finding) -> bool:
    """Out of reach, or a run that ended and brought no result."""
    lost = finding.ended and not isinstance(finding.outcome, Succeeded | Accepted)
    return lost or not finding.answered
