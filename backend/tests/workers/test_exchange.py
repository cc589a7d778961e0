"""The exchange of an attempt, as the dispatcher records it: with the claim, and with each outcome."""

import asyncio
from pathlib import Path

import pytest

from job_processor.core.flow import FlowRules
from job_processor.core.job import JobError
from job_processor.core.outcome import Accepted, Failed, Outcome, Succeeded
from job_processor.outgoing.session import Measured
from job_processor.processors.base import Dispatch
from tests.workers.dispatching import in_state, site_with
from tests.workers.processors import Doing, Held

SENT = {"sentTo": "the test", "timeoutMs": 20_000, "requestBytes": None, "status": None, "responseBytes": None}


async def test_where_an_attempt_is_sent_is_told_while_it_runs(tmp_path: Path) -> None:
    held = Held()
    rules = FlowRules("main", dispatch_timeout_seconds=20)
    async with site_with(tmp_path, held, rules) as site:
        made = await site.submit()
        running = await in_state(site, made["id"], "RUNNING")

    assert running["attempts"][0]["exchange"] == SENT | {"endedBy": None}


@pytest.mark.parametrize(
    ("measured", "outcome", "ended_by"),
    [
        (Measured(12, 200, 34), Succeeded("r"), "response"),
        (Measured(12, 500, 34), Failed(JobError("http_500", "no")), "response"),
        (Measured(12), Failed(JobError("disconnected", "no")), None),
        # The response had begun, and was not what ended the attempt.
        (Measured(12, 200, 34, broken=True), Failed(JobError("answer_broken", "no")), None),
        (Measured(12, 200, 34), TimeoutError(), None),
        (Measured(12, 200, 34), ValueError(), None),
    ],
)
async def test_what_is_measured_of_an_exchange_is_recorded_with_the_outcome(
    tmp_path: Path, measured: Measured, outcome: Outcome | Exception, ended_by: str | None
) -> None:
    async def work(dispatch: Dispatch) -> Outcome:
        dispatch.measured.sent, dispatch.measured.status = measured.sent, measured.status
        dispatch.measured.received, dispatch.measured.broken = measured.received, measured.broken
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    rules = FlowRules("main", max_attempts=1, dispatch_timeout_seconds=20)
    async with site_with(tmp_path, Doing(work), rules) as site:
        made = await site.submit()
        ended = await in_state(site, made["id"], "COMPLETED" if isinstance(outcome, Succeeded) else "FAILED")

    seen = {"requestBytes": 12, "status": measured.status, "responseBytes": measured.received, "endedBy": ended_by}
    assert ended["attempts"][0]["exchange"] == SENT | seen


async def test_an_attempt_that_a_stop_cuts_off_is_not_ended_by_the_response_that_had_begun(tmp_path: Path) -> None:
    began = asyncio.Event()

    async def work(dispatch: Dispatch) -> Outcome:
        dispatch.measured.sent, dispatch.measured.status, dispatch.measured.received = 12, 200, 34
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with site_with(tmp_path, Doing(work), FlowRules("main", dispatch_timeout_seconds=20)) as site:
        made = await site.submit()
        await began.wait()
        await site.dispatchers["main"].stop()
        stopped = await in_state(site, made["id"], "PENDING")

    seen = {"requestBytes": 12, "status": 200, "responseBytes": 34, "endedBy": None}
    assert stopped["attempts"][0]["exchange"] == SENT | seen


async def test_a_callback_is_told_beside_the_acceptance(tmp_path: Path) -> None:
    async def work(dispatch: Dispatch) -> Outcome:
        dispatch.measured.sent, dispatch.measured.status, dispatch.measured.received = 12, 202, 34
        return Accepted(60_000)

    rules = FlowRules("main", dispatch_timeout_seconds=20)
    async with site_with(tmp_path, Doing(work), rules) as site:
        made = await site.submit()
        waiting = await in_state(site, made["id"], "WAITING")
        ended = (await site.callback({"jobId": made["id"], "result": "r"})).json()

    seen = SENT | {"requestBytes": 12, "status": 202, "responseBytes": 34, "endedBy": None}
    assert waiting["attempts"][0]["exchange"] == seen
    assert ended["attempts"][0]["exchange"] == seen | {"endedBy": "callback"}
