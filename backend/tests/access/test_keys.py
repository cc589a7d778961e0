"""Keys: made, shown once, limited, rotated, revoked, used."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor import first_key
from job_processor.acts.api_keys import MAX_KEYS
from job_processor.core.access import ApiKey, Right
from job_processor.core.key_text import ALPHABET, PATTERN, digest_of, id_of, key_text
from job_processor.core.redaction import Redactor
from tests.access.conftest import Guarded, bearer
from tests.http.problems import assert_problem
from tests.support.waiting import until_true

MINUTE = {"prefer": "wait=60"}


# --- the text ---


@given(st.text(ALPHABET, min_size=32, max_size=32), st.integers(0, 52), st.sampled_from(ALPHABET))
def test_a_mistyped_character_is_seen_without_a_look_up(secret: str, at: int, typed: str) -> None:
    key = key_text("abcdefghij", secret)
    assert re.fullmatch(PATTERN, key)
    assert id_of(key) == "abcdefghij"
    wrong = key[: at + 3] + typed + key[at + 4 :]
    assert wrong == key or id_of(wrong) is None


@given(st.text(max_size=80))
def test_any_text_may_be_looked_at(text: str) -> None:
    assert id_of(text) is None


@given(st.text(ALPHABET, min_size=32, max_size=32), st.integers(1, 38))
def test_a_key_that_a_processor_echoes_is_masked_whole_or_cut(secret: str, characters: int) -> None:
    key = key_text("abcdefghij", secret)[: 14 + characters]
    assert Redactor().text(f"401 for {key}, see {{'key': '{key}'}}") == "401 for ***, see {'key': '***'}"


# --- over HTTP ---


async def test_a_key_is_shown_once_and_its_text_is_stored_nowhere(guarded: Guarded) -> None:
    admin = bearer(await guarded.key(Right.ADMIN))
    reply = await guarded.site.client.post("/keys", {"name": " robot ", "rights": ["submit", "read"]}, admin)
    assert reply.status == 201, reply.text
    made = reply.json()
    assert reply.headers["location"] == f"/keys/{made['id']}"
    assert (made["name"], made["rights"], made["flows"]) == ("robot", ["read", "submit"], None)
    assert made["createdBy"] == (await guarded.site.client.get("/session", admin)).json()["id"]
    text = made.pop("key")
    assert (await guarded.site.client.get(f"/keys/{made['id']}", admin)).json() == made
    listed = await guarded.site.client.get("/keys", admin)
    assert [key["id"] for key in listed.json()].count(made["id"]) == 1
    assert text not in listed.text
    stored = next(key for key in await guarded.site.store.api_keys() if key.id == made["id"])
    assert stored.digest == digest_of(text.encode())
    assert text.split("_")[2] not in repr(stored)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": " ", "rights": ["read"]}, "name"),
        ({"name": "n", "rights": []}, "rights"),
        ({"name": "n", "rights": ["root"]}, "rights"),
        ({"name": "n", "rights": ["read"], "flows": ["no-such"]}, "flows"),
        ({"name": "n", "rights": ["read"], "flows": []}, "flows"),
        ({"name": "n", "rights": ["admin"], "flows": ["main"]}, "flows"),
        ({"name": "n", "rights": ["read"], "expiresAt": "2001-01-01T00:00:00Z"}, "expiresAt"),
        ({"name": "n", "rights": ["read"], "ratePerMinute": 0}, "ratePerMinute"),
    ],
)
async def test_a_key_that_cannot_be_is_refused_by_field(guarded: Guarded, body: dict[str, object], field: str) -> None:
    admin = bearer(await guarded.key(Right.ADMIN))
    problem = assert_problem(await guarded.site.client.post("/keys", body, admin), 422)
    assert problem["errors"][0]["field"].startswith(field)


async def test_there_is_a_highest_number_of_keys(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("job_processor.acts.api_keys.MAX_KEYS", 2)
    assert MAX_KEYS == 1_000
    admin = bearer(await guarded.key(Right.ADMIN))
    robot = (await guarded.site.client.post("/keys", {"name": "n", "rights": ["read"]}, admin)).json()
    assert_problem(await guarded.site.client.post("/keys", {"name": "n", "rights": ["read"]}, admin), 409)
    assert (await guarded.site.client.request("DELETE", f"/keys/{robot['id']}", headers=admin)).status == 204
    assert (await guarded.site.client.post("/keys", {"name": "n", "rights": ["read"]}, admin)).status == 201


async def test_after_a_rotation_both_keys_are_valid_for_the_overlap(guarded: Guarded) -> None:
    admin = bearer(await guarded.key(Right.ADMIN))
    old = await guarded.key(Right.READ, Right.SUBMIT, flows=("main",))
    job = await guarded.site.client.post("/jobs", {"prompt": "p"}, {**bearer(old), "idempotency-key": "k"})
    path = f"/keys/{old.split('_')[1]}/rotate"
    made = (await guarded.site.client.post(path, {"overlapSeconds": 60}, admin)).json()
    assert (made["rights"], made["flows"]) == (["read", "submit"], ["main"])
    for key in (old, made["key"]):
        again = await guarded.site.client.post("/jobs", {"prompt": "p"}, {**bearer(key), "idempotency-key": "k"})
        assert again.json()["id"] == job.json()["id"]
    guarded.clock.forward(60_001)
    assert_problem(await guarded.site.client.get("/jobs", bearer(old)), 401)
    assert (await guarded.site.client.get("/jobs", bearer(made["key"]))).status == 200
    assert_problem(await guarded.site.client.post(path, {}, admin), 409)


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


# --- the end of a key ---


@pytest.mark.parametrize("how", ["revoked", "expired"])
async def test_an_event_stream_ends_with_its_key(guarded: Guarded, how: str) -> None:
    key = await guarded.key(Right.READ, expires_at=guarded.site.store.now() + 1_000)
    async with guarded.site.client.stream("/events", bearer(key)) as stream:
        await stream.named("hello")
        await guarded.site.acts.credentials.refresh()
        if how == "revoked":
            await guarded.revoke(key)
        else:
            guarded.clock.forward(1_001)
        await guarded.site.acts.credentials.refresh()
        assert await stream.next() is None


async def test_a_held_request_ends_with_its_key(guarded: Guarded) -> None:
    admin = bearer(await guarded.key(Right.ADMIN))
    key = await guarded.key(Right.READ, Right.SUBMIT)
    job = (await guarded.site.client.post("/jobs", {"prompt": "p"}, admin)).json()["id"]
    reading = asyncio.create_task(guarded.site.client.get(f"/jobs/{job}", {**bearer(key), **MINUTE}))
    submitting = asyncio.create_task(guarded.site.client.post("/jobs", {"prompt": "q"}, {**bearer(key), **MINUTE}))
    async with asyncio.timeout(20):
        await until_true(lambda: guarded.site.bus.listeners == 2)
        await guarded.revoke(key)
        await guarded.site.acts.credentials.refresh()
        assert_problem(await reading, 401)
        # The job was stored: its sender gets to know it as it was then.
        reply = await submitting
    assert (reply.status, reply.json()["status"]) == (201, "PENDING")


async def test_revoking_twice_is_revoking_once(guarded: Guarded) -> None:
    admin = bearer(await guarded.key(Right.ADMIN))
    key = (await guarded.key(Right.READ)).split("_")[1]
    for _ in range(2):
        assert (await guarded.site.client.request("DELETE", f"/keys/{key}", headers=admin)).status == 204
    for path in ("/keys/0000000000", "/keys/UPPERCASE0", "/keys/short"):
        assert_problem(await guarded.site.client.request("DELETE", path, headers=admin), 404)


# --- what it costs ---


async def test_a_request_reads_no_key_from_the_store(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    key = bearer(await guarded.key(Right.READ))
    assert (await guarded.site.client.get("/session", key)).status == 200
    reads = 0

    async def counted() -> list[ApiKey]:
        nonlocal reads
        reads += 1
        raise AssertionError("a look-up")

    monkeypatch.setattr(guarded.site.store, "api_keys", counted)
    for n in range(200):
        wrong = bearer(key_text(f"{n:010d}", "A" * 32))
        assert (await guarded.site.client.get("/session", key)).status == 200
        assert_problem(await guarded.site.client.get("/session", wrong), 401)
    assert reads == 0


async def test_a_read_that_began_before_a_key_changed_is_not_the_last(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await guarded.key(Right.READ)
    read, begun, go_on = guarded.site.store.api_keys, asyncio.Event(), asyncio.Event()

    async def slow() -> Sequence[ApiKey]:
        found = await read()
        begun.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(guarded.site.store, "api_keys", slow)
    early = asyncio.create_task(guarded.site.client.get("/session", bearer(key)))
    await begun.wait()
    monkeypatch.setattr(guarded.site.store, "api_keys", read)
    await guarded.revoke(key)
    late = asyncio.create_task(guarded.site.client.get("/session", bearer(key)))
    await asyncio.sleep(0)
    go_on.set()
    assert_problem(await late, 401)
    await early
    assert_problem(await guarded.site.client.get("/session", bearer(key)), 401)


async def test_the_last_use_is_noted_to_the_minute_and_not_at_each_request(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await guarded.key(Right.READ)
    writes: list[dict[str, int]] = []
    mark = guarded.site.store.mark_keys_used

    async def counted(times: dict[str, int]) -> None:
        writes.append(dict(times))
        await mark(times)

    monkeypatch.setattr(guarded.site.store, "mark_keys_used", counted)
    minute = guarded.clock.now() - guarded.clock.now() % 60_000
    for _ in range(50):
        assert (await guarded.site.client.get("/session", bearer(key))).status == 200
    assert writes == []
    await guarded.site.acts.credentials.flush()
    await guarded.site.acts.credentials.flush()
    assert writes == [{key.split("_")[1]: minute}]
    [stored] = await guarded.site.store.api_keys()
    assert stored.last_used_at == minute


# --- the first key ---


async def test_a_first_start_makes_one_admin_key_in_a_file_of_its_own(guarded: Guarded, tmp_path: Path) -> None:
    keys = guarded.site.acts.api_keys
    path = await first_key.make_if_none(keys, tmp_path / "data")
    assert path == tmp_path / "data" / "first-admin-key"
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text().strip()
    assert (await guarded.site.client.get("/keys", bearer(text))).status == 200
    assert await first_key.make_if_none(keys, tmp_path / "data") is None
    # Revoked: the next start makes another, and never revives the old one.
    await guarded.revoke(text)
    assert await first_key.make_if_none(keys, tmp_path / "data") == path
    assert_problem(await guarded.site.client.get("/keys", bearer(text)), 401)
    assert (await guarded.site.client.get("/keys", bearer(path.read_text().strip()))).status == 200


async def test_a_first_key_that_was_written_and_not_stored_is_stored_by_the_next_start(
    guarded: Guarded, tmp_path: Path
) -> None:
    keys = guarded.site.acts.api_keys
    text = await keys.first_admin_text()
    assert text is not None
    (tmp_path / "first-admin-key").write_text(text + "\n")
    assert await first_key.make_if_none(keys, tmp_path) is not None
    assert (await guarded.site.client.get("/keys", bearer(text))).status == 200


async def test_of_two_first_starts_one_makes_the_key(guarded: Guarded, tmp_path: Path) -> None:
    keys = guarded.site.acts.api_keys
    made = await asyncio.gather(*(first_key.make_if_none(keys, tmp_path / name) for name in ("a", "b", "c")))
    [path] = [one for one in made if one is not None]
    assert [name for name in ("a", "b", "c") if (tmp_path / name / "first-admin-key").exists()] == [path.parent.name]
    assert len(await guarded.site.store.api_keys()) == 1
