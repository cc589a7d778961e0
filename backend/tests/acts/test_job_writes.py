"""A signal waits for a write of its job that is under way here, instead of losing its compare-and-set to it."""

import asyncio

import pytest

from job_processor.acts import job_writes
from job_processor.acts.job_writes import JobWrites
from job_processor.core.audit import AuditEntry
from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import Job, State
from job_processor.core.outcome import Accepted, Reported, Succeeded
from job_processor.core.transitions import Change
from job_processor.store.base import Claim
from tests.support.site import DEFAULT, Site


async def _claimed(site: Site) -> Job:
    await site.submit()
    [job] = (await site.acts.outcomes.claim(Claim(DEFAULT, 1, "w1"))).jobs
    return job


async def test_a_callback_that_comes_while_the_acceptance_is_written_is_written_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await _claimed(site)
    assert job.lease is not None
    apply, written, read = site.store.apply, [], []

    async def counted(change: Change, record: AuditEntry | None = None) -> bool:
        done = await apply(change, record)
        written.append((change.job.state, done))
        return done

    async def no_read(job_id: str, flows: frozenset[str] | None = None) -> Job | None:
        read.append(job_id)
        return None

    monkeypatch.setattr(site.store, "apply", counted)
    monkeypatch.setattr(site.store, "get", no_read)
    _, reply, again = await asyncio.gather(
        site.acts.outcomes.record(job, job.lease, Accepted(60_000)),
        site.acts.signals.send(job.id, Reported(Succeeded("r"))),
        site.acts.signals.send(job.id, Reported(Accepted(90_000), 1, job.lease.token)),
        return_exceptions=True,
    )

    assert not isinstance(reply, BaseException)
    assert (reply.written, reply.job.state, reply.job.result) == (True, State.COMPLETED, "r")
    assert written == [(State.WAITING, True), (State.COMPLETED, True)]
    # The third came when the job was final, and nothing is known of it here.
    assert (isinstance(again, BaseException), read) == (True, [job.id])


@pytest.mark.parametrize("fault", [None, StoreUnavailable("no"), asyncio.CancelledError()])
async def test_all_who_wait_go_on_when_the_write_ends_however_it_ends(fault: BaseException | None) -> None:
    writes = JobWrites()
    go: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    writing = asyncio.ensure_future(writes.run("a", go))
    await asyncio.sleep(0)
    waiting = [asyncio.ensure_future(writes.ended("a")) for _ in range(3)]
    await writes.ended("b")
    # Who waits may be gone; the others wait all the same.
    waiting[0].cancel()
    await asyncio.sleep(0)
    assert [one.done() for one in waiting] == [True, False, False]

    if fault is None:
        go.set_result(True)
    elif isinstance(fault, asyncio.CancelledError):
        writing.cancel()
    else:
        go.set_exception(fault)

    await asyncio.gather(*waiting[1:])
    [ended] = await asyncio.gather(writing, return_exceptions=True)
    assert ended is True if fault is None else isinstance(ended, type(fault))
    await writes.ended("a")


async def test_a_write_beside_another_is_neither_held_up_nor_waited_for() -> None:
    writes = JobWrites()
    first, second = (asyncio.get_running_loop().create_future() for _ in range(2))
    running = [asyncio.ensure_future(writes.run("a", one)) for one in (first, second)]
    await asyncio.sleep(0)
    waiting = asyncio.ensure_future(writes.ended("a"))
    await asyncio.sleep(0)
    first.set_result(True)
    await waiting
    second.set_result(False)
    assert await asyncio.gather(*running) == [True, False]


async def test_a_write_that_does_not_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_writes, "MAX_WAIT_SECONDS", 0.01)
    writes = JobWrites()
    stuck: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    writing = asyncio.ensure_future(writes.run("a", stuck))
    await asyncio.sleep(0)
    await asyncio.gather(*(writes.ended("a") for _ in range(3)))
    assert not writing.done()
    stuck.set_result(True)
    assert await writing
    await writes.ended("a")
