"""A follower of the SQLite store gets the notices of each commit in order, or is told that it missed some."""

import asyncio

from job_processor.core.job import State
from job_processor.store.base import Notice, Resync
from job_processor.store.sqlite.watcher import WATCH_LIMIT, Watcher


def _notices(first: int, number: int) -> list[Notice]:
    return [Notice(n, f"{n:024x}", State.PENDING, "main", 1, 0) for n in range(first, first + number)]


async def test_what_several_commits_put_is_taken_at_once_and_in_order() -> None:
    watcher = Watcher()
    watcher.put(_notices(1, 2))
    watcher.put(_notices(3, 1))

    assert await watcher.take() == _notices(1, 3)


async def test_taking_waits_for_the_next_commit() -> None:
    watcher = Watcher()
    watcher.put(_notices(1, 1))
    await watcher.take()
    taking = asyncio.create_task(watcher.take())
    await asyncio.sleep(0)
    assert not taking.done()

    watcher.put(_notices(2, 1))

    assert await taking == _notices(2, 1)


async def test_beyond_the_limit_they_become_one_resync() -> None:
    watcher = Watcher()
    watcher.put(_notices(1, WATCH_LIMIT))
    watcher.put(_notices(WATCH_LIMIT + 1, 1))
    watcher.put(_notices(WATCH_LIMIT + 2, 1))

    assert await watcher.take() == [Resync(WATCH_LIMIT + 1), *_notices(WATCH_LIMIT + 2, 1)]


async def test_a_closed_one_gives_what_waits_and_then_nothing() -> None:
    watcher = Watcher()
    watcher.put(_notices(1, 1))
    watcher.close()

    assert [await watcher.take(), await watcher.take(), await watcher.take()] == [_notices(1, 1), [], []]
