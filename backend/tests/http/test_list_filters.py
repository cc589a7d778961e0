"""The filters of the list: by state, flow, text, time and ids; what cannot be honoured is refused."""

from pathlib import Path

from job_processor.core.flow import FlowRules
from job_processor.core.job import JobError
from job_processor.core.outcome import Failed, Succeeded
from tests.http.listed import ids
from tests.http.problems import CANARY, assert_problem, naming
from tests.support.clock import START, Clock
from tests.support.site import DEFAULT, Site, open_site


async def test_by_status(site: Site) -> None:
    completed = (await site.submit())["id"]
    await site.say(await site.claim(), Succeeded("r"))
    failed = (await site.submit())["id"]
    await site.say(await site.claim(), Failed(JobError("x", "x"), retryable=False))
    pending = (await site.submit())["id"]

    assert ids(await site.client.get("/jobs?status=COMPLETED")) == [completed]
    assert ids(await site.client.get("/jobs?status=failed,COMPLETED")) == [failed, completed]
    assert ids(await site.client.get("/jobs?status=FAILED&status=PENDING")) == [pending, failed]


async def test_by_flow(tmp_path: Path) -> None:
    async with open_site(tmp_path / "data", flows=(DEFAULT, FlowRules("other"))) as site:
        await site.submit()
        other = (await site.submit(flow="other"))["id"]

        assert ids(await site.client.get("/jobs?flow=other")) == [other]
        assert ids(await site.client.get("/jobs?flow=no-such-flow")) == []


async def test_by_text_in_prompt_or_result(site: Site) -> None:
    prompt = (await site.submit("The QUICK brown 100%_fox"))["id"]
    result = (await site.submit("other"))["id"]
    await site.callback({"jobId": result, "result": "a quick answer"})

    assert ids(await site.client.get("/jobs?q=quick")) == [result, prompt]
    assert ids(await site.client.get("/jobs?q=%22brown+100%25_fox%22")) == [prompt]
    assert ids(await site.client.get("/jobs?q=status:completed+quick")) == [result]
    assert ids(await site.client.get("/jobs?q=qui&status=PENDING,WAITING")) == [prompt]


async def test_a_search_that_cannot_be_read_is_refused_with_the_place_and_the_terms_there_are(site: Site) -> None:
    problem = assert_problem(await site.client.get("/jobs?q=words+stauts:failed"), 422)
    [error] = problem["errors"]
    assert error["field"] == "q"
    assert error["message"].startswith("at character 7: there is no such term; the terms are: status, flow, tag,")
    assert "stauts" not in str(problem)


async def test_by_time(site: Site, clock: Clock) -> None:
    made = []
    for _ in range(3):
        made.append((await site.submit())["id"])
        clock.forward(1000)
    second = "2026-09-21T14:13:21Z"
    assert START + 1000 == 1_790_000_001_000

    assert ids(await site.client.get(f"/jobs?createdAfter={second}")) == made[:0:-1]
    assert ids(await site.client.get(f"/jobs?createdBefore={second}")) == made[:1]
    assert ids(await site.client.get("/jobs?createdAfter=2026-09-21T16:13:21%2B02:00")) == made[:0:-1]


REFUSED = [
    "limit=0",
    "limit=201",
    "limit=-1",
    "limit=1.0",
    "limit=+1",
    "limit=%D9%A1",
    "limit=99999999999999999999",
    "limit=",
    "limit=1&limit=2",
    "status=",
    "status=,",
    f"status={CANARY}",
    "flow=",
    f"tag={'t' * 257}",
    "q=",
    "q=%00",
    f"q={CANARY}{'q' * 1000}",
    f"q={CANARY}:x",
    f"createdAfter={CANARY}",
    "createdAfter=2026-11-24",
    "createdAfter=2026-11-24T10:00:00",
    "createdBefore=99999-01-01T00:00:00Z",
    f"cursor={CANARY}",
    "cursor=",
    "cursor=%F0%9F%98%80",
    "cursor=AAAA",
    "ids=",
    "ids=" + "A" * 24,
    "ids=" + ",".join(["a" * 24] * 101),
    "ids=" + "a" * 24 + ",",
    "after=" + "a" * 23,
    "clip=-1",
    "clip=4097",
    "clip=x",
    "cursor=" + "A" * 4000,
    f"{CANARY}=1",
    "Status=PENDING",
    "$where=1",
]


async def test_a_filter_that_cannot_be_honoured_is_refused(site: Site) -> None:
    for query in REFUSED:
        with naming(query):
            assert_problem(await site.client.get(f"/jobs?{query}"), 422)


async def test_by_ids_and_after_an_id(site: Site) -> None:
    made = [(await site.submit(f"p{n}"))["id"] for n in range(4)]

    assert ids(await site.client.get(f"/jobs?ids={made[0]},{made[2]},{'f' * 24}")) == [made[2], made[0]]
    assert ids(await site.client.get(f"/jobs?after={made[1]}")) == [made[3], made[2]]
