"""Batches travel with their jobs: in a copy and in a backup."""

from pathlib import Path

import pytest

from job_processor import transfer
from job_processor.core.batch import RefusedLine
from job_processor.store.base import Store
from tests.store_suite import given
from tests.store_suite.batches import a_batch, counts_of, lines_of
from tests.transfer.conftest import NewPlace
from tests.transfer.test_copy import quiet

REFUSED = [RefusedLine(3, "prompt", "is required", custom_id="c")]


async def _same(one: Store, other: Store, batch_id: str) -> None:
    before, after = await one.get_batch(batch_id), await other.get_batch(batch_id)
    assert before is not None
    assert before == after
    assert await other.refused_lines(batch_id) == REFUSED
    assert await counts_of(other, before) == await counts_of(one, before)
    assert await lines_of(other, before) == await lines_of(one, before)
    assert await other.batches_to_tend(10) == await one.batches_to_tend(10)


@pytest.mark.mongo
async def test_they_are_copied_and_backed_up_with_all_that_belongs_to_them(new_place: NewPlace, tmp_path: Path) -> None:
    first, second, third = [await (await new_place(kind)).open() for kind in ("sqlite", "mongo", "sqlite")]
    ended, cancelled = a_batch(first, 2, refused=REFUSED), a_batch(first, 2, refused=REFUSED)
    for new in (ended, cancelled):
        await first.add_batch(new)
    for job in ended.jobs:
        await given.moved(first, job, given.Cancelled("no"))
    assert await first.end_batch(ended.batch.id, first.now())
    assert await first.cancel_batch(cancelled.batch.id, first.now())

    copied = await transfer.copy(first, second, quiet)
    saved = await transfer.backup(second, tmp_path / "b.gz", quiet)
    restored = await transfer.restore(tmp_path / "b.gz", third, quiet)
    again = await transfer.restore(tmp_path / "b.gz", third, quiet)

    assert {one.batches for one in (copied, saved, restored, again)} == {2}
    assert saved.sha256 == restored.sha256 == again.sha256
    for new in (ended, cancelled):
        await _same(first, second, new.batch.id)
        await _same(first, third, new.batch.id)
