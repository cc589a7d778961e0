"""Reads jobs, kept callbacks and batches of a store in pages, adds missing ones, and computes checksums."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from job_processor.core.errors import TransferFailed
from job_processor.core.inbox import Callback
from job_processor.core.job import Job
from job_processor.store import portable
from job_processor.store.base import BatchQuery, CallbackSummary, InboxQuery, NewBatch, Query, Store
from job_processor.store.batch_record import WholeBatch
from job_processor.transfer.access import BATCH, series

_WHOLE = 1 << 30

Progress = Callable[[int, int], None]
"""A function that is called with the number of processed jobs and of all jobs."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """The numbers of transferred records. ``written``: jobs that were missing in the target.

    ``sha256`` of a copy: of all jobs, kept callbacks and batches, oldest first, the same in any store with equal data;
    of a backup: of all its lines.
    """

    jobs: int
    callbacks: int
    batches: int
    written: int
    sha256: str
    keys: int = 0
    audit: int = 0
    endpoints: int = 0


Digest = tuple[str, bytes]
"""The id of a record and the SHA-256 of its line."""
R = TypeVar("R")


_Page = tuple[list[R], str | None]
"""Records, and the id after which the next page begins; ``None``: this is the last page."""


async def _walk(ask: Callable[[str | None], Awaitable[_Page[R]]]) -> AsyncIterator[list[R]]:
    """All records, newest first, in pages by id, so that concurrently added records do not shift the pages."""
    found, before = await ask(None)
    yield found
    while before is not None:
        found, before = await ask(before)
        yield found


def _next(ids: Sequence[str]) -> str | None:
    return ids[-1] if len(ids) == BATCH else None


def pages_of_jobs(store: Store) -> AsyncIterator[list[Job]]:
    """All jobs of the store, newest first, in pages."""

    async def ask(before: str | None) -> _Page[Job]:
        ids = [one.id for one in await store.list(Query(limit=BATCH, before=before, clip=1))]
        found = await asyncio.gather(*(store.get(id_) for id_ in ids))
        # Skip jobs that were deleted since they were listed.
        return [job for job in found if job is not None], _next(ids)

    return _walk(ask)


def pages_of_callbacks(store: Store) -> AsyncIterator[list[Callback]]:
    """All kept callbacks of the store with their bodies, newest first, in pages."""

    async def ask(before: str | None) -> _Page[Callback]:
        kept = await store.list_callbacks(InboxQuery(limit=BATCH, before=before, clip=_WHOLE))
        return [await _with_body(store, one) for one in kept], _next([one.callback.id for one in kept])

    return _walk(ask)


def pages_of_batches(store: Store) -> AsyncIterator[list[WholeBatch]]:
    """All batches of the store with their refused lines, newest first, in pages."""

    async def ask(before: str | None) -> _Page[WholeBatch]:
        found = await store.list_batches(BatchQuery(BATCH, before))
        whole = [WholeBatch(one, await store.refused_lines(one.id)) for one in found]
        return whole, _next([one.id for one in found])

    return _walk(ask)


async def write_batches(target: Store, batches: Sequence[WholeBatch]) -> None:
    """Add the missing batches."""
    for one in batches:
        if await target.get_batch(one.batch.id) is None:
            # Without its jobs, which are copied with all others.
            await target.add_batch(NewBatch(replace(one.batch, is_whole=True), (), one.refused))


async def _with_body(store: Store, listed: CallbackSummary) -> Callback:
    """The callback with its body, which lists omit; as listed if it was deleted since."""
    whole = None if listed.body_bytes is None else await store.get_callback(listed.callback.id)
    return whole or listed.callback


async def write_callbacks(target: Store, callbacks: Sequence[Callback]) -> None:
    """Add the missing callbacks, without the limits of the callback inbox."""
    for callback in callbacks:
        if await target.get_callback(callback.id) is None:
            await target.keep_callback(callback, limited=False)


async def write_jobs(target: Store, page: Sequence[Job]) -> int:
    """Add the missing jobs, and return their number. Raises ``TransferFailed`` if an existing job differs."""
    existing = await asyncio.gather(*(target.get(job.id) for job in page))
    missing = [job for job, found in zip(page, existing, strict=True) if found is None]
    for job, found in zip(page, existing, strict=True):
        if found is not None and portable.dump(found) != portable.dump(job):
            raise TransferFailed(f"Job {job.id} exists in the target and differs.")
    await asyncio.gather(*(target.add(job) for job in missing))
    return len(missing)


async def checksum(store: Store, only: set[str] | None) -> list[Digest]:
    """The digests of all jobs, kept callbacks and batches, or of those with these ids, ordered by id."""
    found: list[Digest] = []
    async for page in pages_of_jobs(store):
        found += [job_digest(job) for job in page if _among(job.id, only)]
    async for kept in pages_of_callbacks(store):
        found += [callback_digest(callback) for callback in kept if _among(callback.id, only)]
    async for batches in pages_of_batches(store):
        found += [batch_digest(one) for one in batches if _among(one.batch.id, only)]
    return sorted(found)


def job_digest(job: Job) -> Digest:
    return job.id, hashlib.sha256(portable.dump(job)).digest()


def callback_digest(callback: Callback) -> Digest:
    return callback.id, hashlib.sha256(portable.dump_callback(callback)).digest()


def batch_digest(whole: WholeBatch) -> Digest:
    return whole.batch.id, hashlib.sha256(whole.line).digest()


def _among(id_: str, only: set[str] | None) -> bool:
    return only is None or id_ in only


def combined(digests: Sequence[Digest]) -> str:
    """The SHA-256 of all digests in the order of their ids, in hex."""
    whole = hashlib.sha256()
    for _, digest in sorted(digests):
        whole.update(digest)
    return whole.hexdigest()


async def count_jobs(store: Store) -> int:
    return sum((await store.counts()).by_state.values())


async def is_empty(store: Store) -> bool:
    """Whether the store has no job, callback or batch, and no row in the series, which remains after jobs are
    deleted."""
    if await count_jobs(store):
        return False
    for pages in (pages_of_batches(store), pages_of_callbacks(store), series(store)):
        async for found in pages:
            if found:
                return False
    return True
