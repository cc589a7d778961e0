"""The series goes along with a copy and a backup, once, also what was not rolled up yet."""

from pathlib import Path

import pytest

from job_processor import transfer
from job_processor.core.series import DAY
from job_processor.store.base import SeriesQuery, Store
from tests.store_suite import given
from tests.transfer.conftest import NewPlace
from tests.transfer.test_copy import quiet

ALL = SeriesQuery(DAY, 0, 50_000 * DAY, DAY)


async def cancelled(store: Store) -> int:
    return sum(one.cancelled for one in (await store.series(ALL)).buckets.values())


@pytest.mark.parametrize(
    ("from_", "to"),
    [
        ("sqlite", "sqlite"),
        *(pytest.param(*x, marks=pytest.mark.mongo) for x in (("mongo", "sqlite"), ("sqlite", "mongo"))),
    ],
)
@pytest.mark.parametrize("way", ["copy", "backup"])
async def test_it_goes_along(from_: str, to: str, way: str, new_place: NewPlace, tmp_path: Path) -> None:
    source_place, target_place = await new_place(from_), await new_place(to)
    source = await source_place.open()
    target_place.clock.forward(DAY)
    target = await target_place.open()
    began = await source.series_since()
    for _ in range(3):
        job = await given.cancelled(source)
        source_place.clock.forward(DAY)
    # Of a deleted job only the series knows.
    assert await source.delete(job.id)
    for _ in range(2):
        if way == "copy":
            await transfer.copy(source, target, quiet)
        else:
            await transfer.backup(source, tmp_path / "b.gz", quiet)
            await transfer.restore(tmp_path / "b.gz", target, quiet)
    assert await cancelled(target) == 3
    assert await target.series_since() == began
    # It goes on from there.
    await given.cancelled(target)
    while await target.roll_up_series(10):
        pass
    assert await cancelled(target) == 4
