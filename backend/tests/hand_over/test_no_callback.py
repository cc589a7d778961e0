"""E3: the processor said yes, and then says nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.hand_over.stage import RULES, Stage, ends, hook, stage, words
from tests.http.problems import assert_problem
from tests.processors.rogue import Rogue, answer
from tests.support.clock import Clock

OVERDUE = RULES.callback_timeout_seconds * 1000


@pytest.fixture
async def silent() -> AsyncIterator[Rogue]:
    async with Rogue(answer(200, "ok")).serve() as server:
        yield server


@pytest.fixture
async def play(tmp_path: Path, clock: Clock, silent: Rogue) -> AsyncIterator[Stage]:
    async with stage(tmp_path, clock, RULES, hook(silent, RULES, clock)) as play:
        yield play


async def handed_over_again(play: Stage) -> str:
    """A job whose first callback is overdue, and that waits for that of its second attempt."""
    job: str = (await play.site.submit())["id"]
    waiting = await play.in_state(job, "WAITING", 1)
    assert waiting["waitingOn"]["kind"] == "callback"
    await play.time_goes_on(int(OVERDUE) - 1)
    assert (await play.site.job(job))["status"] == "WAITING"

    await play.time_goes_on(1)

    again = await play.in_state(job, "WAITING", 2)
    assert (ends(again), again["failures"], again["error"]["code"]) == (["overdue", None], 1, "callback_overdue")
    return job


async def test_e3_it_is_handed_over_again_with_the_same_job_id_and_another_proof(play: Stage, silent: Rogue) -> None:
    job = await handed_over_again(play)

    first, second = (request.json for request in silent.requests)
    assert (first["jobId"], second["jobId"]) == (job, job)
    assert (first["attempt"], second["attempt"]) == (1, 2)
    assert first["callbackToken"] != second["callbackToken"]

    done = (await play.call_back(silent.requests[1], result="r")).json()
    assert (done["status"], ends(done)) == ("COMPLETED", ["overdue", "succeeded"])
    assert words(done) == ["submitted", "started", "accepted", "callback_overdue", "started", "accepted", "completed"]


async def test_e3_without_an_attempt_left_the_job_failed_and_a_result_is_too_late(play: Stage, silent: Rogue) -> None:
    job = await handed_over_again(play)

    await play.time_goes_on(int(OVERDUE))

    failed = await play.in_state(job, "FAILED")
    assert (ends(failed), failed["error"]["code"]) == (["overdue", "overdue"], "callback_overdue")
    assert words(failed)[-2:] == ["callback_overdue", "failed"]
    for request in silent.requests:
        assert assert_problem(await play.call_back(request, result="at last"), 409)["code"] == "late_result"
    after = await play.site.job(job)
    assert words(after) == [*words(failed), "late_result", "late_result"], "each attempt's, once"
    same = ("status", "result", "error", "attempts", "failures", "finishedAt")
    assert [after[name] for name in same] == [failed[name] for name in same]
    assert len(silent.requests) == 2


async def test_e3_the_first_attempts_result_completes_the_job_while_the_second_is_waited_for(
    play: Stage, silent: Rogue
) -> None:
    await handed_over_again(play)

    done = (await play.call_back(silent.requests[0], result="slow but right")).json()

    assert (done["status"], done["result"]) == ("COMPLETED", "slow but right")
    assert ends(done) == ["succeeded", "superseded"]
    again = await play.call_back(silent.requests[1], result="slow but right")
    assert (again.status, again.json()["callback"]) == (200, "duplicate")
    assert (await play.call_back(silent.requests[1], result="another")).status == 409
    await play.time_goes_on(int(OVERDUE))
    assert (await play.site.job(done["id"]))["result"] == "slow but right"
