"""Jobs of a flow that was taken out of flows.toml say so, are listed, and end by a rule."""

from pathlib import Path

from job_processor.core.failure import NO_FLOW_MS
from job_processor.core.flow import FlowRules
from job_processor.workers.orphans import Orphans
from tests.support.clock import Clock
from tests.support.site import DEFAULT, open_site


async def test_jobs_of_a_flow_that_is_gone_say_so_and_end_when_it_does_not_come_back(
    tmp_path: Path, clock: Clock
) -> None:
    other = FlowRules("other")
    async with open_site(tmp_path / "data", now=clock.now, flows=(DEFAULT, other)) as site:
        due = (await site.submit(flow="other"))["id"]
        later = (await site.submit(flow="other", delaySeconds=1_000))["id"]
        mine = (await site.submit())["id"]

    async with open_site(tmp_path / "data", now=clock.now, flows=(DEFAULT,)) as site:
        clock.forward(86_400_000)
        waits = (await site.job(due))["waitingOn"]
        assert waits["kind"] == "no_flow"
        assert "other" in waits["detail"]
        assert waits["until"] is not None
        rows = {row["id"]: row["waitingOn"]["kind"] for row in (await site.client.get("/jobs")).json()}
        assert rows == {due: "no_flow", later: "no_flow", mine: "worker"}

        known, removed = (await site.client.get("/flows")).json()
        assert (known["name"], known["lane"]["state"]) == ("main", "open")
        assert (removed["name"], removed["lane"]["state"], removed["lane"]["kind"], removed["byStatus"]) == (
            "other",
            "removed",
            "no_flow",
            {"PENDING": 2},
        )

        orphans = Orphans(site.acts, site.store)
        await orphans.tick()
        assert {(await site.job(one))["status"] for one in (due, later, mine)} == {"PENDING"}
        clock.forward(NO_FLOW_MS - 86_400_000)
        await orphans.tick()

        ended = await site.job(due)
        assert (ended["status"], ended["error"]["code"], ended["waitingOn"]) == ("FAILED", "no_flow", None)
        assert {(await site.job(one))["status"] for one in (later, mine)} == {"PENDING"}
        clock.forward(1_000_000)
        await orphans.tick()
        assert (await site.job(later))["status"] == "FAILED"
        assert [flow["name"] for flow in (await site.client.get("/flows")).json()] == ["main"]


async def test_a_flow_that_comes_back_takes_its_jobs_up_again(tmp_path: Path, clock: Clock) -> None:
    other = FlowRules("other")
    async with open_site(tmp_path / "data", now=clock.now, flows=(DEFAULT, other)) as site:
        job = (await site.submit(flow="other"))["id"]
        clock.forward(2 * NO_FLOW_MS)
        await Orphans(site.acts, site.store).tick()
        assert (await site.job(job))["waitingOn"]["kind"] == "worker"
        assert (await site.claim("other")).id == job
