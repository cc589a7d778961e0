"""Backups: everything in a store as a gzip file of JSON lines, the last of which has the checksum; restoring one."""

import asyncio
import gzip
import hashlib
import os
import zlib
from pathlib import Path
from typing import BinaryIO

import msgspec

from job_processor.core.errors import TransferFailed
from job_processor.core.job import Job
from job_processor.store import portable
from job_processor.store.base import Store
from job_processor.store.batch_record import load_whole
from job_processor.transfer import access, records
from job_processor.transfer.access import BATCH
from job_processor.transfer.records import Progress, Transferred

_MAGIC = b'{"job-processor-backup":1}'


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
    total = await records.count_jobs(source)
    digests: list[records.Digest] = []
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=6) as out:

        def put(id_: str, line: bytes) -> None:
            digests.append((id_, hashlib.sha256(line).digest()))
            out.write(line + b"\n")

        out.write(_MAGIC + b"\n")
        async for page in records.pages_of_jobs(source):
            for job in page:
                put(job.id, portable.dump(job))
            progress(len(digests), total)
        jobs = len(digests)
        async for kept in records.pages_of_callbacks(source):
            for callback in kept:
                put(callback.id, portable.dump_callback(callback))
        callbacks = len(digests) - jobs
        async for found in records.pages_of_batches(source):
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
        counts = (jobs, records.sum_of(digests), callbacks, batches, len(keys), audit, len(endpoints))
        ending = _Ending(*counts, series, since)
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
    expected: list[records.Digest] = []
    with gzip.open(file, "rb") as lines:
        next(lines)
        page: list[Job] = []
        for _ in range(ending.jobs):
            page.append(portable.load(next(lines)))
            expected.append(records.job_digest(page[-1]))
            if len(page) == BATCH:
                written += await records.write_jobs(target, page)
                done += len(page)
                progress(done, ending.jobs)
                page = []
        written += await records.write_jobs(target, page)
        for _ in range(ending.callbacks):
            callback = portable.load_callback(next(lines))
            expected.append(records.callback_digest(callback))
            await records.write_callbacks(target, [callback])
        for _ in range(ending.batches):
            whole = load_whole(next(lines))
            expected.append(records.batch_digest(whole))
            await records.write_batches(target, [whole])
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
    if records.sum_of(await records.checksum(target, ids)) != records.sum_of(expected):
        raise TransferFailed("After restoring, the store does not hold what the backup holds.")
    of_access = (ending.keys, ending.audit, ending.endpoints)
    return Transferred(ending.jobs, ending.callbacks, ending.batches, written, ending.sha256, *of_access)


class _Ending(msgspec.Struct):
    jobs: int
    sha256: str
    callbacks: int = 0
    """Missing in backups of versions without a callback inbox."""
    batches: int = 0
    """Missing in backups of versions without batches."""
    keys: int = 0
    audit: int = 0
    """Neither is in backups of versions without API keys."""
    endpoints: int = 0
    """Missing in backups of versions without endpoints of webhooks."""
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
    digests: list[records.Digest] = []
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
    number = ending.jobs + ending.callbacks + ending.batches + ending.keys + ending.endpoints + ending.audit
    number += ending.series
    if number != len(digests) or ending.sha256 != records.sum_of(digests):
        raise TransferFailed("The backup is damaged: its checksum does not fit.")
    return ending, {id_ for id_, _ in digests}
