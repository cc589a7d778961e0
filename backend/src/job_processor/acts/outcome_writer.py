"""Writes the outcomes of one worker's attempts, and retries while the store is unavailable: outcomes cost money."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from job_processor.acts.outcomes import Outcomes
from job_processor.acts.verdicts import Verdicts
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.exchange import Exchange
from job_processor.core.job import Job, Lease
from job_processor.core.outcome import Outcome

log = structlog.get_logger(__name__)
RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Pauses between tries. The last repeats; it is shorter than the back-off after a lost lease."""
ALL_RETRY_SECONDS = 10.0
"""While one of several waiting outcomes tries on behalf of all, each of the others also tries by itself this often,
because that one may fail for a reason of its own."""
FAULT_TRIES = 10
"""Tries that end in another error than ``StoreUnavailable`` before an outcome is given up."""


@dataclass(slots=True)
class OpenAttempt:
    """An attempt of this worker. ``outcome``: what its processor said, once it did; later with the verdict on it.
    ``exchange``: what is known of its exchange beyond what the claim recorded."""

    job: Job
    lease: Lease
    outcome: Outcome | None = None
    exchange: Exchange | None = None


class OutcomeWriter:
    """``pause``: waits for so many seconds; ``written``: called when an outcome that had to wait is written."""

    def __init__(
        self,
        outcomes: Outcomes,
        verdicts: Verdicts,
        written: Callable[[], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._outcomes = outcomes
        self._verdicts = verdicts
        self._written = written
        self._pause = pause
        self._prober_done: asyncio.Event | None = None
        """Set when the outcome that tries on behalf of all is written; ``None``: no outcome waits."""
        self.waiting = 0
        """Outcomes that could not be written yet."""

    async def write(self, one: OpenAttempt) -> None:
        """Record the outcome; returns when it is written, or the job is gone. The lease must be renewed meanwhile.

        Raises the last error after ``FAULT_TRIES`` errors that are not ``StoreUnavailable``.
        """
        assert one.outcome is not None
        tries = faults = 0
        probing: asyncio.Event | None = None
        try:
            while True:
                try:
                    await self._outcomes.record(one.job, one.lease, one.outcome, one.exchange)
                    return
                except JobNotFound:
                    raise
                except Exception as error:
                    if not isinstance(error, StoreUnavailable):
                        # Our own faults may be transient too (no memory, no thread); a lasting one must free the slot.
                        faults += 1
                        if faults == FAULT_TRIES:
                            raise
                    pause = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                    tries += 1
                    if tries == 1:
                        self.waiting += 1
                    if tries in (1, 10) or tries % 60 == 0:
                        log.warning(
                            "outcome_not_yet_written", job=one.job.id, tries=tries, reason=str(error) or repr(error)
                        )
                # Examined now, so that no further try examines it again.
                one.outcome = await self._verdicts.of_outcome(one.outcome, one.job)
                if self._prober_done is None:
                    probing = self._prober_done = asyncio.Event()
                if probing is not None:
                    await self._pause(pause)
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ALL_RETRY_SECONDS):
                        await self._prober_done.wait()
        except JobNotFound:
            log.info("job_gone", job=one.job.id)
        finally:
            if probing is not None:
                self._prober_done = None
                probing.set()
            if tries:
                self.waiting -= 1
                self._written()
