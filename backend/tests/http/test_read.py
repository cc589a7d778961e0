"""A job read: ETag and 304, Prefer: wait, and what is not there."""

import asyncio

import pytest

from job_processor.core.job import JobError
from job_processor.core.outcome import Accepted, Failed, Succeeded
from job_processor.http import prefer_wait
from tests.http.problems import assert_problem
from tests.support.site import Site
from tests.support.waiting import until_true

NO_IDS = [
    "0" * 24,
    "f" * 24,
    "x",
    "A" * 24,
    "0" * 23,
    "0" * 25,
    "%00",
    "..%2F..%2Fetc%2Fpasswd",
    "'; DROP TABLE jobs;--",
    "💥",
]


async def test_what_is_no_job_is_404_on_every_route(site: Site) -> None:
    job = (await site.submit())["id"]
    for one in NO_IDS:
        for method, path in (
            ("GET", f"/jobs/{one}"),
            ("DELETE", f"/jobs/{one}"),
            ("POST", f"/jobs/{one}/cancel"),
            ("POST", f"/jobs/{one}/retry"),
            ("POST", f"/jobs/{one}/replay"),
            ("GET", f"/jobs/{one}/events"),
            ("GET", f"/jobs/{one}/compare/{job}"),
            ("GET", f"/jobs/{job}/compare/{one}"),
        ):
            assert_problem(await site.client.request(method, path), 404)


async def test_an_etag_answers_304_until_something_changes(site: Site) -> None:
    job = (await site.submit())["id"]
    first = await site.client.get(f"/jobs/{job}")
    etag = first.headers["etag"]

    same = await site.client.get(f"/jobs/{job}", {"if-none-match": etag})
    assert (same.status, same.body, same.headers["etag"]) == (304, b"", etag)

    await site.claim()
    changed = await site.client.get(f"/jobs/{job}", {"if-none-match": etag})
    assert changed.status == 200
    assert changed.headers["etag"] != etag
    assert changed.json()["status"] == "RUNNING"


@pytest.mark.parametrize("form", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
async def test_if_none_match_in_every_form(site: Site, form: str) -> None:
    job = (await site.submit())["id"]
    etag = (await site.client.get(f"/jobs/{job}")).headers["etag"]

    assert (await site.client.get(f"/jobs/{job}", {"if-none-match": form.format(etag=etag)})).status == 304


async def test_prefer_wait_holds_until_the_job_is_final(site: Site) -> None:
    made = await site.submit()
    job = await site.claim()
    asked = asyncio.create_task(site.client.get(f"/jobs/{made['id']}", {"prefer": "respond-async, wait=20"}))
    await until_true(lambda: site.bus.listeners == 1)

    await site.say(job, Accepted(60_000))
    await site.callback({"jobId": made["id"], "result": "r"})

    reply = await asyncio.wait_for(asked, 15)
    assert reply.json()["status"] == "COMPLETED"
    assert reply.headers["preference-applied"] == "wait=20"
    assert site.bus.listeners == 0


async def test_prefer_wait_answers_with_the_job_as_it_stands_when_the_time_is_over(site: Site) -> None:
    job = (await site.submit())["id"]

    reply = await site.client.get(f"/jobs/{job}", {"prefer": "wait=0"})

    assert (reply.status, reply.json()["status"]) == (200, "PENDING")


async def test_beyond_the_cap_of_waits_the_job_is_answered_as_it_stands(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefer_wait, "MAX_WAITS", 1)
    job = (await site.submit())["id"]
    held = asyncio.create_task(site.client.get(f"/jobs/{job}", {"prefer": "wait=60"}))
    await until_true(lambda: site.bus.listeners == 1, "the first wait")

    reply = await asyncio.wait_for(site.client.get(f"/jobs/{job}", {"prefer": "wait=60"}), 10)

    assert (reply.json()["status"], "preference-applied" in reply.headers) == ("PENDING", False)
    await site.callback({"jobId": job, "result": "r"})
    assert (await held).headers["preference-applied"] == "wait=60"
    done = await site.client.get(f"/jobs/{job}", {"prefer": "wait=60"})
    assert done.headers["preference-applied"] == "wait=60"


async def test_prefer_wait_on_a_final_job_answers_at_once_and_on_none_with_404(site: Site) -> None:
    job = (await site.submit())["id"]
    await site.say(await site.claim(), Succeeded("r"))

    final = await asyncio.wait_for(site.client.get(f"/jobs/{job}", {"prefer": "wait=60"}), 10)

    assert final.json()["status"] == "COMPLETED"
    assert_problem(await asyncio.wait_for(site.client.get(f"/jobs/{'0' * 24}", {"prefer": "wait=60"}), 10), 404)


async def test_a_wait_ends_when_the_job_is_deleted_and_when_the_process_stops(site: Site) -> None:
    job = (await site.submit())["id"]
    asked = asyncio.create_task(site.client.get(f"/jobs/{job}", {"prefer": "wait=60"}))
    await until_true(lambda: site.bus.listeners == 1)

    site.bus.close()

    assert (await asyncio.wait_for(asked, 10)).json()["status"] == "PENDING"


@pytest.mark.parametrize("prefer", ["wait=-1", "wait=1e3", "wait", "wait=x", "await=0", "wait=+5", "x-wait=5"])
async def test_a_preference_that_is_not_understood_is_not_applied(site: Site, prefer: str) -> None:
    job = (await site.submit())["id"]

    reply = await asyncio.wait_for(site.client.get(f"/jobs/{job}", {"prefer": prefer}), 10)

    assert reply.status == 200
    assert "preference-applied" not in reply.headers


async def test_the_longest_wait_is_a_minute(site: Site) -> None:
    job = (await site.submit())["id"]
    await site.client.post(f"/jobs/{job}/cancel")

    assert (await site.client.get(f"/jobs/{job}", {"prefer": "wait=9999"})).headers["preference-applied"] == "wait=60"


async def test_what_came_of_an_answer_stands_with_its_attempt_and_in_no_list(site: Site) -> None:
    job = (await site.submit())["id"]
    cut = Failed(JobError("length", "The answer was cut off at the token limit."), False, partial="Once upon a time")
    await site.say(await site.claim(), cut)

    assert [attempt["partial"] for attempt in (await site.job(job))["attempts"]] == ["Once upon a time"]
    listed = await site.client.get("/jobs")
    assert [one["id"] for one in listed.json()] == [job]
    assert "Once upon" not in listed.text
