"""A lane's trouble through the hands: it closes, costs nothing, is probed once, and opens again."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from job_processor.core.flow import FlowRules
from job_processor.core.lane import Lane, Trouble
from job_processor.core.outcome import HandOver, Outcome, Succeeded, lane_closed, server_fault
from job_processor.processors.base import Dispatch
from tests.support.clock import Clock
from tests.support.site import Site, open_site
from tests.support.waiting import until, until_true
from tests.workers.processors import Doing

RULES = FlowRules("main", max_attempts=1, backoff_base_seconds=0)


class Moody(Doing):
    """Says ``trouble`` while there is one; an attempt named in ``holds`` waits for its event first."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.trouble: HandOver | None = None
        self.holds: dict[str, asyncio.Event] = {}

    async def _answer(self, dispatch: Dispatch) -> Outcome | HandOver:
        hold = self.holds.get(dispatch.prompt)
        if hold is not None:
            await hold.wait()
        elif self.trouble is not None:
            return self.trouble
        return Succeeded("r")


def site_with(tmp_path: Path, moody: Moody, clock: Clock) -> AbstractAsyncContextManager[Site]:
    return open_site(tmp_path / "data", now=clock.now, flows=(RULES,), processors={"main": moody})


async def lane(site: Site) -> Lane:
    return next((one for one in await site.store.lanes() if one.flow == "main"), Lane("main"))


async def closed(site: Site) -> Lane:
    async def look() -> Lane | None:
        found = await lane(site)
        return found if found.trouble is not None else None

    return await until(look, "the lane to close")


async def all_of(site: Site, state: str, count: int) -> None:
    async def look() -> bool:
        stats = (await site.client.get("/stats")).json()
        return bool(stats["byStatus"].get(state, 0) == count)

    await until(look, f"{count} jobs {state}")


@pytest.mark.parametrize("kind", list(Trouble))
async def test_trouble_closes_the_lane_and_costs_no_attempt(tmp_path: Path, clock: Clock, kind: Trouble) -> None:
    moody = Moody()
    moody.trouble = lane_closed(kind, "Too many requests.", clock.now() + 20_000)
    async with site_with(tmp_path, moody, clock) as site:
        made = await site.submit()
        shut = await closed(site)
        await all_of(site, "PENDING", 1)

        assert (shut.trouble, shut.closed_until) == (kind, clock.now() + 20_000)
        job = await site.job(made["id"])
        assert (job["failures"], job["attempts"][-1]["end"], job["runAt"]) == (0, "snoozed", made["runAt"])
        assert (job["waitingOn"]["kind"], job["waitingOn"]["detail"]) == (kind.value, "Too many requests.")


async def test_jobs_keep_their_place_and_one_probe_opens_the_lane_for_the_rest(tmp_path: Path, clock: Clock) -> None:
    moody = Moody()
    moody.trouble = lane_closed(Trouble.RATE_LIMITED, "429", clock.now() + 20_000)
    async with site_with(tmp_path, moody, clock) as site:
        first = (await site.submit())["id"]
        await closed(site)
        await all_of(site, "PENDING", 1)
        for _ in range(9):
            await site.submit()
        seen = len(moody.seen)
        site.dispatchers["main"].wake()
        moody.trouble = None
        probe = moody.holds["Say hello"] = asyncio.Event()

        clock.forward(20_000)
        site.dispatchers["main"].wake()
        await until_true(lambda: len(moody.seen) == seen + 1)
        for _ in range(3):
            assert (await site.dispatchers["main"].tick()) > 0
        assert moody.seen[seen:] == [(first, moody.seen[seen][1])]

        probe.set()
        await all_of(site, "COMPLETED", 10)
        assert (await lane(site)).is_well
        assert all(job["failures"] == 0 for job in (await site.client.get("/jobs")).json())


async def test_a_storm_spends_exactly_one_probe_a_window(tmp_path: Path, clock: Clock) -> None:
    moody = Moody()
    async with site_with(tmp_path, moody, clock) as site:
        moody.trouble = lane_closed(Trouble.RATE_LIMITED, "429", clock.now() + 2_000)
        await site.submit()
        await closed(site)
        await all_of(site, "PENDING", 1)
        for _ in range(20):
            await site.submit()
        for window in range(5):
            seen = len(moody.seen)
            before = await lane(site)
            moody.trouble = lane_closed(Trouble.RATE_LIMITED, "429", clock.now() + 4_000)
            clock.forward(2_000)
            site.dispatchers["main"].wake()

            async def struck(before: Lane = before) -> bool:
                return (await lane(site)).strikes > before.strikes

            await until(struck, f"the probe of window {window}")
            await all_of(site, "PENDING", 21)
            assert len(moody.seen) == seen + 1
        moody.trouble = None
        clock.forward(4_000)
        site.dispatchers["main"].wake()
        await all_of(site, "COMPLETED", 21)


async def test_an_answer_to_an_older_attempt_does_not_open_the_lane(tmp_path: Path, clock: Clock) -> None:
    moody = Moody()
    moody.holds["slow"] = asyncio.Event()
    async with site_with(tmp_path, moody, clock) as site:
        await site.submit("slow")
        await until_true(lambda: len(moody.seen) == 1)
        moody.trouble = lane_closed(Trouble.RATE_LIMITED, "429", clock.now() + 20_000)
        await site.submit("fast")
        await closed(site)

        moody.holds["slow"].set()
        await all_of(site, "COMPLETED", 1)

        assert (await lane(site)).closed_until == clock.now() + 20_000


async def test_server_faults_count_as_attempts_and_close_the_lane_when_they_come_in_a_row(
    tmp_path: Path, clock: Clock
) -> None:
    moody = Moody()
    moody.trouble = server_fault("http_502", "502 Bad Gateway")
    async with site_with(tmp_path, moody, clock) as site:
        for n in range(3):
            made = await site.submit()
            await all_of(site, "FAILED", n + 1)
            assert (await site.job(made["id"]))["error"] == {"code": "http_502", "message": "502 Bad Gateway"}
        # The job is recorded before its lane.
        assert (await closed(site)).trouble is Trouble.OUTAGE

        last = await site.submit()
        await site.dispatchers["main"].tick()
        assert (await site.job(last["id"]))["attempt"] == 0


async def test_one_flows_trouble_never_slows_another(tmp_path: Path, clock: Clock) -> None:
    moody, well = Moody(), Moody()
    moody.trouble = lane_closed(Trouble.OUTAGE, "refused")
    flows = (RULES, FlowRules("other"))
    processors = {"main": moody, "other": well}
    async with open_site(tmp_path / "data", now=clock.now, flows=flows, processors=processors) as site:
        for _ in range(5):
            await site.submit()
            await site.submit(flow="other")
        await all_of(site, "COMPLETED", 5)
        await all_of(site, "PENDING", 5)
