"""Every act tells one fact, and the metrics count each fact once, whoever acted."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from job_processor.acts.facts import BatchCancelled, Fact, Facts, JobDeleted, JobMoved
from job_processor.core.cost import Prices
from job_processor.core.flow import FlowRules
from job_processor.core.job import JobError, State, Usage
from job_processor.core.outcome import Accepted, Deferred, Failed, Succeeded
from job_processor.store.base import Claim
from job_processor.telemetry import GaugeValues
from job_processor.workers.reaper import Reaper
from tests.support.clock import Clock
from tests.support.site import Site, open_site

BROKEN = Failed(JobError("x", "no"), retryable=False)


async def totals(site: Site) -> dict[str, float]:
    """The counters that are not 0, by name and labels other than the flow."""
    text = site.telemetry.render(GaugeValues(True, (), 0)).decode()
    return {
        "/".join([sample.name, *(v for k, v in sample.labels.items() if k != "flow")]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.endswith("_total") and sample.value
    }


async def submitted(site: Site) -> str:
    return str((await site.submit())["id"])


async def accepted(site: Site) -> str:
    """A job that waits for its callback, recorded as a worker does."""
    job_id = await submitted(site)
    job = await site.claim()
    assert job.lease is not None
    await site.acts.outcomes.record(job, job.lease, Accepted(60_000))
    return job_id


async def failed(site: Site) -> str:
    job_id = await submitted(site)
    job = await site.claim()
    assert job.lease is not None
    await site.acts.outcomes.record(job, job.lease, BROKEN)
    return job_id


async def cancels(site: Site, job_id: str) -> None:
    await site.acts.jobs.cancel(job_id)
    # A second cancel changes nothing and counts nothing.
    await site.acts.jobs.cancel(job_id)


async def retries(site: Site, job_id: str) -> None:
    await site.acts.jobs.retry(job_id)


async def replays(site: Site, job_id: str) -> None:
    await site.acts.jobs.replay(job_id)


async def deletes(site: Site, job_id: str) -> None:
    await site.acts.jobs.delete(job_id)


async def prunes(site: Site, job_id: str) -> None:
    await site.callback({"jobId": job_id, "result": "late"})
    await site.callback({"jobId": "0" * 24, "result": "of nobody"})
    far = site.store.now() + 1
    assert [await site.acts.jobs.prune(far, 10) for _ in range(2)] == [1, 0]
    assert [await site.acts.callbacks.prune(far, 10) for _ in range(2)] == [2, 0]


async def calls_back(site: Site, job_id: str) -> None:
    for _ in range(2):
        assert (await site.callback({"jobId": job_id, "result": "r"})).status == 200


async def fails_by_callback(site: Site, job_id: str) -> None:
    assert (await site.callback({"jobId": job_id, "error": "no", "retryable": False})).status == 200


async def calls_back_late(site: Site, job_id: str) -> None:
    assert (await site.callback({"jobId": job_id, "result": "r"})).status == 409
    [kept] = (await site.client.get("/callbacks")).json()
    assert (await site.client.post(f"/callbacks/{kept['id']}/accept")).status == 200


async def cannot_be_read(site: Site, job_id: str) -> None:
    assert (await site.callback({"jobId": job_id, "attempt": []})).status == 422


async def forges(site: Site, job_id: str) -> None:
    assert (await site.callback({"jobId": job_id, "result": "r"}, secret="wrong")).status == 401


async def puts_back(site: Site, job_id: str) -> None:
    job = await site.claim()
    assert job.lease is not None
    await site.acts.outcomes.record(job, job.lease, Deferred(0, "shutdown", "stop"))
    # Its lease is gone by now: the attempt is lost.
    await site.acts.outcomes.record(job, job.lease, Failed(JobError("x", "no")))


async def succeeds(site: Site, job_id: str) -> None:
    job = await site.claim()
    assert job.lease is not None
    await site.acts.outcomes.record(job, job.lease, Succeeded("r"))


@pytest.mark.parametrize(
    ("given", "act", "counted"),
    [
        (submitted, cancels, {"cancelled": 1}),
        (submitted, succeeds, {"completed": 1, "attempts/succeeded": 1}),
        (submitted, puts_back, {"attempts/deferred": 1, "attempts/lost": 1}),
        (failed, retries, {"retried": 1}),
        (failed, replays, {"submitted": 1}),
        (failed, deletes, {"deleted": 1}),
        (failed, prunes, {"pruned/jobs": 1, "pruned/callbacks": 2, "callbacks/late": 1, "callbacks/unknown": 1}),
        (accepted, calls_back, {"completed": 1, "callbacks/applied": 1, "callbacks/duplicate": 1}),
        (accepted, fails_by_callback, {"failed": 1, "callbacks/applied": 1}),
        (failed, calls_back_late, {"completed": 1, "callbacks/late": 1}),
        (accepted, cannot_be_read, {"callbacks/unreadable": 1}),
        (accepted, forges, {"callbacks/unauthorized": 1}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_each_act_is_counted_once(
    site: Site,
    given: Callable[[Site], Awaitable[str]],
    act: Callable[[Site, str], Awaitable[None]],
    counted: dict[str, int],
) -> None:
    job_id = await given(site)
    before = await totals(site)

    await act(site, job_id)

    after = await totals(site)
    more = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    expected = {name.partition("/") for name in counted}
    assert more == {f"job_processor_{a}_total{sep}{b}": counted[f"{a}{sep}{b}"] for a, sep, b in expected}


async def test_what_expires_is_counted(site: Site, clock: Clock) -> None:
    await site.submit(maxAttempts=1)
    await site.claim()
    clock.forward(60_000)
    await Reaper(site.acts, site.store).tick()
    assert (await totals(site))["job_processor_failed_total"] == 1


async def test_a_subscriber_that_fails_does_not_fail_the_act(site: Site) -> None:
    def fails(fact: object) -> None:
        raise RuntimeError("no")

    facts, told = Facts(), list[object]()
    facts.subscribe(fails)
    facts.subscribe(told.append)
    facts.subscribe_to(JobDeleted, told.append)
    facts.subscribe_to(BatchCancelled, fails)
    facts.tell(JobDeleted("a" * 24))
    assert told == [JobDeleted("a" * 24)] * 2
    site.acts.facts.subscribe(fails)
    await submitted(site)


async def test_every_move_of_a_job_is_told_once_and_in_order(site: Site) -> None:
    told: list[tuple[State | None, State]] = []

    def note(fact: Fact) -> None:
        if isinstance(fact, JobMoved):
            told.append((fact.was, fact.job.state))

    site.acts.facts.subscribe(note)
    job_id = await submitted(site)
    [job] = (await site.acts.outcomes.claim(Claim(site.acts.flows.rules("main"), 1, "w1"))).jobs
    assert job.lease is not None
    await site.acts.outcomes.record(job, job.lease, Accepted(60_000))
    await calls_back(site, job_id)

    assert told == [
        (None, State.PENDING),
        (State.PENDING, State.RUNNING),
        (State.RUNNING, State.WAITING),
        (State.WAITING, State.COMPLETED),
    ]


async def test_tokens_and_their_cost_are_counted_once_they_are_known(tmp_path: Path, clock: Clock) -> None:
    rules = FlowRules("main", prices=Prices(1_000_000, 2_000_000))
    async with open_site(tmp_path, now=clock.now, flows=(rules,)) as site:
        await submitted(site)
        job = await site.claim()
        await site.say(job, Failed(JobError("x", "no"), retryable=False, usage=Usage(7, 5)))
        await site.client.post(f"/jobs/{job.id}/retry")
        found = await totals(site)
    assert found["job_processor_tokens_total/prompt"] == 7
    assert found["job_processor_tokens_total/completion"] == 5
    assert found["job_processor_cost_micros_total"] == 17
