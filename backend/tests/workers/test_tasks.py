"""Background tasks end although a library under them loses a cancel."""

import asyncio

import pytest

from job_processor import tasks


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.001)


async def _loses(cancels: int) -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if cancels == 0:
                raise
            cancels -= 1


@pytest.mark.parametrize("lost", [0, 1, 2, 5])
async def test_a_task_that_loses_cancels_ends(lost: int) -> None:
    task = asyncio.create_task(_loses(lost))
    await asyncio.sleep(0)
    await tasks.end(task)
    assert task.cancelled()


async def test_each_of_several_has_ended_whatever_became_of_it(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise ValueError

    async def fails_when_cancelled() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError

    async def returns() -> int:
        return 1

    every = [asyncio.create_task(one) for one in (fails(), fails_when_cancelled(), returns(), _loses(1), _loses(0))]
    await asyncio.wait(every[:1])
    await tasks.end(*every)
    assert all(task.done() for task in every)
    every.clear()
    assert not caplog.records, "nobody is told of failures after the end"


async def test_a_cancel_before_the_first_step_and_no_task_at_all() -> None:
    task = asyncio.create_task(_loses(0))
    await tasks.end(task)
    assert task.cancelled()
    await tasks.end()
