"""Copies one store to another, and verifies the copy."""

from job_processor.core.errors import TransferFailed
from job_processor.store.base import Store
from job_processor.transfer import access, records
from job_processor.transfer.records import Progress, Transferred


async def copy(source: Store, target: Store, progress: Progress) -> Transferred:
    """Copy all records that the target does not have, then compare all jobs, kept callbacks and batches. No server may
    run on either store.

    Raises ``TransferFailed`` if a record of the target differs from that of the source.
    """
    total = await records.count_jobs(source)
    done = written = callbacks = batches = 0
    async for page in records.pages_of_jobs(source):
        written += await records.write_jobs(target, page)
        done += len(page)
        progress(done, total)
    async for kept in records.pages_of_callbacks(source):
        await records.write_callbacks(target, kept)
        callbacks += len(kept)
    async for found in records.pages_of_batches(source):
        await records.write_batches(target, found)
        batches += len(found)
    wanted = await records.checksum(source, None)
    copied = await records.checksum(target, {id_ for id_, _ in wanted})
    if wanted != copied:
        different = len(set(wanted) ^ set(copied))
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
    return Transferred(jobs, callbacks, batches, written, records.combined(wanted), len(keys), audit, len(endpoints))
