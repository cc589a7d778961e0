"""Finds jobs whose lease, callback or deadline is overdue, and expires them."""

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
CONCURRENCY = 50
"""Jobs that are expired concurrently, so that the store can write them in groups."""


class Reaper(Loop):
    """Ends expired leases, overdue callbacks and jobs past their deadline.

    ``asked_first``: flows whose overdue callbacks are left to their ``Asker``, so that a processor that answers slowly
    does not delay other flows.
    """

    name = "reaper"

    def __init__(self, acts: Acts, store: Store, asked_first: Iterable[str] = ()) -> None:
        super().__init__()
        self._acts = acts
        self._store = store
        self._asked_first = frozenset(asked_first)

    async def tick(self) -> float:
        overdue = await self._store.overdue(BATCH, but_callbacks_of=self._asked_first)
        for start in range(0, len(overdue), CONCURRENCY):
            ended = await asyncio.gather(
                *(self._end(job) for job in overdue[start : start + CONCURRENCY]), return_exceptions=True
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
            # A failure with one job must not keep the others from being ended.
            log.exception("end_failed", job=job.id)
