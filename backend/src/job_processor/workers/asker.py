"""Asks a flow's processor what became of the attempts that wait for its callback.

About each whose callback is overdue, before it is given up, and at once about one whose callback came and could not be
read. About all that began before the processor was last out of
reach, as soon as it does its part again: what it lost is then tried again at once. And about one now and then, since
a processor that dies and comes back between two hand-overs would not be noticed otherwise.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence

import structlog

from job_processor.core import asking
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.flow import FlowRules
from job_processor.core.job import Attempt, Job
from job_processor.core.lane import Lane, lost_runs, unheard_since
from job_processor.core.outcome import Accepted, Asked, Asking, Reported, Succeeded
from job_processor.lifecycle import Lifecycle
from job_processor.processors.base import Finding, Reconciler
from job_processor.store.base import Awaited, Store
from job_processor.telemetry import Telemetry
from job_processor.workers.expiry import Expiry
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

_OVERDUE: Mapping[type, str] = {
    Succeeded: "The callback was overdue; the processor was asked, and the result it had was taken.",
}
_EARLY = "The processor was asked, and the result it had was taken; its callback had not come."
_UNREAD = "A callback could not be read; the processor was asked, and the result it had was taken."


class Asker(Loop):
    """One flow's. Of several workers that want to ask about the same attempt, one does (``Asking``)."""

    def __init__(
        self, lifecycle: Lifecycle, store: Store, rules: FlowRules, processor: Reconciler, telemetry: Telemetry
    ) -> None:
        super().__init__()
        self.name = f"asker:{rules.name}"
        self._lifecycle = lifecycle
        self._store = store
        self._flow = rules.name
        self._processor = processor
        self._telemetry = telemetry
        self._expiry = Expiry(lifecycle, telemetry)

    async def tick(self) -> float:
        lane = next((one for one in await self._store.lanes() if one.flow == self._flow), Lane(self._flow))
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
            await self._lost_runs()
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
            return await self._settled(job)
        except StoreUnavailable:
            raise
        except JobNotFound:
            return None
        except Exception:
            # One job's trouble is nobody else's: the rest is asked about all the same.
            log.exception("asking_failed", job=job.id)
            return None

    async def _settled(self, job: Job) -> Finding | None:
        assert job.lease is not None
        token = job.lease.token
        wished = job.lease.ask_at is not None
        begun = await self._lifecycle.signal(job.id, Asking(job.attempt, token), known=job)
        if not begun.landed:
            return None
        job = begun.job
        finding = await self._find(job.id, job.attempts[-1])
        overdue = job.lease is not None and job.lease.until <= self._store.now()
        if finding is not None and finding.outcome is not None and (overdue or finding.ended):
            note = _OVERDUE.get(type(finding.outcome)) if overdue else _UNREAD if wished else _EARLY
            outcome = finding.outcome
            if not isinstance(outcome, Succeeded):
                note = None
            report = Reported(outcome, job.attempt, token, note=note, asked=finding.words)
            moved = await self._lifecycle.signal(job.id, report, known=job)
            if moved.landed:
                self._telemetry.moved(moved.job)
                log.info("reconciled", job=job.id, outcome=type(outcome).__name__)
                return finding
            job = moved.job
        if overdue:
            await self._expiry.end(job, None if finding is None else finding.words)
        else:
            told = Asked(None, job.attempt, token)
            if finding is not None:
                told = Asked(finding.words, job.attempt, token, finding.answered)
            await self._lifecycle.signal(job.id, told, known=job)
        return finding

    async def _find(self, job_id: str, attempt: Attempt) -> Finding | None:
        try:
            return await self._processor.reconcile(job_id, attempt)
        except Exception as error:
            # Not being able to ask is no reason to wait longer.
            log.exception("reconcile_failed", job=job_id)
            return Finding(f"The processor could not be asked: {type(error).__name__}.", answered=False)

    async def _lost_runs(self) -> None:
        """What one attempt has shown may be true of all: they are asked about. Losing this write loses time only."""
        lanes = await self._store.lanes()
        lane = next((one for one in lanes if one.flow == self._flow), Lane(self._flow))
        if lane.trouble is None and await self._store.put_lane(lost_runs(lane, self._store.now())):
            log.warning("runs_may_be_lost", flow=self._flow)


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
