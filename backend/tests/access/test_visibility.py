"""A key that is limited to flows: lists, counts, searches, callbacks, events and origins show it those alone."""

from job_processor.core.access import Right
from tests.access.conftest import Guarded, bearer
from tests.http.problems import assert_problem

# --- what belongs to a key ---


async def test_an_idempotency_key_belongs_to_its_owner(guarded: Guarded) -> None:
    one, two = await guarded.key(Right.SUBMIT), await guarded.key(Right.SUBMIT)
    made = [
        await guarded.site.client.post("/jobs", {"prompt": prompt}, {**bearer(key), "idempotency-key": "same"})
        for key, prompt in ((one, "a"), (two, "b"), (one, "a"), (two, "b"))
    ]
    ids = [reply.json()["id"] for reply in made]
    assert [reply.status for reply in made] == [201] * 4
    assert (ids[0], ids[1]) == (ids[2], ids[3])
    assert ids[0] != ids[1]


async def test_where_a_replayed_job_comes_from_is_told_to_those_who_may_know(guarded: Guarded) -> None:
    everything = bearer(await guarded.key(Right.ADMIN))
    own = bearer(await guarded.key(Right.OPERATE, flows=("other",)))
    client = guarded.site.client
    first = (await client.post("/jobs", {"prompt": "p", "flow": "main"}, everything)).json()["id"]
    second = (await client.post(f"/jobs/{first}/replay", {"flow": "other"}, everything)).json()
    assert second["replayOf"] == first
    assert (await client.get(f"/jobs/{second['id']}", own)).json()["replayOf"] is None
    assert [job["replayOf"] for job in (await client.get("/jobs", own)).json()] == [None]
    assert (await client.post(f"/jobs/{second['id']}/cancel", {}, own)).json()["replayOf"] is None
    assert (await client.post(f"/jobs/{second['id']}/retry", {}, own)).json()["replayOf"] is None
    third = (await client.post(f"/jobs/{second['id']}/replay", {}, own)).json()
    assert third["replayOf"] == second["id"]
    assert [job["replayOf"] for job in (await client.get("/jobs", own)).json()] == [second["id"], None]
    assert_problem(await client.post(f"/jobs/{second['id']}/replay", {"flow": "main"}, own), 422)
    assert_problem(await client.get(f"/jobs/{second['id']}/compare/{first}", own), 404)
    assert_problem(await client.get(f"/jobs/{first}/place", own), 404)


async def test_lists_counts_and_searches_are_of_the_keys_flows(guarded: Guarded) -> None:
    everything = bearer(await guarded.key(Right.ADMIN))
    own = bearer(await guarded.key(Right.READ, flows=("other",)))
    client = guarded.site.client
    jobs = [
        (await client.post("/jobs", {"prompt": f"needle {n}", "flow": flow, "tags": ["t"]}, everything)).json()["id"]
        for n, flow in enumerate(("main", "other", "main", "other", "other"))
    ]
    mine = [jobs[4], jobs[3], jobs[1]]
    for query in ("", "?q=needle", "?tag=t", "?status=PENDING", "?flow=other", "?limit=200"):
        found = (await client.get(f"/jobs{query}", own)).json()
        assert [job["id"] for job in found] == mine, query
    for query, count in (("", 3), ("q=needle", 3), ("flow=main", 0), (f"after={jobs[1]}", 2), (f"ids={jobs[0]}", 0)):
        assert (await client.get(f"/jobs/count?{query}", own)).json()["count"] == count, query
    assert (await client.get(f"/jobs?ids={','.join(jobs)}", own)).json() == (await client.get("/jobs", own)).json()
    assert (await client.get("/jobs?flow=main", own)).json() == []
    page = await client.get("/jobs?limit=2", own)
    assert [job["id"] for job in page.json()] == mine[:2]
    rest = await client.get(page.headers["link"].partition(">")[0][1:], own)
    assert [job["id"] for job in rest.json()] == mine[2:]
    stats = (await client.get("/stats", own)).json()
    assert (stats["total"], stats["byFlow"]) == (3, {"other": {"PENDING": 3}})
    assert [flow["name"] for flow in (await client.get("/flows", own)).json()] == ["other"]
    for one in jobs:
        assert (await client.post(f"/jobs/{one}/cancel", headers=everything)).status == 200
    await guarded.site.acts.series.roll_up(100)
    for query, flows in (("", ["other"]), ("?flow=other", ["other"]), ("?flow=main", [])):
        series = (await client.get(f"/stats/series{query}", own)).json()
        assert [flow["flow"] for flow in series["flows"]] == flows, query
        assert series["total"]["cancelled"] == 3 * len(flows)
        assert sum(bucket["cancelled"] for bucket in series["buckets"]) == 3 * len(flows)
    # An unlimited key, and one limited to both, see all.
    both = bearer(await guarded.key(Right.READ, flows=("main", "other")))
    for key in (everything, both):
        assert [job["id"] for job in (await client.get("/jobs", key)).json()] == list(reversed(jobs))
        assert (await client.get("/stats/series", key)).json()["total"]["cancelled"] == 5


async def test_callbacks_are_of_the_keys_flows(guarded: Guarded) -> None:
    everything = bearer(await guarded.key(Right.ADMIN))
    client, kept = guarded.site.client, {}
    for flow in ("main", "other"):
        job = (await client.post("/jobs", {"prompt": "p", "flow": flow}, everything)).json()["id"]
        await client.post(f"/jobs/{job}/cancel", {}, everything)
        assert (await guarded.site.callback({"jobId": job, "result": f"of {flow}"})).status == 409
        assert (await client.post(f"/webhook/callback?jobId={job}", None, {"x-webhook-secret": "wrong"})).status == 401
        [one] = (await client.get(f"/callbacks?jobId={job}", everything)).json()
        kept[flow] = one["id"]
    assert (await guarded.site.callback({"executionId": "e1", "error": "crashed"})).status == 202
    own = bearer(await guarded.key(Right.OPERATE, flows=("other",)))
    assert [one["id"] for one in (await client.get("/callbacks", own)).json()] == [kept["other"]]
    assert_problem(await client.get(f"/callbacks/{kept['main']}", own), 404)
    assert_problem(await client.post(f"/callbacks/{kept['main']}/accept", None, own), 404)
    assert (await client.post(f"/callbacks/{kept['other']}/accept", None, own)).json()["result"] == "of other"
    assert len((await client.get("/callbacks", everything)).json()) == 3


async def test_events_are_of_the_keys_flows_and_tell_nothing_else(guarded: Guarded) -> None:
    everything = bearer(await guarded.key(Right.ADMIN))
    own = bearer(await guarded.key(Right.READ, flows=("other",)))
    client = guarded.site.client
    async with client.stream("/events", own) as stream:
        assert (await stream.named("hello")).data == {"missed": 1}
        # It missed an unknown number of changes: it reads everything again.
        assert (await stream.named("resync")).id is None
        for n in range(5):
            await client.post("/jobs", {"prompt": f"{n}", "flow": "main"}, everything)
        job = (await client.post("/jobs", {"prompt": "p", "flow": "other"}, everything)).json()["id"]
        event = await stream.next()
        assert event is not None
        assert (event.name, event.data["id"], event.id) == ("job", job, None)


async def test_whether_there_are_jobs_is_not_told_to_who_has_not_signed_in(guarded: Guarded) -> None:
    before = await guarded.site.client.get("/")
    everything = bearer(await guarded.key(Right.ADMIN))
    assert (await guarded.site.client.post("/jobs", {"prompt": "p"}, everything)).status == 201
    await guarded.site.context.flow_status.read()
    after = await guarded.site.client.get("/")
    for reply in (before, after):
        assert (reply.status, reply.headers["location"]) == (307, "/ui/overview")
