"""``copy``, ``backup`` and ``restore``."""

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TextIO

from job_processor import configured, transfer
from job_processor.command_base import CommandFailed, load_settings, show_progress
from job_processor.core.counted import counted
from job_processor.core.errors import JobProcessorError
from job_processor.store import drivers
from job_processor.store.base import Store


def copy(source: str, target: str) -> int:
    """Copy all jobs from one store to the other, and verify them. Returns the exit code. Raises ``CommandFailed``."""

    async def run() -> transfer.Transferred:
        async with _opened(drivers.store_at(source)) as from_, _opened(drivers.store_at(target)) as to:
            return await transfer.copy(from_, to, show_progress)

    return _report("copied", run)


STANDARD_OUTPUT = "-"


def backup(environment: Mapping[str, str], file: str, *, skip_empty: bool = False) -> int:
    """Write all jobs to a file, or to standard output. Returns the exit code. Raises ``CommandFailed``.

    A SQLite database may be in use: a consistent snapshot is made first, next to the file or in the data directory.
    ``skip_empty``: write nothing if the store never had a job.
    """
    loaded = load_settings(environment)
    piped = file == STANDARD_OUTPUT
    address = configured.store_address(loaded)
    beside = Path(file).parent
    if piped:
        # MongoDB needs no local snapshot, so any temporary directory will do.
        has_directory = loaded.mongodb_uri is None and loaded.data_dir.is_dir()
        beside = loaded.data_dir if has_directory else Path(tempfile.gettempdir())

    async def run() -> transfer.Transferred | None:
        with tempfile.TemporaryDirectory(dir=beside, prefix=".backup-") as scratch:
            async with _opened(drivers.store_to_back_up(address, Path(scratch))) as store:
                if skip_empty and await transfer.is_empty(store):
                    return None
                if piped:
                    return await transfer.backup_to(store, sys.stdout.buffer, show_progress)
                return await transfer.backup(store, Path(file), show_progress)

    return _report("backed up", run, to=sys.stderr if piped else None)


def restore(environment: Mapping[str, str], file: str) -> int:
    """Load all jobs of a backup into the store, and verify them. Returns the exit code. Raises ``CommandFailed``."""
    loaded = load_settings(environment)

    async def run() -> transfer.Transferred:
        async with _opened(configured.make_store(loaded)) as store:
            return await transfer.restore(Path(file), store, show_progress)

    return _report("restored", run)


@contextlib.asynccontextmanager
async def _opened(store: Store) -> AsyncIterator[Store]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def _report(
    verb: str, run: Callable[[], Coroutine[Any, Any, transfer.Transferred | None]], *, to: TextIO | None = None
) -> int:
    try:
        done = asyncio.run(run())
    except (JobProcessorError, OSError) as error:
        raise CommandFailed(str(error)) from None
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if done is None:
        print("the store never had a job; nothing was written", file=to or sys.stdout)
        return 0
    inbox = f" and {counted(done.callbacks, 'kept callback')}" if done.callbacks else ""
    access = ""
    if done.keys or done.audit:
        access = f", {counted(done.keys, 'API key')} and {counted(done.audit, 'entry', 'entries')} of the audit"
    access += f", {counted(done.endpoints, 'endpoint')} of webhooks" if done.endpoints else ""
    inbox += f" and {counted(done.batches, 'batch', 'batches')}" if done.batches else ""
    print(
        f"{verb} {counted(done.jobs, 'job')} ({done.written:,} written){inbox}{access}, verified, sha256 {done.sha256}",
        file=to or sys.stdout,
    )
    return 0
