"""``GET /stats/series``: what happened, by time and by flow, of the flows that may be seen."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from job_processor.core.cost import Prices
from job_processor.core.flow import FlowRules
from job_processor.core.job import JobError, Usage
from job_processor.core.outcome import Accepted, Failed, Succeeded
from job_processor.core.series import DAY, HOUR, KEEP_MS, MINUTE, Step
from job_processor.core.verdict import ResultKind, Verdict
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


PRICED = FlowRules("main", prices=Prices(2_000_000, 10_000_000))


async def used(site: Site, tokens: int, flow: str = "main", key: str | None = None) -> str:
    """Of so many tokens each way, by a job that ends well."""
    fields = {} if key is None else {"key": key}
    made = await site.submit(flow=flow, **fields)
    await site.say(await site.claim(flow), Succeeded("{}", Verdict(ResultKind.JSON), Usage(tokens, tokens)))
    job_id: str = made["id"]
    return job_id


async def test_cost_and_verdicts_are_in_the_job_the_series_and_the_flow(tmp_path: Path, clock: Clock) -> None:
    async with open_site(tmp_path, now=clock.now, flows=(PRICED, FlowRules("free"))) as site:
        job = await site.job(await used(site, 1_000))
        assert (job["costMicros"], job["attempts"][0]["costMicros"]) == (12_000, 12_000)
        free = await site.job(await used(site, 7, "free"))
        assert (free["costMicros"], free["attempts"][0]["costMicros"]) == (None, None)
        [row] = (await site.client.get("/jobs?flow=main")).json()
        assert row["costMicros"] == 12_000
        found = await series(site)
        assert (found["currency"], found["total"]["costMicros"], found["total"]["verdicts"]) == (
            "USD",
            12_000,
            {"json": 2},
        )
        assert [one["costMicros"] for one in found["flows"]] == [0, 12_000]
        assert sum(one["costMicros"] for one in found["buckets"]) == 12_000
        flows = {one["name"]: one["spending"] for one in (await site.client.get("/flows")).json()}
        assert flows["main"] == {
            "currency": "USD",
            "inputPerMillionMicros": 2_000_000,
            "outputPerMillionMicros": 10_000_000,
            "tokensToday": {"prompt": 1_000, "completion": 1_000},
            "costTodayMicros": 12_000,
            "budgetPerDayMicros": None,
        }
        assert flows["free"]["tokensToday"] == {"prompt": 7, "completion": 7}
        assert flows["free"]["costTodayMicros"] is None
        paused = (await site.client.post("/flows/main/pause", {})).json()
        assert paused["spending"] == flows["main"]
        clock.forward(DAY)
        tomorrow = (await site.client.get("/flows")).json()[0]["spending"]
        assert (tomorrow["tokensToday"], tomorrow["costTodayMicros"]) == ({"prompt": 0, "completion": 0}, 0)


async def test_what_keys_used_by_day_and_flow(tmp_path: Path, clock: Clock) -> None:
    async with open_site(tmp_path, now=clock.now, flows=(PRICED, FlowRules("free"))) as site:
        yesterday = render.time_out(clock.now())
        await used(site, 9, key="a")
        clock.forward(DAY)
        await used(site, 1, key="a")
        await used(site, 2, key="b")
        await used(site, 50, "free", key="c")
        await used(site, 100)

        async def keys(query: str = "") -> list[tuple[str, int, int]]:
            found = (await site.client.get(f"/stats/keys{query}")).json()
            return [(one["key"], one["tokens"]["prompt"], one["costMicros"]) for one in found["keys"]]

        assert await keys() == [("b", 2, 24), ("a", 1, 12), ("c", 50, 0)]
        assert await keys(f"?since={yesterday}") == [("a", 10, 120), ("b", 2, 24), ("c", 50, 0)]
        assert await keys(f"?until={yesterday}") == [("a", 9, 108)]
        assert await keys("?flow=free") == [("c", 50, 0)]
        few = (await site.client.get("/stats/keys?limit=2")).json()
        assert (len(few["keys"]), few["more"], few["currency"]) == (2, True, "USD")
        assert (await site.client.get("/stats/keys?limit=3")).json()["more"] is False


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("since=2026-11-26T10:00:00Z&until=2026-11-25T10:00:00Z", "until"),
        ("since=2026-10-01T10:00:00Z&until=2026-11-25T10:00:00Z", "since"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("flow=", "flow"),
    ],
)
async def test_a_wrong_parameter_about_keys_is_named(site: Site, query: str, field: str) -> None:
    assert refused_field(await site.client.get(f"/stats/keys?{query}")) == field


async def test_a_budget_that_is_used_up_is_told_everywhere(tmp_path: Path, clock: Clock) -> None:
    rules = replace(PRICED, budget_per_day=12_000)
    async with open_site(tmp_path, now=clock.now, flows=(rules,)) as site:

        async def lane() -> tuple[str, str | None]:
            [flow] = (await site.client.get("/flows")).json()
            assert flow["spending"]["budgetPerDayMicros"] == 12_000
            return flow["lane"]["state"], flow["lane"]["kind"]

        async def metrics() -> set[str]:
            text = (await site.client.get("/metrics")).text
            return {line.removeprefix("job_processor_") for line in text.splitlines()}

        await used(site, 800)
        await site.acts.budgets.note()
        assert await lane() == ("open", None)
        assert {'budget_nearly_used_up{flow="main"} 1.0', 'lane_open{flow="main"} 1.0'} <= await metrics()
        await used(site, 200)
        await site.acts.budgets.note()
        assert await lane() == ("closed", "over_budget")
        assert {'lane_closed{flow="main",kind="over_budget"} 1.0', 'lane_open{flow="main"} 0.0'} <= await metrics()
        waits = (await site.submit())["waitingOn"]
        assert waits["kind"] == "over_budget"
        assert "0.012 USD" in waits["detail"]
        assert render.time_in("until", waits["until"]) == clock.now() - clock.now() % DAY + DAY
        # A person's pause is told first.
        await site.client.post("/flows/main/pause", {"reason": "no"})
        assert (await lane())[0] == "paused"
        await site.client.post("/flows/main/resume")
        clock.forward(DAY)
        assert await lane() == ("open", None)
        assert 'budget_nearly_used_up{flow="main"} 0.0' in await metrics()
