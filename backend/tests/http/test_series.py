"""``GET /stats/series``: what happened, by time and by flow, of the flows that may be seen."""

from pathlib import Path
from typing import Any

import pytest

from job_processor.core.flow import FlowRules
from job_processor.core.job import JobError, Usage
from job_processor.core.outcome import Accepted, Failed, Succeeded
from job_processor.core.series import DAY, HOUR, KEEP_MS, MINUTE, Step
from job_processor.http import render
from job_processor.http.routes.series import MAX_BUCKETS
from tests.http.problems import assert_problem
from tests.support.asgi import Reply
from tests.support.clock import Clock
from tests.support.site import DEFAULT, Site, open_site


def refused_field(reply: Reply) -> str:
    field: str = assert_problem(reply, 422)["errors"][0]["field"]
    return field


async def series(site: Site, query: str = "") -> dict[str, Any]:
    reply = await site.client.get(f"/stats/series{query}")
    assert reply.status == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def test_every_kind_of_end_is_in_its_bucket_with_its_durations_and_tokens(site: Site, clock: Clock) -> None:
    await site.submit(delaySeconds=100)
    clock.forward(100_000 + 2_000)
    job = await site.claim()
    clock.forward(3_000)
    job = await site.say(job, Accepted(10**6))
    clock.forward(40_000)
    await site.say(job, Succeeded("r", usage=Usage(11, 7)))
    ended = clock.now()
    clock.forward(2 * HOUR)
    failed = (await site.submit())["id"]
    await site.say(await site.claim(), Failed(JobError("bad", "no"), retryable=False))
    await site.client.post(f"/jobs/{failed}/retry")
    await site.client.post(f"/jobs/{failed}/cancel")
    await site.submit(deadline=render.time_out(clock.now() + 1_000))
    clock.forward(1_000)
    [late] = await site.store.overdue(5)
    await site.acts.outcomes.expire(late)

    found = await series(site, "?step=1h")
    assert len(found["buckets"]) in (24, 25)
    by_time = {one["at"]: one for one in found["buckets"]}
    first = by_time[render.time_out(ended - ended % HOUR)]
    assert (first["completed"], first["failed"], first["cancelled"], first["retried"]) == (1, 0, 0, 0)
    assert first["tokens"] == {"prompt": 11, "completion": 7}
    expected = {"scheduled": 100_000, "queued": 2_000, "handingOver": 3_000, "processing": 40_000, "total": 45_000}
    for stage, ms in expected.items():
        shown = first["durations"][stage]
        assert shown["jobs"] == 1
        assert [shown[p] for p in ("p50", "p95", "p99")] == [pytest.approx(ms, rel=0.05)] * 3
    last = found["buckets"][-1]
    assert last["failedByCode"] == {"bad": 1, "deadline": 1}
    assert (last["failed"], last["expired"], last["cancelled"], last["retried"]) == (2, 1, 1, 1)
    assert last["durations"]["processing"] is None
    assert (found["total"]["completed"], found["total"]["failed"], found["total"]["cancelled"]) == (1, 2, 1)
    assert [one["flow"] for one in found["flows"]] == ["main"]
    # Deleted jobs are history all the same.
    await site.client.request("DELETE", f"/jobs/{failed}")
    assert (await series(site, "?step=1h"))["total"] == found["total"]


async def test_times_that_were_not_counted_whole_are_marked(site: Site, clock: Clock) -> None:
    began = clock.now()
    clock.forward(3 * MINUTE)
    found = await series(site, f"?step=1m&since={render.time_out(began - MINUTE)}")
    # Before the store was made; of its first minute and of the present one a part.
    partial = [one["partial"] for one in found["buckets"]]
    assert partial[0] is partial[-1] is True
    whole = [one["at"] for one in found["buckets"] if not one["partial"]]
    assert whole
    assert all(began <= render.time_in("at", at) <= clock.now() - MINUTE for at in whole)
    assert found["countedSince"] == render.time_out(began)


@pytest.mark.parametrize("flow", ["main", "other"])
async def test_of_one_flow(tmp_path: Path, clock: Clock, flow: str) -> None:
    async with open_site(tmp_path, now=clock.now, flows=(DEFAULT, FlowRules("other"))) as site:
        for name, times in (("main", 1), ("other", 2)):
            for _ in range(times):
                job = await site.submit(flow=name)
                await site.client.post(f"/jobs/{job['id']}/cancel")
        found = await series(site, f"?flow={flow}")
        assert found["total"]["cancelled"] == (1 if flow == "main" else 2)
        assert [one["flow"] for one in found["flows"]] == [flow]
        assert [one["cancelled"] for one in (await series(site))["flows"]] == [1, 2]
        assert (await series(site, "?flow=none"))["flows"] == []


@pytest.mark.parametrize("step", Step)
async def test_the_buckets_are_bounded_and_cover_the_range(site: Site, clock: Clock, step: Step) -> None:
    now = clock.now()
    since = now - (MAX_BUCKETS - 1) * step.ms
    kept = step.span == DAY or since > now - KEEP_MS[step.span]
    reply = await site.client.get(f"/stats/series?step={step}&since={render.time_out(max(0, since))}")
    if not kept:
        assert refused_field(reply) == "step"
        return
    found = reply.json()
    times = [render.time_in("at", one["at"]) for one in found["buckets"]]
    assert times[0] <= since < times[1]
    assert times == list(range(times[0], times[-1] + 1, step.ms))
    assert times[-1] <= now < times[-1] + step.ms + 1
    too_many = await site.client.get(f"/stats/series?step={step}&since={render.time_out(since - 2 * step.ms)}")
    assert refused_field(too_many) == "step"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("until=2026-11-26", "until"),
        ("since=2026-11-26T10:00:00Z&until=2026-11-26T10:00:00Z", "until"),
        ("step=2m", "step"),
        ("step=1m&since=1970-01-01T00:00:00Z&until=1970-01-01T01:00:00Z", "step"),
        ("flow=", "flow"),
        ("by=flow", "query"),
    ],
)
async def test_a_wrong_parameter_is_named(site: Site, query: str, field: str) -> None:
    assert refused_field(await site.client.get(f"/stats/series?{query}")) == field


async def test_the_default_range_and_step(site: Site, clock: Clock) -> None:
    found = await series(site)
    assert found["step"] == "15m"
    assert len(found["buckets"]) in (96, 97)
    day = render.time_out(clock.now() - 60 * DAY)
    assert (await series(site, f"?since={day}"))["step"] == "1d"
