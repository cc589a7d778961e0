"""The dispatcher and the leases of its attempts: renewed while they run, and lost."""

from pathlib import Path

from job_processor.core.flow import FlowRules
from job_processor.core.job import JobError
from job_processor.core.outcome import Expired, Failed
from job_processor.store.base import Held as HeldLease
from job_processor.workers.leases import LeaseRenewer
from tests.support.clock import Clock
from tests.support.site import open_site
from tests.support.waiting import until_true
from tests.workers.dispatching import in_state, site_with
from tests.workers.processors import Held


async def test_a8_an_outcome_after_the_lease_was_taken_over_lands_nowhere(tmp_path: Path, clock: Clock) -> None:
    held = Held(Failed(JobError("late", "late"), retryable=False))
    async with site_with(tmp_path, held, clock=clock) as site:
        made = await site.submit()
        await until_true(lambda: (made["id"], 1) in held.go)
        clock.forward(31_000)
        await site.acts.signals.send(made["id"], Expired())
        clock.forward(10_000)
        await until_true(lambda: (made["id"], 2) in held.go)

        held.let_go(made["id"], 1)
        await until_true(lambda: site.dispatchers["main"].running == 1)

        after = await site.job(made["id"])
        assert (after["status"], after["attempt"], after["failures"]) == ("RUNNING", 2, 1)
        held.let_go(made["id"], 2)


async def test_an_attempt_that_ends_late_takes_nothing_from_the_one_that_took_over(
    tmp_path: Path, clock: Clock
) -> None:
    """Both are under way in one process: the second keeps its lease and its place when the first ends."""
    held = Held()
    async with site_with(tmp_path, held, clock=clock) as site:
        dispatcher = site.dispatchers["main"]
        made = await site.submit()
        await until_true(lambda: (made["id"], 1) in held.go)
        clock.forward(31_000)
        await site.acts.signals.send(made["id"], Expired())
        clock.forward(10_000)
        await until_true(lambda: (made["id"], 2) in held.go)
        assert dispatcher.running == 2
        stale = HeldLease(made["id"], next(h.token for h in dispatcher.held()))
        assert stale in dispatcher.held()

        renewer = LeaseRenewer(site.acts, dispatcher)
        await renewer.tick()
        await until_true(lambda: held.cancelled == [(made["id"], 1)], "the first attempt to be given up")

        await until_true(lambda: dispatcher.running == 1)
        current = await site.stored(made["id"])
        assert current.lease is not None
        assert dispatcher.held() == [HeldLease(made["id"], current.lease.token)]
        held.let_go(made["id"], 2)
        assert (await in_state(site, made["id"], "COMPLETED"))["attempt"] == 2


async def test_a_lease_is_renewed_while_its_attempt_runs(tmp_path: Path, clock: Clock) -> None:
    held = Held()
    async with site_with(tmp_path, held, clock=clock) as site:
        made = await site.submit()
        await until_true(lambda: (made["id"], 1) in held.go)
        renewer = LeaseRenewer(site.acts, site.dispatchers["main"])
        for _ in range(5):
            clock.forward(20_000)
            await renewer.tick()

        assert await site.store.overdue(10) == []
        held.let_go(made["id"])
        assert (await in_state(site, made["id"], "COMPLETED"))["attempt"] == 1


async def test_each_flows_leases_are_renewed_for_as_long_as_that_flow_says(tmp_path: Path, clock: Clock) -> None:
    held, brief = Held(), Held()
    flows = (FlowRules("long", lease_seconds=600), FlowRules("brief", lease_seconds=2))
    async with open_site(
        tmp_path / "data", now=clock.now, flows=flows, processors={"long": held, "brief": brief}
    ) as site:
        made = {name: (await site.submit(flow=name))["id"] for name in ("long", "brief")}
        await until_true(lambda: (made["long"], 1) in held.go and (made["brief"], 1) in brief.go)
        clock.forward(1_000)
        pauses = {name: await LeaseRenewer(site.acts, site.dispatchers[name]).tick() for name in made}

        for name, seconds in (("long", 600), ("brief", 2)):
            assert (await site.stored(made[name])).lease_until == clock.now() + seconds * 1000
            assert pauses[name] == seconds / 3
        held.let_go(made["long"])
        brief.let_go(made["brief"])


async def test_a_notice_that_is_told_late_does_not_stop_a_newer_attempt(tmp_path: Path, clock: Clock) -> None:
    held = Held()
    async with site_with(tmp_path, held, FlowRules("main", max_attempts=1), clock) as site:
        made = await site.submit()
        await until_true(lambda: (made["id"], 1) in held.go)
        cancelled = (await site.acts.jobs.cancel(made["id"])).job
        await until_true(lambda: held.cancelled == [(made["id"], 1)])
        await site.acts.jobs.retry(made["id"])
        await until_true(lambda: (made["id"], 2) in held.go)

        site.dispatchers["main"].abandon(made["id"], rev=cancelled.rev)
        held.let_go(made["id"], 2)

        assert (await in_state(site, made["id"], "COMPLETED"))["attempt"] == 2
        assert held.cancelled == [(made["id"], 1)]


async def test_a_lease_that_was_lost_ends_the_attempt(tmp_path: Path, clock: Clock) -> None:
    held = Held()
    rules = FlowRules("main", max_attempts=1, lease_seconds=30)
    async with site_with(tmp_path, held, rules, clock) as site:
        made = await site.submit()
        await until_true(lambda: (made["id"], 1) in held.go)
        clock.forward(31_000)
        await site.acts.signals.send(made["id"], Expired())

        await until_true(lambda: held.cancelled == [(made["id"], 1)])
        assert (await site.job(made["id"]))["status"] == "FAILED"
