"""The mock processor: every fault does what its line says, through the real HTTP callback."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from job_processor.core.job import Attempt, JobError
from job_processor.core.outcome import Accepted, Expired
from job_processor.processors.base import Dispatch
from job_processor.processors.mock import Fault
from tests.processors.mock_at_work import RULES, at_work, callbacks, in_state, mock
from tests.support.clock import Clock
from tests.support.waiting import until, until_true


async def test_a_well_behaved_mock_answers_with_json(tmp_path: Path) -> None:
    async with at_work(tmp_path, mock()) as site:
        done = await in_state(site, (await site.submit("three small words"))["id"], "COMPLETED")

    answer = msgspec.json.decode(done["result"])
    assert (answer["words"], answer["echo"], answer["attempt"]) == (3, "three small words", 1)
    assert done["resultVerdict"]["kind"] == "json"


@pytest.mark.parametrize(("fault", "repaired"), [("malformed", True), ("prose", True), ("truncated", None)])
async def test_a_wrong_result_is_kept_and_shown_as_wrong(tmp_path: Path, fault: str, repaired: bool | None) -> None:
    async with at_work(tmp_path, mock()) as site:
        done = await in_state(site, (await site.submit(f"please fault:{fault}"))["id"], "COMPLETED")

    verdict = done["resultVerdict"]
    assert verdict["kind"] == "malformed"
    assert verdict["error"]["line"] >= 1
    if repaired:
        assert isinstance(msgspec.json.decode(verdict["repaired"]["text"]), dict)
        assert verdict["repaired"]["edits"]


async def test_an_error_is_reported_and_the_attempts_run_out(tmp_path: Path) -> None:
    async with at_work(tmp_path, mock()) as site:
        failed = await in_state(site, (await site.submit("fault:error"))["id"], "FAILED")

    assert failed["error"] == {"code": "processor_reported", "message": "The mock was asked to fail."}
    assert failed["failures"] == 2


async def test_a_duplicate_is_answered_as_one(tmp_path: Path) -> None:
    async with at_work(tmp_path, mock()) as site:
        made = await site.submit("fault:duplicate")
        await until_true(lambda: callbacks(site, "duplicate") == 1)

        done = await site.job(made["id"])
        assert (done["status"], callbacks(site, "applied")) == ("COMPLETED", 1)


async def test_an_early_callback_completes_the_job_before_its_dispatch_has_returned(tmp_path: Path) -> None:
    async with at_work(tmp_path, mock()) as site:
        done = await in_state(site, (await site.submit("fault:early"))["id"], "COMPLETED")
        await until_true(lambda: site.dispatchers["main"].running == 0)

        assert [entry["what"] for entry in done["history"]] == ["submitted", "started", "completed"]
        assert (await site.job(done["id"]))["updatedAt"] == done["updatedAt"]


async def test_a_wrong_secret_changes_nothing(tmp_path: Path) -> None:
    async with at_work(tmp_path, mock()) as site:
        made = await site.submit("fault:wrong_secret")
        await until_true(lambda: callbacks(site, "unauthorized") == 1)
        await in_state(site, made["id"], "WAITING")

        assert callbacks(site, "applied") == 0


async def test_a_lost_callback_is_overdue_and_tried_again(tmp_path: Path, clock: Clock) -> None:
    async with at_work(tmp_path, mock(), clock) as site:
        made = await site.submit("fault:lost")
        await in_state(site, made["id"], "WAITING")
        clock.forward(60_000)
        await site.acts.signals.send(made["id"], Expired())

        async def second() -> bool:
            return bool((await site.job(made["id"]))["attempt"] == 2)

        await until(second)
        assert (await site.job(made["id"]))["attempts"][0]["end"] == "overdue"
        assert callbacks(site, "applied") == 0


@pytest.mark.parametrize(
    ("fault", "wait"), [(None, 4.0), ("slow", 12.0), ("late", 65.0), ("duplicate", 4.0), ("error", 4.0)]
)
async def test_how_long_each_takes(monkeypatch: pytest.MonkeyPatch, fault: str | None, wait: float) -> None:
    waits: list[float] = []

    async def noted(seconds: float) -> None:
        waits.append(seconds)

    processor = mock(delay_seconds=4)
    posted: list[dict[str, object]] = []

    async def post(url: str, body: dict[str, object], secret: str) -> None:
        posted.append(body)

    monkeypatch.setattr("job_processor.processors.mock.asyncio.sleep", noted)
    monkeypatch.setattr(processor, "_post", post)
    outcome = await processor.run(dispatch("a" if fault is None else f"fault:{fault}"))
    await asyncio.gather(*processor._pending.values())
    monkeypatch.undo()

    assert isinstance(outcome, Accepted)
    assert outcome.timeout_ms == 60_000
    assert (waits, len(posted)) == ([wait], 2 if fault == "duplicate" else 1)


def dispatch(prompt: str, job_id: str = "0" * 24) -> Dispatch:
    async def progress(text: str) -> None: ...

    return Dispatch(job_id, 1, prompt, {}, None, "http://127.0.0.1:1/", "token", None, progress)


async def test_a_cancel_stops_the_mock() -> None:
    processor = mock(delay_seconds=3600)
    await processor.run(dispatch("a"))
    attempt = Attempt(1, 0, "w", error=JobError("x", "x"))

    assert await processor.cancel("0" * 24, attempt) == "The mock stopped its work."
    await until_true(lambda: not processor._pending)
    assert await processor.cancel("0" * 24, attempt) is None
    await processor.close()


@pytest.mark.parametrize("prompt", ["fault:", "fault:none", "default:lost", "the fault: lost", "FAULT:LOST"])
async def test_what_names_no_fault_is_an_ordinary_prompt(prompt: str) -> None:
    assert mock()._fault(dispatch(prompt)) is None


@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_can_be_named_in_the_prompt(fault: Fault) -> None:
    assert mock()._fault(dispatch(f"Do it, fault:{fault.value}, please.")) is fault


def test_rates_are_seeded_and_about_right() -> None:
    def faults(seed: int) -> list[Fault | None]:
        processor = mock(faults={"lost": 0.25, "error": 0.25}, seed=seed)
        return [processor._fault(dispatch("a")) for _ in range(2_000)]

    assert faults(1) == faults(1)
    assert faults(1) != faults(2)
    lost = faults(1).count(Fault.LOST)
    assert 400 < lost < 600


async def test_a_receiver_that_is_down_is_tried_again_and_one_that_refuses_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    async def noted(seconds: float) -> None:
        tries.append(seconds)

    monkeypatch.setattr("job_processor.processors.mock.asyncio.sleep", noted)
    processor = mock()
    await processor.open()
    # Port 1 of loopback: nobody listens there.
    await processor._post("http://127.0.0.1:1/", {"jobId": "x"}, "s")
    await processor.close()

    assert tries[:7] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0]
    assert set(tries[7:]) <= {10.0}
    # For as long as the callback is waited for, and no longer.
    assert RULES.callback_timeout_seconds <= sum(tries) < RULES.callback_timeout_seconds + 10
