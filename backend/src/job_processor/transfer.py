"""Jobs from one store to another, or to a file and back: in batches, resumable, verified by count and checksum."""

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from job_processor.core.errors import JobProcessorError
from job_processor.core.job import Job
from job_processor.store import portable
from job_processor.store.base import Query, Store

BATCH = 200
_WHOLE = 1 << 30
_MAGIC = b'{"job-processor-backup":1}'

Progress = Callable[[int, int], None]
"""(jobs done, jobs in all)"""


class TransferFailed(JobProcessorError):
    """What arrived is not what was sent; the message says what differs."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """``sha256`` is over all jobs, oldest first, and the same for the same jobs in any store."""

    jobs: int
    written: int
    sha256: str


async def copy(source: Store, target: Store, progress: Progress) -> Transferred:
    """Copy every job, skipping those that are there already, then compare all of them. Neither store may be in use.

    Raises ``TransferFailed`` when a job of the target differs from the source's.
    """
    total = await _total(source)
    done = written = 0
    async for page in _pages(source):
        written += await _write(target, page)
        done += len(page)
        progress(done, total)
    digests = [await _checksum(source, None)]
    wanted = {job_id for job_id, _ in digests[0]}
    digests.append(await _checksum(target, wanted))
    if digests[0] != digests[1]:
        different = len(set(digests[0]) ^ set(digests[1]))
        raise TransferFailed(f"After copying, {different} jobs differ: was a server running on one of the stores?")
    return Transferred(len(digests[0]), written, _sum(digests[0]))


async def backup(source: Store, file: Path, progress: Progress) -> Transferred:
    """Every job into a gzip file, written beside it first: the name appears when it is whole."""
    total = await _total(source)
    digests: list[tuple[str, bytes]] = []
    unfinished = file.with_name(file.name + ".part")
    with gzip.open(unfinished, "wb", compresslevel=6) as out:
        out.write(_MAGIC + b"\n")
        async for page in _pages(source):
            for job in page:
                line = portable.dump(job)
                digests.append((job.id, hashlib.sha256(line).digest()))
                out.write(line + b"\n")
            progress(len(digests), total)
        out.write(msgspec.json.encode({"jobs": len(digests), "sha256": _sum(digests)}) + b"\n")
    unfinished.chmod(0o600)
    unfinished.rename(file)
    return Transferred(len(digests), len(digests), _sum(digests))


async def restore(file: Path, target: Store, progress: Progress) -> Transferred:
    """Every job of a backup into the store; those that are there already must be the same.

    Raises ``TransferFailed`` for a file that is damaged or not a backup, before or after writing as it shows.
    """
    ending = await asyncio.to_thread(_verify, file)
    done = written = 0
    with gzip.open(file, "rb") as lines:
        next(lines)
        page: list[Job] = []
        for _ in range(ending.jobs):
            page.append(portable.load(next(lines)))
            if len(page) == BATCH:
                written += await _write(target, page)
                done += len(page)
                progress(done, ending.jobs)
                page = []
        written += await _write(target, page)
    progress(ending.jobs, ending.jobs)
    with gzip.open(file, "rb") as lines:
        next(lines)
        ids = {portable.load(next(lines)).id for _ in range(ending.jobs)}
    if _sum(await _checksum(target, ids)) != ending.sha256:
        raise TransferFailed("After restoring, the store does not hold what the backup holds.")
    return Transferred(ending.jobs, written, ending.sha256)


class _Ending(msgspec.Struct):
    jobs: int
    sha256: str


def _verify(file: Path) -> _Ending:
    """The last line of a backup whose every line is whole."""
    digests: list[tuple[str, bytes]] = []
    last = b""
    try:
        with gzip.open(file, "rb") as lines:
            if next(lines, b"").strip() != _MAGIC:
                raise TransferFailed("This is not a backup of Job Processor.")
            for line in lines:
                if last:
                    digests.append((portable.load(last).id, hashlib.sha256(last).digest()))
                last = line.rstrip(b"\n")
        ending = msgspec.json.decode(last, type=_Ending)
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
        raise TransferFailed(f"The backup is damaged or cut short ({type(error).__name__}).") from None
    if ending.jobs != len(digests) or ending.sha256 != _sum(digests):
        raise TransferFailed("The backup is damaged: its checksum does not fit.")
    return ending


async def _pages(store: Store) -> AsyncIterator[Sequence[Job]]:
    """All jobs, newest first. Walking by id, so that jobs added meanwhile are not in the way."""
    before: str | None = None
    while True:
        found = await store.list(Query(limit=BATCH, before=before, clip=_WHOLE))
        if found:
            yield [one.job for one in found]
            before = found[-1].job.id
        if len(found) < BATCH:
            return


async def _write(target: Store, page: Sequence[Job]) -> int:
    """Add what is missing; returns how many that were. Raises ``TransferFailed`` for one that differs."""
    there = await asyncio.gather(*(target.get(job.id) for job in page))
    missing = [job for job, found in zip(page, there, strict=True) if found is None]
    for job, found in zip(page, there, strict=True):
        if found is not None and portable.dump(found) != portable.dump(job):
            raise TransferFailed(f"Job {job.id} is in the target already, and is not the same.")
    await asyncio.gather(*(target.add(job) for job in missing))
    return len(missing)


async def _checksum(store: Store, only: set[str] | None) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    async for page in _pages(store):
        found.extend(
            (job.id, hashlib.sha256(portable.dump(job)).digest()) for job in page if only is None or job.id in only
        )
    return sorted(found)


def _sum(digests: Sequence[tuple[str, bytes]]) -> str:
    whole = hashlib.sha256()
    for _, digest in sorted(digests):
        whole.update(digest)
    return whole.hexdigest()


async def _total(store: Store) -> int:
    return sum((await store.counts()).by_state.values())
