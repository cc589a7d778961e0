"""Copies, backs up and restores jobs, kept callbacks, batches, API keys, endpoints of webhooks, the audit and the
series: in pages, with checksums."""

import asyncio
import gzip
import hashlib
import os
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from job_processor import transfer_access as access
from job_processor.core.errors import TransferFailed
from job_processor.core.inbox import Callback
from job_processor.core.job import Job
from job_processor.store import portable
from job_processor.store.base import BatchQuery, CallbackSummary, InboxQuery, NewBatch, Query, Store
from job_processor.store.batch_record import WholeBatch, load_whole

BATCH = 200
_WHOLE = 1 << 30
_MAGIC = b'{"job-processor-backup":1}'

__all__ = ["Progress", "TransferFailed", "Transferred", "backup", "backup_to", "copy", "restore"]

Progress = Callable[[int, int], None]
"""(jobs done, all jobs)"""


@dataclass(frozen=True, slots=True)
class Transferred:
    """``sha256`` of a copy: over all jobs, kept callbacks and batches, oldest first; equal data have the same in any
    store. Of a backup: over all of its lines."""

    jobs: int
    callbacks: int
    batches: int
    written: int
    sha256: str
    keys: int = 0
    audit: int = 0
    endpoints: int = 0


_Digest = tuple[str, bytes]
"""(id, SHA-256 of the line)"""


async def copy(source: Store, target: Store, progress: Progress) -> Transferred:
    """Copy everything that the target does not have, then compare all jobs and kept callbacks. No server may run on
    either store.

    Raises ``TransferFailed`` when a record of the target differs from that of the source.
    """
    total = await _total(source)
    done = written = callbacks = batches = 0
    async for page in _jobs(source):
        written += await _write(target, page)
        done += len(page)
        progress(done, total)
    async for kept in _callbacks(source):
        await _write_callbacks(target, kept)
        callbacks += len(kept)
    async for found in _batches(source):
        await _write_batches(target, found)
        batches += len(found)
    wanted = await _checksum(source, None)
    there = await _checksum(target, {id_ for id_, _ in wanted})
    if wanted != there:
        different = len(set(wanted) ^ set(there))
        raise TransferFailed(f"After copying, {different} records differ: was a server running on one of the stores?")
    keys = await source.api_keys()
    await access.write_keys(target, keys)
    endpoints = await source.webhook_endpoints()
    await access.write_endpoints(target, endpoints)
    ids = {*(key.id for key in keys), *(endpoint.id for endpoint in endpoints)}
    others = len(ids)
    async for entries in access.entries(source):
        await target.record(entries)
        ids.update(entry.id for entry in entries)
    await access.check(target, ids)
    since = await source.series_since()
    async for rows in access.series(source):
        await target.put_series(rows, since)
    jobs, audit = len(wanted) - callbacks - batches, len(ids) - others
    return Transferred(jobs, callbacks, batches, written, _sum(wanted), len(keys), audit, len(endpoints))


async def backup(source: Store, file: Path, progress: Progress) -> Transferred:
    """Write everything to a gzip file. It is written under another name, and renamed when it is complete."""
    unfinished = file.with_name(file.name + ".part")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(0o600)
    with unfinished.open("wb") as out:
        done = await backup_to(source, out, progress)
    _sync(unfinished)
    unfinished.rename(file)
    _sync(file.parent)
    return done


async def backup_to(source: Store, stream: BinaryIO, progress: Progress) -> Transferred:
    """Write everything to a stream, as gzip. Without its last line, which has the checksum, it is no backup."""
    total = await _total(source)
    digests: list[_Digest] = []
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=6) as out:

        def put(id_: str, line: bytes) -> None:
            digests.append((id_, hashlib.sha256(line).digest()))
            out.write(line + b"\n")

        out.write(_MAGIC + b"\n")
        async for page in _jobs(source):
            for job in page:
                put(job.id, portable.dump(job))
            progress(len(digests), total)
        jobs = len(digests)
        async for kept in _callbacks(source):
            for callback in kept:
                put(callback.id, portable.dump_callback(callback))
        callbacks = len(digests) - jobs
        async for found in _batches(source):
            for whole in found:
                put(whole.batch.id, whole.line)
        batches = len(digests) - jobs - callbacks
        keys = await source.api_keys()
        for key in keys:
            put(key.id, portable.dump_key(key))
        endpoints = await source.webhook_endpoints()
        for endpoint in endpoints:
            put(endpoint.id, portable.dump_endpoint(endpoint))
        audit = 0
        async for entries in access.entries(source):
            audit += len(entries)
            for entry in entries:
                put(entry.id, portable.dump_entry(entry))
        since, series = await source.series_since(), 0
        async for rows in access.series(source):
            series += len(rows)
            for row in rows:
                put(row.id, portable.dump_row(row))
        ending = _Ending(jobs, _sum(digests), callbacks, batches, len(keys), audit, len(endpoints), series, since)
        out.write(msgspec.json.encode(ending) + b"\n")
    return Transferred(jobs, callbacks, batches, jobs, ending.sha256, len(keys), audit, len(endpoints))


def _sync(path: Path) -> None:
    """Sync the file, or the entries of the directory, to disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


async def restore(file: Path, target: Store, progress: Progress) -> Transferred:
    """Add everything in a backup to the store; records that exist must be the same.

    Raises ``TransferFailed`` for a file that is damaged or not a backup (then nothing is written), or when a record
    differs.
    """
    ending, ids = await asyncio.to_thread(_verify, file)
    done = written = 0
    # Lines of an older version lack newer fields, so the checksum is that of the lines as they are written today.
    expected: list[_Digest] = []
    with gzip.open(file, "rb") as lines:
        next(lines)
        page: list[Job] = []
        for _ in range(ending.jobs):
            page.append(portable.load(next(lines)))
            expected.append(_job_digest(page[-1]))
            if len(page) == BATCH:
                written += await _write(target, page)
                done += len(page)
                progress(done, ending.jobs)
                page = []
        written += await _write(target, page)
        for _ in range(ending.callbacks):
            callback = portable.load_callback(next(lines))
            expected.append(_callback_digest(callback))
            await _write_callbacks(target, [callback])
        for _ in range(ending.batches):
            whole = load_whole(next(lines))
            expected.append(_batch_digest(whole))
            await _write_batches(target, [whole])
        keys = [portable.load_key(next(lines)) for _ in range(ending.keys)]
        await access.write_keys(target, keys)
        endpoints = [portable.load_endpoint(next(lines)) for _ in range(ending.endpoints)]
        await access.write_endpoints(target, endpoints)
        access_ids = {*(key.id for key in keys), *(endpoint.id for endpoint in endpoints)}
        for start in range(0, ending.audit, BATCH):
            entries = [portable.load_entry(next(lines)) for _ in range(min(BATCH, ending.audit - start))]
            await target.record(entries)
            access_ids.update(entry.id for entry in entries)
        for start in range(0, ending.series, BATCH):
            rows = [portable.load_row(next(lines)) for _ in range(min(BATCH, ending.series - start))]
            await target.put_series(rows, ending.series_since or target.now())
    await access.check(target, access_ids)
    progress(ending.jobs, ending.jobs)
    if _sum(await _checksum(target, ids)) != _sum(expected):
        raise TransferFailed("After restoring, the store does not hold what the backup holds.")
    of_access = (ending.keys, ending.audit, ending.endpoints)
    return Transferred(ending.jobs, ending.callbacks, ending.batches, written, ending.sha256, *of_access)


class _Ending(msgspec.Struct):
    jobs: int
    sha256: str
    callbacks: int = 0
    """Not in backups of versions without a callback inbox."""
    batches: int = 0
    """Not in backups of versions without batches."""
    keys: int = 0
    audit: int = 0
    """Neither is in backups of versions without API keys."""
    endpoints: int = 0
    """Not in backups of versions without endpoints of webhooks."""
    series: int = 0
    series_since: int | None = None
    """Neither is in backups of versions without the series."""


class _Id(msgspec.Struct):
    id: str


class _Named(msgspec.Struct):
    """The id of a record: of a batch it is further in."""

    id: str = ""
    batch: _Id | None = None

    @property
    def own_id(self) -> str:
        return self.id if self.batch is None else self.batch.id


def _verify(file: Path) -> tuple[_Ending, set[str]]:
    """The last line of a backup, and the ids of its records, after every line was read and the checksum compared."""
    digests: list[_Digest] = []
    last = b""
    try:
        with gzip.open(file, "rb") as lines:
            if next(lines, b"").strip() != _MAGIC:
                raise TransferFailed("This is not a backup of Job Processor.")
            for line in lines:
                if last:
                    digests.append((msgspec.json.decode(last, type=_Named).own_id, hashlib.sha256(last).digest()))
                last = line.rstrip(b"\n")
        ending = msgspec.json.decode(last, type=_Ending)
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
        raise TransferFailed(f"The backup is damaged or cut short ({type(error).__name__}).") from None
    records = ending.jobs + ending.callbacks + ending.batches + ending.keys + ending.endpoints + ending.audit
    records += ending.series
    if records != len(digests) or ending.sha256 != _sum(digests):
        raise TransferFailed("The backup is damaged: its checksum does not fit.")
    return ending, {id_ for id_, _ in digests}


R = TypeVar("R")


_Page = tuple[list[R], str | None]
"""Records, and the id after which the next page starts; ``None``: this is the last page."""


async def _walk(ask: Callable[[str | None], Awaitable[_Page[R]]]) -> AsyncIterator[list[R]]:
    """All records, newest first, in pages by id: records that are added meanwhile do not shift the pages."""
    found, before = await ask(None)
    yield found
    while before is not None:
        found, before = await ask(before)
        yield found


def _next(ids: Sequence[str]) -> str | None:
    return ids[-1] if len(ids) == BATCH else None


def _jobs(store: Store) -> AsyncIterator[list[Job]]:
    async def ask(before: str | None) -> _Page[Job]:
        ids = [one.id for one in await store.list(Query(limit=BATCH, before=before, clip=1))]
        found = await asyncio.gather(*(store.get(id_) for id_ in ids))
        # Without jobs that were deleted since they were listed.
        return [job for job in found if job is not None], _next(ids)

    return _walk(ask)


def _callbacks(store: Store) -> AsyncIterator[list[Callback]]:
    async def ask(before: str | None) -> _Page[Callback]:
        kept = await store.list_callbacks(InboxQuery(limit=BATCH, before=before, clip=_WHOLE))
        return [await _with_body(store, one) for one in kept], _next([one.callback.id for one in kept])

    return _walk(ask)


def _batches(store: Store) -> AsyncIterator[list[WholeBatch]]:
    async def ask(before: str | None) -> _Page[WholeBatch]:
        found = await store.list_batches(BatchQuery(BATCH, before))
        whole = [WholeBatch(one, await store.refused_lines(one.id)) for one in found]
        return whole, _next([one.id for one in found])

    return _walk(ask)


async def _write_batches(target: Store, batches: Sequence[WholeBatch]) -> None:
    for one in batches:
        if await target.get_batch(one.batch.id) is None:
            # Its jobs are copied as all others.
            await target.add_batch(NewBatch(replace(one.batch, is_whole=True), (), one.refused))


async def _with_body(store: Store, listed: CallbackSummary) -> Callback:
    """The callback with its body, which lists leave out; as listed if it was deleted since."""
    whole = None if listed.body_bytes is None else await store.get_callback(listed.callback.id)
    return whole or listed.callback


async def _write_callbacks(target: Store, callbacks: Sequence[Callback]) -> None:
    for callback in callbacks:
        if await target.get_callback(callback.id) is None:
            await target.keep_callback(callback, limited=False)


async def _write(target: Store, page: Sequence[Job]) -> int:
    """Add the missing jobs and return their number. Raises ``TransferFailed`` for a job that differs."""
    there = await asyncio.gather(*(target.get(job.id) for job in page))
    missing = [job for job, found in zip(page, there, strict=True) if found is None]
    for job, found in zip(page, there, strict=True):
        if found is not None and portable.dump(found) != portable.dump(job):
            raise TransferFailed(f"Job {job.id} is in the target already, and is not the same.")
    await asyncio.gather(*(target.add(job) for job in missing))
    return len(missing)


async def _checksum(store: Store, only: set[str] | None) -> list[_Digest]:
    found: list[_Digest] = []
    async for page in _jobs(store):
        found += [_job_digest(job) for job in page if _among(job.id, only)]
    async for kept in _callbacks(store):
        found += [_callback_digest(callback) for callback in kept if _among(callback.id, only)]
    async for batches in _batches(store):
        found += [_batch_digest(one) for one in batches if _among(one.batch.id, only)]
    return sorted(found)


def _job_digest(job: Job) -> _Digest:
    return job.id, hashlib.sha256(portable.dump(job)).digest()


def _callback_digest(callback: Callback) -> _Digest:
    return callback.id, hashlib.sha256(portable.dump_callback(callback)).digest()


def _batch_digest(whole: WholeBatch) -> _Digest:
    return whole.batch.id, hashlib.sha256(whole.line).digest()


def _among(id_: str, only: set[str] | None) -> bool:
    return only is None or id_ in only


def _sum(digests: Sequence[_Digest]) -> str:
    whole = hashlib.sha256()
    for _, digest in sorted(digests):
        whole.update(digest)
    return whole.hexdigest()


async def _total(store: Store) -> int:
    return sum((await store.counts()).by_state.values())
