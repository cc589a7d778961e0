"""The reaper: jobs whose time has passed go through the same door as everything else."""

import asyncio
from collections.abc import Iterable

import structlog

from job_processor.acts import Acts
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.job import Job
from job_processor.store.base import Store
from job_processor.workers.loop import Loop

log = structlog.get_logger(__name__)
BATCH = 200
POLL_SECONDS = 1.0
TOGETHER = 50
"""Jobs that are ended at the same time."""


class Reaper(Loop):
    """Ends leases that ran out, callbacks that are overdue and jobs past their deadline.

    ``asked_first``: flows whose overdue callbacks are left to their ``Asker``. A processor that is slow to answer
    then holds up nobody else.
    """

    name = "reaper"

    def __init__(self, acts: Acts, store: Store, asked_first: Iterable[str] = ()) -> None:
        super().__init__()
        self._acts = acts
        self._store = store
        self._asked_first = frozenset(asked_first)

    async def tick(self) -> float:
        overdue = await self._store.overdue(BATCH, but_callbacks_of=self._asked_first)
        for start in range(0, len(overdue), TOGETHER):
            # At once: the stores write in groups what comes together.
            ended = await asyncio.gather(
                *(self._end(job) for job in overdue[start : start + TOGETHER]), return_exceptions=True
            )
            for fault in ended:
                if fault is not None:
                    raise fault
        return 0 if len(overdue) == BATCH else POLL_SECONDS

    async def _end(self, job: Job) -> None:
        try:
            await self._acts.outcomes.expire(job)
        except StoreUnavailable:
            raise
        except JobNotFound:
            pass
        except Exception:
            # One job's trouble is nobody else's: the rest is ended all the same.
            log.exception("end_failed", job=job.id)
