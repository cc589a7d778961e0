"""GET /jobs/{id}/place: how many are ahead, and when the job is expected to start."""

from job_processor.core.outcome import Succeeded
from job_processor.core.place import MAX_AHEAD
from tests.http.problems import assert_problem
from tests.support.clock import Clock
from tests.support.site import Site


async def place(site: Site, job_id: str) -> dict[str, object]:
    reply = await site.client.get(f"/jobs/{job_id}/place")
    assert reply.status == 200, reply.text
    found: dict[str, object] = reply.json()
    return found


async def test_the_place_and_the_start_by_what_the_flow_ended_lately(site: Site, clock: Clock) -> None:
    for _ in range(4):
        await site.submit()
        await site.say(await site.claim(), Succeeded("r"))
    waiting = [(await site.submit())["id"] for _ in range(3)]
    first = await place(site, waiting[0])
    assert (first["ahead"], first["more"]) == (0, False)
    assert first["detail"] == "It is next. A worker takes it now."
    clock.forward(120_000)
    last = await place(site, waiting[2])
    per_minute = last["perMinute"]
    assert last["ahead"] == 2
    assert isinstance(per_minute, float)
    assert 1 < per_minute <= 2.5
    assert isinstance(last["expectedStart"], str)
    assert "about 1 min" in str(last["detail"])


async def test_a_pace_that_is_not_known_and_a_paused_flow(site: Site) -> None:
    await site.submit()
    job_id = (await site.submit())["id"]
    found = await place(site, job_id)
    assert (found["ahead"], found["perMinute"], found["expectedStart"]) == (1, None, None)
    assert "ended no job" in str(found["detail"])
    assert (await site.client.post("/flows/main/pause", {"reason": "Maintenance"})).status == 200
    found = await place(site, job_id)
    assert found["expectedStart"] is None
    assert found["detail"] == "At most 1 job is ahead. It starts when its flow is resumed."


async def test_a_later_start_and_an_end_have_no_place(site: Site) -> None:
    later = (await site.submit(delaySeconds=600))["id"]
    found = await place(site, later)
    assert (found["ahead"], found["expectedStart"]) == (None, None)
    assert found["detail"] == "The job has no place in the queue. The job is to start later."
    job_id = (await site.submit())["id"]
    await site.client.post(f"/jobs/{job_id}/cancel")
    assert (await place(site, job_id))["detail"] == "The job has no place in the queue. It is CANCELLED."


async def test_it_is_counted_no_further_than_is_said(site: Site) -> None:
    reply = await site.client.post("/batches", {"jobs": [{"prompt": "p"}] * (MAX_AHEAD + 1)})
    assert reply.status == 201, reply.text
    found = await place(site, (await site.submit())["id"])
    assert (found["ahead"], found["more"]) == (MAX_AHEAD, True)
    assert str(found["detail"]).startswith("More than 1,000 jobs are ahead.")


async def test_a_job_that_is_not_there(site: Site) -> None:
    assert_problem(await site.client.get(f"/jobs/{'0' * 24}/place"), 404)
    assert_problem(await site.client.get("/jobs/x/place"), 404)
