"""What operators look at and do: flows, pause and resume, workers, statistics, metrics."""

from dataclasses import replace
from pathlib import Path

from job_processor.core.flow import FlowRules, SharedLimit
from job_processor.core.lane import Lane, Trouble, close
from job_processor.core.outcome import Succeeded
from job_processor.store.base import Claim, Worker
from job_processor.telemetry import GaugeValues
from tests.http.problems import assert_problem
from tests.support.clock import Clock
from tests.support.site import DEFAULT, Site, open_site


async def test_flows_show_their_rules_and_their_open_lane(tmp_path: Path) -> None:
    other = FlowRules("other", concurrency=2, rate_per_minute=60.0)
    async with open_site(tmp_path / "data", flows=(DEFAULT, other)) as site:
        await site.submit()

        main, second = (await site.client.get("/flows")).json()

        assert (main["name"], main["isDefault"], main["byStatus"]) == ("main", True, {"PENDING": 1})
        assert main["lane"] == {"state": "open", "kind": None, "detail": None, "until": None}
        assert (second["isDefault"], second["concurrency"], second["ratePerMinute"]) == (False, 2, 60.0)


async def test_a_flow_that_limits_keys_says_so_and_so_do_the_jobs_that_wait(tmp_path: Path) -> None:
    rules = FlowRules("main", concurrency_per_key=1, rate_per_key=6.0)
    async with open_site(tmp_path / "data", flows=(rules,)) as site:
        for key in "aab":
            await site.submit(key=key)
        assert len((await site.store.claim(Claim(rules, 5, "w"))).jobs) == 2
        waiting = (await site.submit(key="a"))["id"]
        free = (await site.submit(key="c"))["id"]

        [flow] = (await site.client.get("/flows")).json()
        kinds = {one["id"]: one["waitingOn"]["kind"] for one in (await site.client.get("/jobs")).json()}

        assert (flow["concurrencyPerKey"], flow["ratePerKey"], flow["keysAtLimit"]) == (1, 6.0, 2)
        assert (kinds[waiting], kinds[free]) == ("key_concurrency", "worker")
        assert (await site.job(waiting))["waitingOn"]["kind"] == "key_concurrency"
        paused = (await site.client.post("/flows/main/pause")).json()
        assert paused["keysAtLimit"] == 2


async def test_flows_that_share_a_limit_say_so_and_so_do_the_jobs_that_wait(tmp_path: Path) -> None:
    limit = SharedLimit("openai", ("main", "other"), concurrency=1, tokens_per_minute=90_000)
    flows = (FlowRules("main", limit=limit), FlowRules("other", limit=limit), FlowRules("third"))
    async with open_site(tmp_path / "data", flows=flows) as site:
        await site.submit(flow="main")
        assert len((await site.store.claim(Claim(flows[0], 5, "w"))).jobs) == 1
        waiting = await site.submit(flow="other")

        shown = (await site.client.get("/flows")).json()

        said = {
            "name": "openai",
            "concurrency": 1,
            "requestsPerMinute": None,
            "tokensPerMinute": 90_000,
            "inFlight": 1,
        }
        assert [one["limit"] for one in shown] == [said, said, None]
        assert (await site.job(waiting["id"]))["waitingOn"]["kind"] == "shared_concurrency"


async def test_a_job_that_fell_back_says_who_has_it_and_who_answered(tmp_path: Path, clock: Clock) -> None:
    main = FlowRules("main", concurrency=1, fallback=("other",), fallback_after_seconds=60)
    flows = (main, FlowRules("other", concurrency=5))
    async with open_site(tmp_path / "data", flows=flows, now=clock.now) as site:
        first, second = [(await site.submit())["id"] for _ in range(2)]
        now = site.store.now()
        assert await site.store.save_lane(close(Lane("main"), Trouble.OUTAGE, "Gone.", now + 600_000, now, 0.5))
        # What jobs wait for is said from a read that this makes anew.
        await site.client.get("/flows")
        words = "When it has been closed for 60 s, jobs go to the flow other."
        assert words in (await site.job(first))["waitingOn"]["detail"]
        clock.forward(60_000)

        claimed = await site.acts.outcomes.claim(Claim(flows[1], 1, "w", main))

        [job] = claimed.jobs
        assert job.id == first
        own, other = (await site.client.get("/flows")).json()
        assert "Meanwhile jobs go to the flow other." in (await site.job(second))["waitingOn"]["detail"]
        assert (own["fallback"], own["fallbackAfterSeconds"], own["fellBack"], own["inFlight"]) == (["other"], 60, 1, 0)
        assert (other["fallback"], other["fellBack"], other["inFlight"]) == ([], 0, 1)
        assert (await site.job(first))["answeredBy"] is None
        assert job.lease is not None
        await site.acts.outcomes.record(job, job.lease, Succeeded("r"))
        shown = await site.job(first)
        assert (shown["flow"], shown["answeredBy"], shown["attempts"][0]["flow"]) == ("main", "other", "other")
        assert [one["what"] for one in shown["history"]] == ["submitted", "fell_back", "started", "completed"]
        [_, row] = (await site.client.get("/jobs")).json()
        assert row["answeredBy"] == "other"
        text = site.telemetry.render(GaugeValues(True, (), 0)).decode()
        assert 'job_processor_fell_back_total{flow="main",to="other"} 1.0' in text
        assert 'job_processor_attempts_total{flow="other",outcome="succeeded"} 1.0' in text


async def test_a_paused_flow_hands_nothing_over_and_its_jobs_say_so(site: Site) -> None:
    job = (await site.submit())["id"]

    paused = await site.client.post("/flows/main/pause", {"reason": "maintenance"})

    assert (paused.status, paused.json()["lane"]["state"], paused.json()["lane"]["detail"]) == (
        200,
        "paused",
        "maintenance",
    )
    assert (await site.store.claim(Claim(DEFAULT, 1, "w"))).jobs == []
    waits = (await site.job(job))["waitingOn"]
    assert waits["kind"] == "paused"
    assert "maintenance" in waits["detail"]

    resumed = await site.client.post("/flows/main/resume")
    assert resumed.json()["lane"] == {"state": "open", "kind": None, "detail": None, "until": None}
    assert (await site.claim()).id == job


async def test_pausing_twice_and_resuming_twice_is_no_fault(site: Site) -> None:
    for act, state in (("pause", "paused"), ("pause", "paused"), ("resume", "open"), ("resume", "open")):
        reply = await site.client.post(f"/flows/main/{act}")
        assert (reply.status, reply.json()["lane"]["state"]) == (200, state)
    assert_problem(await site.client.post("/flows/no-such/pause"), 404)
    assert_problem(await site.client.post("/flows/main/pause", {"reason": "r" * 501}), 422)


async def test_a_closed_lane_shows_its_trouble_and_a_pause_does_not_hide_it_for_ever(site: Site, clock: Clock) -> None:
    shut = close(Lane("main"), Trouble.OUTAGE, "n8n refuses connections.", clock.now() + 8_000, clock.now(), 0.5)
    assert await site.store.save_lane(shut)

    [flow] = (await site.client.get("/flows")).json()
    assert (flow["lane"]["state"], flow["lane"]["kind"]) == ("closed", "outage")
    assert flow["lane"]["until"] is not None

    await site.client.post("/flows/main/pause", {"reason": "x"})
    [flow] = [(await site.client.post("/flows/main/resume")).json()]
    assert (flow["lane"]["state"], flow["lane"]["detail"]) == ("closed", "n8n refuses connections.")


async def test_workers_are_shown_while_they_are_heard_of(site: Site, clock: Clock) -> None:
    beat = Worker("w-1", "w", ("main",), 3, clock.now(), clock.now())
    await site.store.record_heartbeat(beat)
    await site.store.record_heartbeat(replace(beat, id="gone", seen_at=clock.now() - 60_000))

    [worker] = (await site.client.get("/workers")).json()

    assert (worker["id"], worker["name"], worker["flows"], worker["running"]) == ("w-1", "w", ["main"], 3)


async def test_statistics_count_every_state(site: Site, clock: Clock) -> None:
    for _ in range(3):
        await site.submit()
    await site.say(await site.claim(), Succeeded("r"))
    await site.claim()
    clock.forward(2_500)

    stats = (await site.client.get("/stats")).json()

    assert stats["total"] == 3
    assert stats["byStatus"] == {"PENDING": 1, "RUNNING": 1, "COMPLETED": 1}
    assert stats["byFlow"] == {"main": stats["byStatus"]}
    assert stats["oldestPendingSeconds"] == 2.5


async def test_metrics_count_what_happened(site: Site) -> None:
    job = (await site.submit())["id"]
    await site.callback({"jobId": job, "result": "r"})
    await site.callback({"jobId": job, "result": "r"}, secret="wrong")

    reply = await site.client.get("/metrics")

    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = reply.text.splitlines()
    for line in (
        'job_processor_submitted_total{flow="main"} 1.0',
        'job_processor_completed_total{flow="main"} 1.0',
        'job_processor_callbacks_total{verdict="applied"} 1.0',
        'job_processor_callbacks_total{verdict="unauthorized"} 1.0',
        'job_processor_jobs{flow="main",status="COMPLETED"} 1.0',
        'job_processor_lane_open{flow="main"} 1.0',
        "job_processor_store_up 1.0",
        "job_processor_workers 0.0",
    ):
        assert line in lines, line


async def test_metrics_are_there_when_the_store_is_not(site: Site) -> None:
    await site.store.close()

    reply = await site.client.get("/metrics")

    assert reply.status == 200
    assert "job_processor_store_up 0.0" in reply.text.splitlines()
    assert "job_processor_workers 0.0" not in reply.text
