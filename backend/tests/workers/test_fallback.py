"""A flow's processor is out: its jobs go to another flow's, and come back when it answers again."""

from dataclasses import replace
from pathlib import Path

from job_processor.core.cost import Prices
from job_processor.core.flow import FlowRules, OnInvalidResult
from job_processor.core.job import JobError, Usage
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Accepted, Failed, HandOver, Outcome, Succeeded, lane_closed
from job_processor.processors.base import Dispatch
from tests.support.site import Site, open_site
from tests.support.waiting import until, until_true
from tests.workers.processors import Doing, Held, saying

F = FlowRules("f", max_attempts=2, backoff_base_seconds=0, fallback=("g",), fallback_after_seconds=0)
G = FlowRules("g", max_attempts=9)


class Out(Doing):
    """Cannot be reached while ``out``."""

    def __init__(self, trouble: Trouble = Trouble.OUTAGE) -> None:
        super().__init__(self._answer)
        self.out = True
        self._trouble = trouble

    async def _answer(self, dispatch: Dispatch) -> Outcome | HandOver:
        return lane_closed(self._trouble, "Gone.") if self.out else Succeeded("of f")


async def ended(site: Site, job_id: str) -> dict[str, object]:
    async def look() -> dict[str, object] | None:
        job = await site.job(job_id)
        return job if job["status"] in ("COMPLETED", "FAILED", "CANCELLED") else None

    return await until(look, "the end of the job")


async def test_its_jobs_go_to_the_other_and_come_back(tmp_path: Path) -> None:
    mine = Out()
    processors = {"f": mine, "g": saying(Succeeded("of g"))}
    async with open_site(tmp_path / "data", flows=(F, G), processors=processors) as site:
        job = await ended(site, (await site.submit())["id"])
        assert (job["result"], job["answeredBy"], job["failures"]) == ("of g", "g", 0)
        mine.out = False

        async def answered() -> bool | None:
            own = await ended(site, (await site.submit())["id"])
            return own["answeredBy"] is None or None

        assert await until(answered, "f to answer")
        again = await ended(site, (await site.submit())["id"])
        assert (again["result"], again["answeredBy"]) == ("of f", None)


async def test_two_flows_may_stand_in_for_each_other(tmp_path: Path) -> None:
    one, other = Out(), Out()
    one.out = False
    g = replace(G, fallback=("f",), fallback_after_seconds=0)
    async with open_site(tmp_path / "data", flows=(F, g), processors={"f": one, "g": other}) as site:
        of_g = await ended(site, (await site.submit(flow="g"))["id"])
        assert (of_g["flow"], of_g["answeredBy"]) == ("g", "f")
        one.out, other.out = True, False
        of_f = await ended(site, (await site.submit(flow="f"))["id"])
        assert (of_f["flow"], of_f["answeredBy"]) == ("f", "g")


async def test_a_failed_attempt_of_the_other_counts_by_the_rules_of_the_own_flow(tmp_path: Path) -> None:
    processors = {"f": Out(), "g": saying(Failed(JobError("bad", "no")))}
    async with open_site(tmp_path / "data", flows=(F, G), processors=processors) as site:
        job = await ended(site, (await site.submit())["id"])
        assert (job["status"], job["failures"], job["maxAttempts"]) == ("FAILED", 2, 2)


async def test_the_result_has_the_schema_and_the_rule_of_the_own_flow(tmp_path: Path) -> None:
    strict = replace(F, on_invalid_result=OnInvalidResult.FAIL)
    processors = {"f": Out(), "g": saying(Succeeded("prose"))}
    async with open_site(tmp_path / "data", flows=(strict, G), processors=processors) as site:
        job = await ended(site, (await site.submit(resultSchema={"type": "object"}))["id"])
        assert (job["status"], job["result"], job["answeredBy"]) == ("FAILED", "prose", "g")


async def test_a_callback_for_an_attempt_of_the_other_proves_itself_as_any(tmp_path: Path) -> None:
    given: list[Dispatch] = []

    async def accept(dispatch: Dispatch) -> Outcome:
        given.append(dispatch)
        return Accepted(60_000, f"run-{dispatch.attempt}")

    processors = {"f": Out(), "g": Doing(accept)}
    async with open_site(tmp_path / "data", flows=(F, G), processors=processors) as site:
        made = (await site.submit())["id"]
        await until_true(lambda: bool(given), "the hand-over to g")
        token = given[0].callback_token
        claim = site.signer.verify(token.encode(), 0)
        assert claim is not None
        assert (claim.job_id, claim.attempt) == (made, given[0].attempt)
        answer = await site.client.post(
            "/webhook/callback", {"jobId": made, "result": "r"}, headers={"authorization": f"Bearer {token}"}
        )
        assert (answer.status, answer.json()["answeredBy"]) == (200, "g")
        assert answer.json()["attempts"][-1]["flow"] == "g"


async def test_a_cancel_is_passed_on_to_the_processor_that_has_the_job(tmp_path: Path) -> None:
    processors = {"f": Out(), "g": saying(Accepted(60_000))}
    async with open_site(tmp_path / "data", flows=(F, G), processors=processors) as site:
        made = (await site.submit())["id"]

        async def waits() -> bool | None:
            return (await site.job(made))["status"] == "WAITING" or None

        await until(waits, "the job to wait at g")
        await site.client.post(f"/jobs/{made}/cancel")
        assert [(flow, job_id) for flow, job_id, _ in site.cancels] == [("g", made)]


async def test_a_cancel_aborts_an_attempt_that_fell_back(tmp_path: Path) -> None:
    theirs = Held()
    async with open_site(tmp_path / "data", flows=(F, G), processors={"f": Out(), "g": theirs}) as site:
        made = (await site.submit())["id"]
        await until_true(lambda: bool(theirs.go), "the hand-over to g")
        await site.client.post(f"/jobs/{made}/cancel")
        await until_true(lambda: bool(theirs.cancelled), "the attempt to be aborted")
        assert (await site.job(made))["status"] == "CANCELLED"


async def test_a_flow_whose_budget_is_used_up_falls_back_and_the_other_pays(tmp_path: Path) -> None:
    f = replace(F, prices=Prices(1_000_000), budget_per_day=3, fallback_after_seconds=3_600)
    g = replace(G, prices=Prices(5_000_000), budget_per_day=15)
    h = FlowRules("h", prices=Prices(2_000_000))
    f = replace(f, fallback=("g", "h"))
    processors = {one.name: saying(Succeeded(f"of {one.name}", usage=Usage(3))) for one in (f, g, h)}
    async with open_site(tmp_path / "data", flows=(f, g, h), processors=processors) as site:
        for flow, cost in (("f", 3), ("g", 15), ("h", 6), ("h", 6)):
            job = await ended(site, (await site.submit())["id"])
            assert (job["result"], job["costMicros"]) == (f"of {flow}", cost)
            while await site.acts.series.roll_up(100):
                pass
            await site.acts.budgets.note()
        told = {flow["name"]: flow["spending"]["costTodayMicros"] for flow in (await site.client.get("/flows")).json()}
        assert told == {"f": 3, "g": 15, "h": 12}
        counted = (await site.client.get("/metrics")).text
        for flow, cost in (("f", 3), ("g", 15), ("h", 12)):
            assert f'job_processor_cost_micros_total{{flow="{flow}"}} {cost}.0' in counted


async def test_its_own_jobs_go_first(tmp_path: Path) -> None:
    theirs = Held()
    g = replace(G, concurrency=1)
    async with open_site(tmp_path / "data", flows=(F, g), processors={"f": Out(), "g": theirs}) as site:
        first = (await site.submit(flow="g"))["id"]
        await until_true(lambda: bool(theirs.go), "the first job")
        fell = (await site.submit(priority=9))["id"]
        own = (await site.submit(flow="g"))["id"]

        async def closed() -> bool | None:
            waits = (await site.job(fell))["waitingOn"]
            return (waits is not None and waits["kind"] == "outage") or None

        await until(closed, "the lane of f to close")
        theirs.let_go(first)
        await until_true(lambda: (own, 1) in theirs.go, "the job of g's own")
        assert not any(job_id == fell for job_id, _ in theirs.go)
        theirs.let_go(own)
        await until_true(lambda: any(job_id == fell for job_id, _ in theirs.go), "the one that fell back")
