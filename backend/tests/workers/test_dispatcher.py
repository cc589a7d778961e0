"""The dispatcher: claims, hands over, records what came of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.core.flow import FlowRules, OnInvalidResult, SharedLimit
from job_processor.core.job import JobError, Usage
from job_processor.core.outcome import Accepted, Failed, Outcome, Succeeded
from job_processor.processors.base import Dispatch
from tests.support.site import open_site
from tests.support.waiting import until_true
from tests.workers.dispatching import in_state, site_with
from tests.workers.processors import Doing, Held, raising, saying


async def test_a_submitted_job_is_handed_over_and_completed(tmp_path: Path) -> None:
    given: list[Dispatch] = []

    async def work(dispatch: Dispatch) -> Outcome:
        given.append(dispatch)
        return Succeeded('{"a": 1}')

    async with site_with(tmp_path, Doing(work)) as site:
        made = await site.submit("the prompt", metadata={"k": 1}, resultSchema={"type": "object"})
        done = await in_state(site, made["id"], "COMPLETED")

    [one] = given
    assert (one.job_id, one.attempt, one.prompt, one.metadata) == (made["id"], 1, "the prompt", {"k": 1})
    assert (one.result_schema, one.complaint) == ({"type": "object"}, None)
    assert one.callback_url.endswith("/webhook/callback")
    assert site.signer.verify(one.callback_token.encode(), 0) is not None
    assert (done["result"], done["attempts"][0]["end"], done["attempts"][0]["worker"]) == (
        '{"a": 1}',
        "succeeded",
        "w1",
    )


async def test_an_accepted_job_waits_for_its_callback(tmp_path: Path) -> None:
    async with site_with(tmp_path, saying(Accepted(60_000, "exec-7"))) as site:
        made = await site.submit()
        waiting = await in_state(site, made["id"], "WAITING")
        assert waiting["attempts"][0]["executionId"] == "exec-7"
        assert (await site.callback({"jobId": made["id"], "result": "r"})).json()["status"] == "COMPLETED"


FAULTS = {
    "an exception": (raising(ValueError("canary-7f3a")), "processor_error"),
    "a time-out of its own": (raising(TimeoutError()), "timeout"),
    "a failure": (saying(Failed(JobError("bad", "bad"))), "bad"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_failed_attempt_is_counted_and_tried_again_until_none_is_left(tmp_path: Path, name: str) -> None:
    processor, code = FAULTS[name]
    processor.seen.clear()
    rules = FlowRules("main", max_attempts=3, backoff_base_seconds=0)
    async with site_with(tmp_path, processor, rules) as site:
        made = await site.submit()
        failed = await in_state(site, made["id"], "FAILED")

    assert processor.seen == [(made["id"], n) for n in (1, 2, 3)]
    assert (failed["failures"], failed["error"]["code"]) == (3, code)
    assert "canary" not in str(failed)


async def test_a10_a_poison_job_fails_alone_and_the_others_go_on(tmp_path: Path) -> None:
    async def work(dispatch: Dispatch) -> Outcome:
        if dispatch.prompt == "poison":
            raise RecursionError
        return Succeeded("r")

    rules = FlowRules("main", max_attempts=2, backoff_base_seconds=0)
    async with site_with(tmp_path, Doing(work), rules) as site:
        poison = await site.submit("poison")
        others = [await site.submit() for _ in range(20)]
        for other in others:
            await in_state(site, other["id"], "COMPLETED")
        assert (await in_state(site, poison["id"], "FAILED"))["failures"] == 2


async def test_a_dispatch_that_takes_too_long_is_cut(tmp_path: Path) -> None:
    held = Held()
    rules = FlowRules("main", max_attempts=1, dispatch_timeout_seconds=0.05)
    async with site_with(tmp_path, held, rules) as site:
        made = await site.submit()
        failed = await in_state(site, made["id"], "FAILED")

    assert failed["error"] == {"code": "timeout", "message": "No answer within 0.05 seconds."}
    assert held.cancelled == [(made["id"], 1)]


async def test_cancelling_a_running_job_aborts_its_attempt(tmp_path: Path) -> None:
    held = Held()
    async with site_with(tmp_path, held) as site:
        made = await site.submit()
        await until_true(lambda: (made["id"], 1) in held.go)

        await site.client.post(f"/jobs/{made['id']}/cancel")

        await until_true(lambda: held.cancelled == [(made["id"], 1)])
        assert (await site.job(made["id"]))["status"] == "CANCELLED"
        await until_true(lambda: site.dispatchers["main"].running == 0)


async def test_l1_a_stop_lets_attempts_end(tmp_path: Path) -> None:
    held = Held()
    async with site_with(tmp_path, held) as site:
        made = await site.submit()
        await until_true(lambda: (made["id"], 1) in held.go)
        stopping = asyncio.create_task(site.dispatchers["main"].stop())
        held.let_go(made["id"])
        await stopping

        assert (await site.job(made["id"]))["status"] == "COMPLETED"


async def test_l1_what_does_not_end_in_time_goes_back_at_once_at_no_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    async with site_with(tmp_path, held) as site:
        monkeypatch.setattr(site.dispatchers["main"], "_drain_seconds", 0.01)
        made = await site.submit()
        await until_true(lambda: (made["id"], 1) in held.go)

        await site.dispatchers["main"].stop()

        after = await site.job(made["id"])
        assert (after["status"], after["failures"], after["attempts"][0]["end"]) == ("PENDING", 0, "snoozed")
        assert held.cancelled == [(made["id"], 1)]
        assert (await site.claim()).attempt == 2


async def test_progress_is_a_hint_and_no_reason_to_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(dispatch: Dispatch) -> Outcome:
        await dispatch.progress("half")
        return Succeeded("r")

    async with site_with(tmp_path, Doing(work)) as site:
        send = site.acts.signals.send

        async def signal(job_id: str, what: Any, known: Any = None) -> Any:
            if type(what).__name__ == "Progressed":
                raise StoreUnavailable("away")
            return await send(job_id, what, known)

        monkeypatch.setattr(site.acts.signals, "send", signal)
        made = await site.submit()
        assert (await in_state(site, made["id"], "COMPLETED"))["failures"] == 0


async def test_progress_is_seen_while_the_attempt_runs(tmp_path: Path) -> None:
    told, go = asyncio.Event(), asyncio.Event()

    async def work(dispatch: Dispatch) -> Outcome:
        await dispatch.progress("half")
        told.set()
        await go.wait()
        return Succeeded("r")

    async with site_with(tmp_path, Doing(work)) as site:
        made = await site.submit()
        await told.wait()
        assert (await site.job(made["id"]))["progress"] == "half"
        go.set()
        assert (await in_state(site, made["id"], "COMPLETED"))["progress"] is None


async def test_a_processor_is_told_what_was_wrong_with_the_result_before(tmp_path: Path) -> None:
    complaints: list[str | None] = []

    async def work(dispatch: Dispatch) -> Outcome:
        complaints.append(dispatch.complaint)
        return Succeeded("{" if dispatch.complaint is None else "{}")

    rules = FlowRules("main", backoff_base_seconds=0, on_invalid_result=OnInvalidResult.RETRY)
    async with site_with(tmp_path, Doing(work), rules) as site:
        made = await site.submit(resultSchema={"type": "object"})
        done = await in_state(site, made["id"], "COMPLETED")

    assert (done["attempt"], complaints[0]) == (2, None)
    assert str(complaints[1]).startswith("Not valid JSON")


async def test_a_flows_concurrency_is_never_exceeded(tmp_path: Path) -> None:
    held = Held()
    async with site_with(tmp_path, held, FlowRules("main", concurrency=3)) as site:
        made = [(await site.submit())["id"] for _ in range(10)]
        for n in range(10):
            await until_true(lambda n=n: len(held.go) >= min(10, n + 3))  # type: ignore[misc]
            open_ = [key for key, event in held.go.items() if not event.is_set()]
            assert len(open_) <= 3
            held.let_go(open_[0][0])
        for one in made:
            await in_state(site, one, "COMPLETED")


async def test_a_keys_concurrency_is_never_exceeded_and_its_next_job_follows(tmp_path: Path) -> None:
    held = Held()
    async with site_with(tmp_path, held, FlowRules("main", concurrency_per_key=1)) as site:
        made = {(await site.submit(key=key))["id"]: key for _ in range(4) for key in "ab"}
        for n in range(8):
            await until_true(lambda n=n: len(held.go) >= min(8, n + 2))  # type: ignore[misc]
            open_ = [key for key, event in held.go.items() if not event.is_set()]
            assert len({made[job_id] for job_id, _ in open_}) == len(open_)
            held.let_go(open_[0][0])
        for one in made:
            await in_state(site, one, "COMPLETED")


async def test_a_shared_concurrency_is_never_exceeded_and_every_flow_gets_on(tmp_path: Path) -> None:
    held = Held()
    limit = SharedLimit("one", ("main", "other"), concurrency=1)
    main, other = (FlowRules(name, limit=limit) for name in limit.flows)
    processors = dict.fromkeys(limit.flows, held)
    async with open_site(tmp_path / "data", flows=(main, other), processors=processors) as site:
        made = {(await site.submit(flow=flow))["id"]: flow for _ in range(3) for flow in limit.flows}
        order = []
        for n in range(6):
            await until_true(lambda n=n: len(held.go) > n)  # type: ignore[misc]
            [(job_id, _)] = [key for key, event in held.go.items() if not event.is_set()]
            order.append(made[job_id])
            held.let_go(job_id)
        assert "other" in order[:3]
        for one in made:
            await in_state(site, one, "COMPLETED")


async def test_what_an_attempt_took_corrects_the_shared_limit_of_tokens(tmp_path: Path) -> None:
    """Estimated are 1,001 tokens a job: the second could not start for a minute."""
    limit = SharedLimit("one", ("main", "other"), tokens_per_minute=1_000)
    main, other = (FlowRules(name, limit=limit) for name in limit.flows)
    processors = dict.fromkeys(limit.flows, saying(Succeeded("r", usage=Usage(1, 2))))
    async with open_site(tmp_path / "data", flows=(main, other), processors=processors) as site:
        made = [(await site.submit(flow=flow))["id"] for flow in ("main", "other") * 2]
        for one in made:
            await in_state(site, one, "COMPLETED")


async def test_higher_priorities_go_first(tmp_path: Path) -> None:
    held = Held()
    async with site_with(tmp_path, held, FlowRules("main", concurrency=1)) as site:
        first = (await site.submit())["id"]
        await until_true(lambda: len(held.go) == 1)
        low, high = (await site.submit(priority=-5))["id"], (await site.submit(priority=5))["id"]
        held.let_go(first)
        await until_true(lambda: len(held.go) == 2)
        assert held.seen[1][0] == high
        held.let_go(high)
        await until_true(lambda: len(held.go) == 3)
        held.let_go(low)


async def test_start_and_stop_may_be_called_twice(tmp_path: Path) -> None:
    async with site_with(tmp_path, saying(Succeeded("r"))) as site:
        for loop in site.loops:
            loop.start()
            loop.start()
        made = await site.submit()
        await in_state(site, made["id"], "COMPLETED")
        for loop in site.loops:
            await loop.stop()
            await loop.stop()
