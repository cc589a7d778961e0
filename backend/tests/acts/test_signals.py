"""Rule 1: every change goes through one door, is one compare-and-set, and says whether it was written."""

import asyncio
from pathlib import Path

import pytest

from job_processor.acts.jobs import NewJob
from job_processor.acts.signals import TRIES
from job_processor.core.errors import InvalidField, JobNotFound, MoveRefused, StoreUnavailable
from job_processor.core.flow import FlowRules, OnInvalidResult
from job_processor.core.job import State
from job_processor.core.outcome import (
    Accepted,
    Cancelled,
    Expired,
    Outcome,
    Reported,
    ResultAccepted,
    Succeeded,
)
from job_processor.core.transitions import Change
from job_processor.core.verdict import ResultKind
from tests.support.clock import Clock
from tests.support.site import Site, open_site

NOBODY = "f" * 24


async def test_a_submission_is_refused_for_what_only_the_door_can_know(site: Site, clock: Clock) -> None:
    for new, field in (
        (NewJob("p", flow="no-such"), "flow"),
        (NewJob("p", deadline=clock.now()), "deadline"),
        (NewJob("p", deadline=clock.now() + 500, delay_ms=500), "deadline"),
        (NewJob("p", deadline=clock.now() + 500, run_at=clock.now() + 900), "deadline"),
    ):
        with pytest.raises(InvalidField) as caught:
            await site.acts.jobs.submit(new)
        assert caught.value.field == field
    assert (await site.acts.jobs.submit(NewJob("p", deadline=clock.now() + 1))).created


async def test_a_signal_for_nobody_is_an_error(site: Site) -> None:
    for signal in (Cancelled(), Reported(Succeeded("r")), Expired()):
        with pytest.raises(JobNotFound):
            await site.acts.signals.send(NOBODY, signal)
    with pytest.raises(JobNotFound):
        await site.acts.jobs.retry(NOBODY)
    with pytest.raises(JobNotFound):
        await site.acts.jobs.replay(NOBODY)


async def test_a_lost_race_is_decided_anew_on_the_newest_job(site: Site) -> None:
    """The caller's picture is old: the move is judged by what the job is now, never by what it was."""
    made = (await site.submit())["id"]
    old = await site.stored(made)
    claimed = await site.claim()
    await site.say(claimed, Succeeded("first"))

    late = await site.acts.signals.send(made, Reported(Succeeded("second")), known=old)

    assert (late.written, late.job.result) == (False, "first")


async def test_whatever_races_one_final_state_wins_and_everybody_is_told_the_truth(site: Site) -> None:
    for _ in range(20):
        made = (await site.submit())["id"]
        await site.say(await site.claim(), Accepted(60_000))
        moves = await asyncio.gather(
            *(site.acts.signals.send(made, Reported(Succeeded(f"{n}"), 1)) for n in range(5)),
            *(site.acts.signals.send(made, Cancelled()) for _ in range(5)),
        )
        job = await site.stored(made)
        assert sum(move.written for move in moves) == 1
        assert [move.job for move in moves if move.written] == [job]
        assert sum(event.what.value in ("completed", "cancelled") for event in job.history) == 1


async def test_a_race_that_never_ends_is_a_store_that_does_not_answer(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (await site.submit())["id"]
    tries = 0

    async def lost(change: Change) -> bool:
        nonlocal tries
        tries += 1
        return False

    monkeypatch.setattr(site.store, "apply", lost)
    with pytest.raises(StoreUnavailable):
        await site.acts.signals.send(made, Cancelled())
    assert tries == TRIES


async def test_a_job_outlives_its_flows_definition(tmp_path: Path, clock: Clock) -> None:
    async with open_site(tmp_path / "data", now=clock.now, flows=(FlowRules("old"),)) as site:
        made = (await site.submit())["id"]
    async with open_site(tmp_path / "data", now=clock.now, flows=(FlowRules("new"),)) as site:
        assert (await site.job(made))["waitingOn"]
        assert (await site.callback({"jobId": made, "result": "r"})).json()["status"] == "COMPLETED"
        reply = await site.client.post(f"/jobs/{made}/replay")
        assert (reply.status, reply.json()["errors"][0]["field"]) == (422, "flow")


async def test_a_result_is_examined_on_its_way_in_however_long_it_is(site: Site) -> None:
    made = (await site.submit())["id"]
    moved = await site.acts.signals.send(made, Reported(Succeeded('{"a": "' + "x" * 100_000 + '"')))
    assert moved.job.verdict is not None
    assert moved.job.verdict.kind is ResultKind.MALFORMED


async def test_a_result_a_person_accepts_is_examined_too(site: Site) -> None:
    made = (await site.submit())["id"]
    await site.acts.jobs.cancel(made)

    moved = await site.acts.signals.send(made, ResultAccepted("{}"))

    assert (moved.written, moved.job.state) == (True, State.COMPLETED)
    assert moved.job.verdict is not None
    assert moved.job.verdict.kind is ResultKind.JSON


@pytest.mark.parametrize(
    ("what", "state", "status"),
    [
        (OnInvalidResult.KEEP, "COMPLETED", "applied"),
        (OnInvalidResult.RETRY, "PENDING", "applied"),
        (OnInvalidResult.FAIL, "FAILED", "applied"),
    ],
)
async def test_the_flow_decides_what_a_wrong_result_leads_to(
    tmp_path: Path, clock: Clock, what: OnInvalidResult, state: str, status: str
) -> None:
    rules = FlowRules("main", on_invalid_result=what)
    async with open_site(tmp_path / "data", now=clock.now, flows=(rules,)) as site:
        made = (await site.submit(resultSchema={"type": "object"}))["id"]
        await site.say(await site.claim(), Accepted(60_000))

        reply = (await site.callback({"jobId": made, "result": "[]"})).json()

        assert (reply["status"], reply["callback"]) == (state, status)
        if state == "FAILED":
            assert (reply["result"], reply["resultVerdict"]["kind"]) == ("[]", "schema_mismatch")
        # The same report again says nothing new, whatever became of the first.
        again = await site.callback({"jobId": made, "result": "[]", "attempt": 1})
        assert again.status in (200, 409)
        assert (await site.job(made))["failures"] == reply["failures"]


async def test_cancel_and_retry_refuse_in_words(site: Site) -> None:
    made = (await site.submit())["id"]
    with pytest.raises(MoveRefused, match="PENDING"):
        await site.acts.jobs.retry(made)
    outcome: Outcome = Succeeded("r")
    await site.say(await site.claim(), outcome)
    with pytest.raises(MoveRefused, match="COMPLETED"):
        await site.acts.jobs.cancel(made)
