"""E4, E5: what the hand-over's answer says and what the callback says do not agree, or come in the wrong order."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hand_over.stage import RULES, Stage, ends, hook, stage, words
from tests.processors.rogue import Behaviour, Rogue, answer, drip, reset, silence
from tests.support.clock import Clock
from tests.support.waiting import until_true

# The next attempt is due only when the test lets time go on.
PATIENT = replace(RULES, backoff_base_seconds=10)
# For servers whose answer never ends. The others answer, however long that takes on a busy machine.
HASTY = replace(PATIENT, dispatch_timeout_seconds=2)


class CallsBackFirst:
    """Reports from within the hand-over, sees the report answered, and only then answers as ``then`` does."""

    def __init__(self, then: Behaviour) -> None:
        self._then = then
        self.rogue = Rogue(self._behave)
        self.play: Stage | None = None

    async def _behave(self, writer: asyncio.StreamWriter) -> None:
        assert self.play is not None
        reply = await self.play.call_back(self.rogue.requests[-1], result="early")
        assert (reply.status, reply.json()["callback"], reply.json()["status"]) == (200, "applied", "COMPLETED")
        await self._then(writer)


@pytest.mark.parametrize("then", [answer(200), answer(502), answer(400), answer(404), answer(429), reset])
async def test_e4_no_answer_undoes_a_callback_that_came_before_it(
    tmp_path: Path, clock: Clock, then: Behaviour
) -> None:
    early = CallsBackFirst(then)
    async with early.rogue.serve(), stage(tmp_path, clock, RULES, hook(early.rogue, RULES, clock)) as play:
        early.play = play
        job = (await play.site.submit())["id"]
        done = await play.in_state(job, "COMPLETED")
        await until_true(lambda: play.site.dispatchers["main"].running == 0)
        await play.time_goes_on(3_600_000)

        assert await play.site.job(job) == done
        assert (done["result"], words(done)) == ("early", ["submitted", "started", "completed"])
        assert len(early.rogue.requests) == 1


UNCLEAR = {
    "502": answer(502, "<html>Bad Gateway</html>"),
    "500": answer(500, {"message": "Workflow failed"}),
    "no answer in time": silence,
    "an answer that drips": drip,
    "a torn connection": reset,
}


@pytest.mark.parametrize("name", UNCLEAR)
async def test_e5_the_work_of_a_hand_over_that_failed_is_taken_once(tmp_path: Path, clock: Clock, name: str) -> None:
    rules = HASTY if UNCLEAR[name] in (silence, drip) else PATIENT
    async with (
        Rogue(UNCLEAR[name]).serve() as rogue,
        stage(tmp_path, clock, rules, hook(rogue, rules, clock)) as play,
    ):
        job = (await play.site.submit())["id"]
        failed = await play.in_state(job, "PENDING", 1)
        assert (failed["failures"], ends(failed), failed["waitingOn"]["kind"]) == (1, ["failed"], "retry")

        first, again = [await play.call_back(rogue.requests[0], result="it was done") for _ in range(2)]

        done = first.json()
        assert (done["callback"], done["status"], ends(done)) == ("applied", "COMPLETED", ["succeeded"])
        assert (again.status, again.json()["callback"]) == (200, "duplicate")
        await play.time_goes_on(3_600_000)
        assert (await play.site.job(job))["updatedAt"] == done["updatedAt"]
        assert words(await play.site.job(job)) == ["submitted", "started", "attempt_failed", "completed"]
        assert len(rogue.requests) == 1


async def test_e5_the_error_of_a_hand_over_that_failed_counts_once(tmp_path: Path, clock: Clock) -> None:
    async with (
        Rogue(answer(502)).serve() as rogue,
        stage(tmp_path, clock, PATIENT, hook(rogue, PATIENT, clock)) as play,
    ):
        job = (await play.site.submit())["id"]
        failed = await play.in_state(job, "PENDING", 1)

        reply = await play.call_back(rogue.requests[0], error="crashed")

        assert (reply.status, reply.json()["callback"], reply.json()["failures"]) == (200, "stale", 1)
        assert await play.site.job(job) == failed


async def test_e5_the_work_of_a_failed_hand_over_ends_the_attempt_that_followed_it(
    tmp_path: Path, clock: Clock
) -> None:
    rogue = Rogue(answer(200), [answer(502)])
    async with rogue.serve(), stage(tmp_path, clock, RULES, hook(rogue, RULES, clock)) as play:
        job = (await play.site.submit())["id"]
        await play.in_state(job, "WAITING", 2)

        done = (await play.call_back(rogue.requests[0], result="of the first")).json()

        assert (done["status"], done["result"], ends(done)) == (
            "COMPLETED",
            "of the first",
            ["succeeded", "superseded"],
        )
        late = await play.call_back(rogue.requests[1], result="of the second")
        assert (late.status, late.json()["code"]) == (409, "different_result")
        assert (await play.site.job(job))["result"] == "of the first"
