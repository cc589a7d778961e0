"""Writes and restores backups: gzip files of JSON lines, with a checksum in the last line."""

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
    """Write the whole store to a gzip file. It is written under a temporary name, and renamed when it is complete."""
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
    """Write the whole store to a stream, as gzip. If it is interrupted, the last line with the checksum is missing."""
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
        counts = (jobs, records.combined(digests), callbacks, batches, len(keys), audit, len(endpoints))
        trailer = _Trailer(*counts, series, since)
        out.write(msgspec.json.encode(trailer) + b"\n")
    return Transferred(jobs, callbacks, batches, jobs, trailer.sha256, len(keys), audit, len(endpoints))


def _sync(path: Path) -> None:
    """Sync a file, or the entries of a directory, to disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


async def restore(file: Path, target: Store, progress: Progress) -> Transferred:
    """Add all records of a backup to the store. Existing records must be identical.

    Raises ``TransferFailed`` if the file is damaged or not a backup (then nothing is written), or if a record differs.
    """
    trailer, ids = await asyncio.to_thread(_verify, file)
    done = written = 0
    # Lines of an older version lack newer fields, so compute the checksum from lines in the current format.
    expected: list[records.Digest] = []
    with gzip.open(file, "rb") as lines:
        next(lines)
        page: list[Job] = []
        for _ in range(trailer.jobs):
            page.append(portable.load(next(lines)))
            expected.append(records.job_digest(page[-1]))
            if len(page) == BATCH:
                written += await records.write_jobs(target, page)
                done += len(page)
                progress(done, trailer.jobs)
                page = []
        written += await records.write_jobs(target, page)
        for _ in range(trailer.callbacks):
            callback = portable.load_callback(next(lines))
            expected.append(records.callback_digest(callback))
            await records.write_callbacks(target, [callback])
        for _ in range(trailer.batches):
            whole = load_whole(next(lines))
            expected.append(records.batch_digest(whole))
            await records.write_batches(target, [whole])
        keys = [portable.load_key(next(lines)) for _ in range(trailer.keys)]
        await access.write_keys(target, keys)
        endpoints = [portable.load_endpoint(next(lines)) for _ in range(trailer.endpoints)]
        await access.write_endpoints(target, endpoints)
        access_ids = {*(key.id for key in keys), *(endpoint.id for endpoint in endpoints)}
        for start in range(0, trailer.audit, BATCH):
            entries = [portable.load_entry(next(lines)) for _ in range(min(BATCH, trailer.audit - start))]
            await target.record(entries)
            access_ids.update(entry.id for entry in entries)
        for start in range(0, trailer.series, BATCH):
            rows = [portable.load_row(next(lines)) for _ in range(min(BATCH, trailer.series - start))]
            await target.put_series(rows, trailer.series_since or target.now())
    await access.check(target, access_ids)
    progress(trailer.jobs, trailer.jobs)
    if records.combined(await records.checksum(target, ids)) != records.combined(expected):
        raise TransferFailed("After restoring, the store differs from the backup.")
    of_access = (trailer.keys, trailer.audit, trailer.endpoints)
    return Transferred(trailer.jobs, trailer.callbacks, trailer.batches, written, trailer.sha256, *of_access)


class _Trailer(msgspec.Struct):
    """The last line of a backup: the numbers of records, and the checksum."""

    jobs: int
    sha256: str
    callbacks: int = 0
    """Missing in backups of versions without a callback inbox."""
    batches: int = 0
    """Missing in backups of versions without batches."""
    keys: int = 0
    audit: int = 0
    """Both are missing in backups of versions without API keys."""
    endpoints: int = 0
    """Missing in backups of versions without webhook endpoints."""
    series: int = 0
    series_since: int | None = None
    """Both are missing in backups of versions without the series."""


class _Id(msgspec.Struct):
    id: str


class _RecordId(msgspec.Struct):
    """The id of a record. That of a batch is nested."""

    id: str = ""
    batch: _Id | None = None

    @property
    def own_id(self) -> str:
        return self.id if self.batch is None else self.batch.id


def _verify(file: Path) -> tuple[_Trailer, set[str]]:
    """Verify the checksum of all lines. Returns the last line, and the ids of all records. Raises
    ``TransferFailed``."""
    digests: list[records.Digest] = []
    last = b""
    try:
        with gzip.open(file, "rb") as lines:
            if next(lines, b"").strip() != _MAGIC:
                raise TransferFailed("This is not a backup of Job Processor.")
            for line in lines:
                if last:
                    digests.append((msgspec.json.decode(last, type=_RecordId).own_id, hashlib.sha256(last).digest()))
                last = line.rstrip(b"\n")
        trailer = msgspec.json.decode(last, type=_Trailer)
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
        raise TransferFailed(f"The backup is damaged or truncated ({type(error).__name__}).") from None
    number = trailer.jobs + trailer.callbacks + trailer.batches + trailer.keys + trailer.endpoints + trailer.audit
    number += trailer.series
    if number != len(digests) or trailer.sha256 != records.combined(digests):
        raise TransferFailed("The backup is damaged: its checksum does not match.")
    return trailer, {id_ for id_, _ in digests}
