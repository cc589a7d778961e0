"""E14: called off at every point of its way: one end, and whatever comes late is answered 409 and changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from job_processor.core.audit import AuditEntry
from job_processor.core.job import State
from job_processor.core.transitions import Change
from job_processor.processors.base import Dispatch
from tests.hand_over.stage import RULES, Stage, ends, hook, stage, words
from tests.http.problems import assert_problem
from tests.processors.rogue import Rogue, answer
from tests.support.clock import Clock
from tests.support.waiting import until_true

OVERDUE_MS = int(RULES.callback_timeout_seconds * 1000)


class Gate:
    """A point where somebody is held: ``reached`` once they stand there, until ``go``."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go = asyncio.Event()

    async def pass_through(self) -> None:
        self.reached.set()
        await self.go.wait()


@pytest.fixture
def answering() -> Gate:
    """Holds the processor's answer to a hand-over."""
    return Gate()


@pytest.fixture
async def rogue(answering: Gate) -> AsyncIterator[Rogue]:
    async def behave(writer: asyncio.StreamWriter) -> None:
        await answering.pass_through()
        await answer(200)(writer)

    async with Rogue(behave).serve() as server:
        yield server


@pytest.fixture
async def play(tmp_path: Path, clock: Clock, rogue: Rogue) -> AsyncIterator[Stage]:
    async with stage(tmp_path, clock, RULES, hook(rogue, RULES, clock)) as play:
        yield play


def hold_write(play: Stage, monkeypatch: pytest.MonkeyPatch, which: Callable[[Change], bool]) -> Gate:
    """Stops whoever has decided this move, before it is written."""
    gate, apply = Gate(), play.site.store.apply

    async def held(change: Change, record: AuditEntry | None = None) -> bool:
        if which(change):
            await gate.pass_through()
        return await apply(change, record)

    monkeypatch.setattr(play.site.store, "apply", held)
    return gate


async def call_off(play: Stage, job: str) -> dict[str, object]:
    reply = await play.site.client.post(f"/jobs/{job}/cancel")
    assert (reply.status, reply.json()["status"]) == (200, "CANCELLED")
    found: dict[str, object] = reply.json()
    return found


async def it_stays_cancelled(play: Stage, job: str, *, attempts: int = 1) -> None:
    """Nothing is under way, and neither time nor a result, an error or progress of any attempt changes anything."""
    await until_true(lambda: play.site.dispatchers["main"].running == 0)
    cancelled = await play.site.job(job)
    assert (cancelled["status"], cancelled["waitingOn"], cancelled["result"]) == ("CANCELLED", None, None)
    assert words(cancelled).count("cancelled") == 1
    moves = [word for word in words(cancelled) if word != "late_result"]
    assert moves[-1] == "cancelled"
    assert None not in ends(cancelled)
    for attempt in range(1, attempts + 1):
        token = play.site.token(job, attempt, seconds=100_000)
        late = await play.site.callback({"jobId": job, "result": "late"}, token=token)
        assert assert_problem(late, 409)["code"] == "late_result"
        for report in ({"error": "late"}, {"progress": "late"}):
            reply = await play.site.callback({"jobId": job, **report}, token=token)
            assert (reply.status, reply.json()["callback"]) == (200, "stale")
    await play.time_goes_on(3_600_000)
    # The processor, which has not answered to the first cancel, is told again.
    again = await play.site.client.post(f"/jobs/{job}/cancel")
    assert (again.status, again.json()["status"]) == (200, "CANCELLED")
    after = await play.site.job(job)
    # Each attempt's late result is told once, however often it comes; nothing else has changed.
    assert words(after) == [*moves, *["late_result"] * attempts]
    same = ("status", "result", "error", "attempts", "failures", "finishedAt")
    assert [after[name] for name in same] == [cancelled[name] for name in same]


async def submitted(play: Stage) -> str:
    return str((await play.site.submit())["id"])


async def test_e14_before_a_worker_took_it(play: Stage, rogue: Rogue) -> None:
    job = str((await play.site.submit(delaySeconds=60))["id"])
    await call_off(play, job)
    await it_stays_cancelled(play, job, attempts=0)
    assert rogue.requests == []


async def test_e14_between_claim_and_request(
    play: Stage, rogue: Rogue, answering: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failpoints ``claim.after_commit`` and ``dispatch.before_send``."""
    gate, processor = Gate(), play.site.dispatchers["main"].processor
    run = processor.run

    async def held(dispatch: Dispatch) -> object:
        await gate.pass_through()
        return await run(dispatch)

    monkeypatch.setattr(processor, "run", held)
    job = await submitted(play)
    await gate.reached.wait()
    await call_off(play, job)
    await it_stays_cancelled(play, job)
    assert rogue.requests == []


async def test_e14_while_the_request_is_under_way(play: Stage, rogue: Rogue, answering: Gate) -> None:
    job = await submitted(play)
    await answering.reached.wait()
    await call_off(play, job)
    await it_stays_cancelled(play, job)
    answering.go.set()
    await rogue.hung_up.wait()
    assert play.site.cancels == [("main", job, 1)] * 2


async def test_e14_between_the_acceptance_and_its_record(
    play: Stage, answering: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failpoint ``dispatch.after_send``: the worker has decided, and is faster or slower than the person."""
    gate = hold_write(play, monkeypatch, lambda change: change.job.state is State.WAITING)
    answering.go.set()
    job = await submitted(play)
    await gate.reached.wait()
    await call_off(play, job)
    gate.go.set()
    await it_stays_cancelled(play, job)
    assert play.site.cancels == [("main", job, 1)] * 2


async def test_e14_while_its_callback_is_waited_for(play: Stage, answering: Gate) -> None:
    """The failpoint ``dispatch.after_record``."""
    answering.go.set()
    job = await submitted(play)
    await play.in_state(job, "WAITING")
    await call_off(play, job)
    await it_stays_cancelled(play, job)
    assert play.site.cancels == [("main", job, 1)] * 2


async def test_e14_while_a_result_is_being_written(
    play: Stage, answering: Gate, rogue: Rogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failpoint ``callback.before_apply``: the sender is told the truth, which is not what was decided."""
    answering.go.set()
    job = await submitted(play)
    await play.in_state(job, "WAITING")
    gate = hold_write(play, monkeypatch, lambda change: change.job.state is State.COMPLETED)
    report = asyncio.create_task(play.call_back(rogue.requests[0], result="r"))
    await gate.reached.wait()
    await call_off(play, job)
    gate.go.set()
    assert assert_problem(await report, 409)["code"] == "late_result"
    await it_stays_cancelled(play, job)


async def test_e14_after_a_result_was_written(play: Stage, answering: Gate, rogue: Rogue) -> None:
    """The failpoint ``callback.after_apply``: the result came first, and stays."""
    answering.go.set()
    job = await submitted(play)
    await play.in_state(job, "WAITING")
    done = (await play.call_back(rogue.requests[0], result="r")).json()
    assert_problem(await play.site.client.post(f"/jobs/{job}/cancel"), 409)
    assert (await play.site.job(job))["updatedAt"] == done["updatedAt"]


async def test_e14_while_it_is_found_overdue(
    play: Stage, answering: Gate, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failpoint ``reaper.before_apply``."""
    answering.go.set()
    job = await submitted(play)
    await play.in_state(job, "WAITING")
    gate = hold_write(play, monkeypatch, lambda change: change.job.state is State.PENDING)
    clock.forward(OVERDUE_MS)
    reaping = asyncio.create_task(play.reaper.tick())
    await gate.reached.wait()
    await call_off(play, job)
    gate.go.set()
    await reaping
    await it_stays_cancelled(play, job)


async def test_e14_in_its_second_attempt(play: Stage, answering: Gate) -> None:
    """The failpoint ``reaper.after_apply``."""
    answering.go.set()
    job = await submitted(play)
    await play.in_state(job, "WAITING", 1)
    await play.time_goes_on(OVERDUE_MS)
    await play.in_state(job, "WAITING", 2)
    await call_off(play, job)
    await it_stays_cancelled(play, job, attempts=2)
    assert play.site.cancels == [("main", job, 2)] * 2


async def test_e14_the_attempt_that_the_cancel_ended_is_the_one_its_processor_hears_of(
    play: Stage, answering: Gate, rogue: Rogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a person's click and its record the job was handed over anew."""
    answering.go.set()
    job = await submitted(play)
    await play.in_state(job, "WAITING", 1)
    gate = hold_write(play, monkeypatch, lambda change: change.job.state is State.CANCELLED)
    calling = asyncio.create_task(call_off(play, job))
    await gate.reached.wait()
    await play.call_back(rogue.requests[0], error="crashed")
    await play.in_state(job, "WAITING", 2)
    gate.go.set()
    await calling
    assert play.site.cancels == [("main", job, 2)]
    await it_stays_cancelled(play, job, attempts=2)


async def test_e14_called_off_retried_and_called_off_again_before_it_was_taken(
    play: Stage, answering: Gate, clock: Clock
) -> None:
    """The processor has heard of the attempt; there was no other."""
    answering.go.set()
    job = await submitted(play)
    await play.in_state(job, "WAITING", 1)
    await call_off(play, job)
    clock.forward(1_000)
    await play.site.client.post("/flows/main/pause")
    assert (await play.site.client.post(f"/jobs/{job}/retry")).json()["status"] == "PENDING"
    await call_off(play, job)
    assert play.site.cancels == [("main", job, 1)]
