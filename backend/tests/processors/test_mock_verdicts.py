"""Each fault of the mock, as the job tells of it: status, verdict, history, how attempts ended, what it waits for."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from job_processor.core.flow import FlowRules
from job_processor.processors.base import Dispatch
from job_processor.processors.mock import Fault, MockProcessor
from job_processor.workers.reaper import Reaper
from tests.hand_over.stage import ends, words
from tests.http.problems import assert_problem
from tests.processors.mock_at_work import RULES, at_work, callbacks, in_state, options, surroundings
from tests.support.clock import Clock
from tests.support.site import Site
from tests.support.waiting import until_true

# Time stands still but for the test, so the second attempt waits for it too.
PATIENT = replace(RULES, backoff_base_seconds=10)
ONCE = replace(RULES, max_attempts=1)
TIMEOUT_MS = int(RULES.callback_timeout_seconds * 1000)
HANDED_OVER = ["submitted", "started", "accepted"]


class Held(MockProcessor):
    """Its delay is the test's: callbacks that come later come when ``go`` is set."""

    def __init__(self, rules: FlowRules) -> None:
        super().__init__(options(), surroundings(rules))
        self.rules = rules
        self.go = asyncio.Event()

    async def _later(self, delay: float, dispatch: Dispatch, fault: Fault | None) -> None:
        await self.go.wait()
        await self._deliver(dispatch, fault)


Opened = Callable[[Held], AbstractAsyncContextManager[Site]]


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Opened:
    def open_with(mock: Held) -> AbstractAsyncContextManager[Site]:
        return at_work(tmp_path, mock, clock, mock.rules)

    return open_with


async def waiting(site: Site, fault: Fault, clock: Clock) -> str:
    """A job that was accepted, and says until when it waits for what."""
    made = await site.submit(f"Do it, fault:{fault.value}")
    job = await in_state(site, made["id"], "WAITING")
    assert job["waitingOn"]["kind"] == "callback"
    assert job["waitingOn"]["detail"] == "The processor accepted the job and will call back."
    assert job["waitingOn"]["until"] == "2026-09-21T14:14:20.000Z"
    assert (words(job), ends(job)) == (HANDED_OVER, [None])
    return str(made["id"])


async def overdue(site: Site, clock: Clock) -> None:
    clock.forward(TIMEOUT_MS)
    await Reaper(site.acts, site.store).tick()


def is_done(job: dict[str, Any], kind: str) -> None:
    assert (job["resultVerdict"]["kind"], job["error"], job["waitingOn"]) == (kind, None, None)
    assert (words(job), ends(job)) == ([*HANDED_OVER, "completed"], ["succeeded"])


@pytest.mark.parametrize("fault", [Fault.MALFORMED, Fault.PROSE, Fault.TRUNCATED])
async def test_a_wrong_result(opened: Opened, clock: Clock, fault: Fault) -> None:
    async with opened(mock := Held(RULES)) as site:
        job = await waiting(site, fault, clock)
        mock.go.set()
        done = await in_state(site, job, "COMPLETED")

    is_done(done, "malformed")
    verdict = done["resultVerdict"]
    assert verdict["error"]["message"]
    assert (verdict["error"]["line"] >= 1, verdict["error"]["column"] >= 1) == (True, True)
    # The raw text stays as wrong as it came.
    with pytest.raises(json.JSONDecodeError):
        json.loads(done["result"])
    if fault is not Fault.TRUNCATED:
        assert isinstance(json.loads(verdict["repaired"]["text"]), dict)
        assert verdict["repaired"]["edits"]


@pytest.mark.parametrize("fault", [Fault.DUPLICATE, Fault.SLOW])
async def test_a_good_result_twice_or_slowly(opened: Opened, clock: Clock, fault: Fault) -> None:
    async with opened(mock := Held(RULES)) as site:
        job = await waiting(site, fault, clock)
        mock.go.set()
        done = await in_state(site, job, "COMPLETED")
        if fault is Fault.DUPLICATE:
            await until_true(lambda: callbacks(site, "duplicate") == 1)

        is_done(done, "json")
        assert await site.job(job) == done
        assert callbacks(site, "applied") == 1


async def test_a_callback_before_the_acceptance(opened: Opened) -> None:
    async with opened(Held(RULES)) as site:
        job = (await site.submit("fault:early"))["id"]
        done = await in_state(site, job, "COMPLETED")
        await until_true(lambda: site.dispatchers["main"].running == 0)

        assert await site.job(job) == done
    assert (words(done), ends(done)) == (["submitted", "started", "completed"], ["succeeded"])
    assert done["history"][-1]["detail"] == "The callback came before the hand-over was answered."
    assert done["resultVerdict"]["kind"] == "json"


async def test_an_error_that_is_reported(opened: Opened, clock: Clock) -> None:
    async with opened(mock := Held(PATIENT)) as site:
        job = await waiting(site, Fault.ERROR, clock)
        mock.go.set()
        between = await in_state(site, job, "PENDING")
        clock.forward(3_600_000)
        site.dispatchers["main"].wake()
        failed = await in_state(site, job, "FAILED")

    assert between["error"] == {"code": "processor_reported", "message": "The mock was asked to fail."}
    assert (between["waitingOn"]["kind"], between["waitingOn"]["detail"]) == (
        "retry",
        "Attempt 1 failed; the next one follows.",
    )
    assert (words(between), ends(between)) == ([*HANDED_OVER, "attempt_failed"], ["failed"])
    tried = ["started", "accepted", "attempt_failed"]
    assert (words(failed), ends(failed)) == (["submitted", *tried, *tried, "failed"], ["failed", "failed"])
    assert failed["history"][-1]["detail"] == "no attempt is left of 2"
    assert (failed["error"], failed["result"], failed["waitingOn"]) == (between["error"], None, None)


def is_overdue(job: dict[str, Any]) -> None:
    assert (words(job)[:4], ends(job)) == ([*HANDED_OVER, "callback_overdue"], ["overdue"])
    assert job["error"]["code"] == "callback_overdue"
    assert job["error"]["message"].startswith("No callback came by the deadline. A callback with a wrong secret")


async def test_a_callback_that_never_comes(opened: Opened, clock: Clock) -> None:
    async with opened(mock := Held(PATIENT)) as site:
        job = await waiting(site, Fault.LOST, clock)
        mock.go.set()
        await until_true(lambda: not mock._pending)
        assert (await site.job(job))["status"] == "WAITING"
        await overdue(site, clock)

        found = await site.job(job)
        is_overdue(found)
        assert (found["status"], found["waitingOn"]["kind"]) == ("PENDING", "retry")
        clock.forward(3_600_000)
        site.dispatchers["main"].wake()
        await in_state(site, job, "WAITING")
        await overdue(site, clock)

        failed = await site.job(job)
        assert (failed["status"], ends(failed)) == ("FAILED", ["overdue", "overdue"])
        assert callbacks(site, "applied") == 0


async def test_a_callback_after_its_deadline_while_the_job_is_not_final(opened: Opened, clock: Clock) -> None:
    async with opened(mock := Held(PATIENT)) as site:
        job = await waiting(site, Fault.LATE, clock)
        await overdue(site, clock)
        found = await site.job(job)
        is_overdue(found)
        assert (found["status"], found["waitingOn"]["kind"]) == ("PENDING", "retry")

        mock.go.set()
        done = await in_state(site, job, "COMPLETED")

    assert (words(done), ends(done)) == ([*HANDED_OVER, "callback_overdue", "completed"], ["succeeded"])
    assert done["history"][-1]["detail"] == "The callback of attempt 1 came after its deadline."
    assert (done["error"], done["failures"], done["resultVerdict"]["kind"]) == (None, 1, "json")


async def test_a_callback_after_the_job_has_failed(opened: Opened, clock: Clock) -> None:
    async with opened(mock := Held(ONCE)) as site:
        job = await waiting(site, Fault.LATE, clock)
        await overdue(site, clock)
        failed = await site.job(job)
        is_overdue(failed)
        assert (failed["status"], words(failed)[-1]) == ("FAILED", "failed")

        mock.go.set()
        await until_true(lambda: callbacks(site, "late") == 1)

        after = await site.job(job)
        assert words(after) == [*words(failed), "late_result"]
        assert {**after, "history": failed["history"]} == failed
        late = await site.callback({"jobId": job, "result": "once more"})
        assert_problem(late, 409)


async def test_a_callback_with_a_wrong_secret(opened: Opened, clock: Clock) -> None:
    async with opened(mock := Held(ONCE)) as site:
        job = await waiting(site, Fault.WRONG_SECRET, clock)
        before = await site.job(job)
        mock.go.set()
        await until_true(lambda: callbacks(site, "unauthorized") == 1)
        assert await site.job(job) == before

        await overdue(site, clock)

        failed = await site.job(job)
        is_overdue(failed)
        assert (failed["status"], failed["result"], callbacks(site, "applied")) == ("FAILED", None, 0)


async def test_no_fault_is_left_out() -> None:
    """Whoever adds a fault to the mock says here what becomes of the job."""
    named = {Fault.MALFORMED, Fault.PROSE, Fault.TRUNCATED, Fault.DUPLICATE, Fault.SLOW, Fault.EARLY, Fault.ERROR}
    assert set(Fault) == named | {Fault.LOST, Fault.LATE, Fault.WRONG_SECRET}
