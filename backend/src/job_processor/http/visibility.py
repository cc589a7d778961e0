"""What a principal may see: jobs and callbacks of its flows. Everything else is a 404, as if it did not exist.

The flows are part of the store's query, so that the time of an answer does not tell a hidden job from a missing one.
"""

import asyncio
from collections.abc import Sequence

from msgspec import structs

from job_processor.core.access import Principal
from job_processor.core.batch import Batch
from job_processor.core.errors import BatchNotFound, CallbackNotFound, JobNotFound
from job_processor.core.inbox import Callback
from job_processor.core.job import Job
from job_processor.store.base import Store


async def job_of(store: Store, job_id: str, principal: Principal) -> Job:
    """The job, as the principal may see it. Raises ``JobNotFound``."""
    job = await _read(store, job_id, principal)
    if job is None:
        raise JobNotFound
    return job


async def batch_of(store: Store, batch_id: str, principal: Principal) -> Batch:
    """The batch, if the principal may see each of its jobs. Raises ``BatchNotFound``."""
    batch = await store.get_batch(batch_id, principal.flows)
    if batch is None:
        raise BatchNotFound
    return batch


async def callback_of(store: Store, callback_id: str, principal: Principal) -> Callback:
    """The callback. Raises ``CallbackNotFound``."""
    callback = await store.get_callback(callback_id, principal.flows)
    if callback is None:
        raise CallbackNotFound
    return callback


async def without_foreign_origins(store: Store, jobs: Sequence[Job], principal: Principal) -> Sequence[Job]:
    """The jobs, without ``replay_of`` where that names a job that the principal may not see."""
    if principal.flows is None:
        return jobs
    named = sorted({job.replay_of for job in jobs if job.replay_of is not None})
    found = await asyncio.gather(*(_read(store, id_, principal) for id_ in named))
    seen = {job.id for job in found if job is not None}
    return [job if job.replay_of in seen else structs.replace(job, replay_of=None) for job in jobs]


async def without_foreign_origin(store: Store, job: Job, principal: Principal) -> Job:
    if job.replay_of is None or principal.flows is None:
        return job
    (shown,) = await without_foreign_origins(store, [job], principal)
    return shown


async def _read(store: Store, job_id: str, principal: Principal) -> Job | None:
    return await (store.get(job_id) if principal.flows is None else store.get(job_id, principal.flows))
