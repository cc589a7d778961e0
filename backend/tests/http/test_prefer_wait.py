"""``Prefer: wait=n`` on a submission and on a read: what is answered, when, and who holds a place until then."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from job_processor.acts.jobs import NewJob
from job_processor.core.access import SYSTEM, Requester
from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import Job, JobError
from job_processor.core.outcome import Accepted, Failed, Reported, Succeeded
from job_processor.http import prefer_wait
from job_processor.store.base import Added, IdempotencyKey, Notice
from tests.http.held import MINUTE, held
from tests.http.problems import assert_problem
from tests.support.clock import Clock
from tests.support.site import Site, open_site
from tests.support.waiting import until_true
from tests.workers.processors import saying


def failing(times: float) -> Callable[[object], None]:
    """Raises as often as that."""
    left = times

    def look(_: object) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise StoreUnavailable("away")

    return look


def let_reads_fail(site: Site, monkeypatch: pytest.MonkeyPatch, times: float) -> None:
    monkeypatch.setattr(prefer_wait, "RETRY_SECONDS", 0.01)
    get, look = site.store.get, failing(times)

    async def read(job_id: str) -> Job | None:
        look(job_id)
        return await get(job_id)

    monkeypatch.setattr(site.store, "get", read)


async def test_a_submission_answers_with_the_finished_job(tmp_path: Path, clock: Clock) -> None:
    async with open_site(tmp_path, now=clock.now, processors={"main": saying(Succeeded("at once"))}) as site:
        reply = await asyncio.wait_for(site.client.post("/jobs", {"prompt": "a"}, MINUTE), 20)

        assert (reply.status, reply.headers["preference-applied"]) == (201, "wait=60")
        made = reply.json()
        assert (made["status"], made["result"]) == ("COMPLETED", "at once")
        assert reply.headers["location"] == f"/jobs/{made['id']}"
        assert made == await site.job(made["id"])
        assert site.bus.listeners == 0


async def test_a_job_that_fails_is_a_finished_job_too(tmp_path: Path, clock: Clock) -> None:
    failed = saying(Failed(JobError("no", "No."), retryable=False))
    async with open_site(tmp_path, now=clock.now, processors={"main": failed}) as site:
        reply = await asyncio.wait_for(site.client.post("/jobs", {"prompt": "a"}, MINUTE), 20)
    assert (reply.status, reply.json()["status"], reply.json()["error"]["code"]) == (201, "FAILED", "no")


async def test_a_callback_ends_the_wait_of_its_submission(site: Site) -> None:
    async with held(site) as asked:
        job = await site.say(await site.claim(), Accepted(60_000))
        assert not asked.done()
        await site.callback({"jobId": job.id, "result": "r"})
    assert asked.result().json()["result"] == "r"


@pytest.mark.parametrize("seconds", [0, 1])
async def test_when_the_time_is_over_the_job_is_answered_as_it_stands(site: Site, seconds: int) -> None:
    reply = await site.client.post("/jobs", {"prompt": "a"}, {"prefer": f"wait={seconds}"})

    assert (reply.status, reply.headers["preference-applied"]) == (201, f"wait={seconds}")
    assert reply.json()["status"] == "PENDING"


async def test_the_job_is_stored_before_its_submission_is_held(site: Site) -> None:
    async with held(site) as asked:
        [listed] = (await site.client.get("/jobs")).json()
        assert not asked.done()
        await site.say(await site.claim(), Succeeded("r"))
    assert asked.result().json()["id"] == listed["id"]


async def test_the_same_key_and_body_again_is_held_as_well(site: Site) -> None:
    key = {"idempotency-key": "k1"}
    async with held(site, key) as first, held(site, key) as second:
        await site.say(await site.claim(), Succeeded("r"))

    assert first.result().json() == second.result().json()
    assert second.result().json()["status"] == "COMPLETED"
    assert sorted(reply.result().headers.get("idempotent-replayed", "") for reply in (first, second)) == ["", "true"]


async def test_what_is_refused_is_not_held(site: Site) -> None:
    assert_problem(await asyncio.wait_for(site.client.post("/jobs", {"prompt": ""}, MINUTE), 10), 422)
    assert (await site.client.get("/jobs")).json() == []


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        (["wait=7"], "7"),
        (["WAIT=7"], "7"),
        (["respond-async, wait=7"], "7"),
        (['wait="7"; x=1'], "7"),
        (["wait = 7"], "7"),
        (["return=minimal", "wait=7"], "7"),
        (["wait=7, wait=8"], "7"),
        (["wait=00060"], "60"),
        (["wait=61"], "60"),
        (["wait=99999"], "60"),
        (["wait=999999999999999999"], "60"),
        (["wait=0"], "0"),
        (["wait=-1"], None),
        (["wait=7.5"], None),
        (["wait"], None),
        (["wait="], None),
        (["await=7"], None),
        (["wait=7s"], None),
        ([""], None),
    ],
)
async def test_how_long_it_is_held_at_the_most_is_said(
    tmp_path: Path, clock: Clock, prefer: list[str], applied: str | None
) -> None:
    async with open_site(tmp_path, now=clock.now, processors={"main": saying(Succeeded("r"))}) as site:
        given = [("prefer", one) for one in prefer]
        reply = await asyncio.wait_for(site.client.post("/jobs", {"prompt": "a"}, given), 20)
        assert reply.headers.get("preference-applied") == (None if applied is None else f"wait={applied}")
        read = await asyncio.wait_for(site.client.get(f"/jobs/{reply.json()['id']}", given), 20)
        assert read.headers.get("preference-applied") == reply.headers.get("preference-applied")


# --- no change is missed, no failed read makes an error of what is stored --------------------------


async def test_a_job_that_ends_before_anybody_listens_is_seen(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    submit = site.acts.jobs.submit

    async def faster(new: NewJob, key: IdempotencyKey | None = None, by: Requester = SYSTEM) -> Added:
        added = await submit(new, key, by)
        assert site.bus.listeners == 0
        await site.say(await site.claim(), Succeeded("faster"))
        return added

    monkeypatch.setattr(site.acts.jobs, "submit", faster)
    reply = await asyncio.wait_for(site.client.post("/jobs", {"prompt": "a"}, MINUTE), 20)
    assert reply.json()["result"] == "faster"


async def test_a_store_that_is_away_for_a_moment_is_read_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async with held(site) as asked:
        job = await site.claim()
        assert job.lease is not None
        let_reads_fail(site, monkeypatch, 5)
        await site.acts.signals.send(job.id, Reported(Succeeded("r"), token=job.lease.token), known=job)
    assert asked.result().json()["status"] == "COMPLETED"


async def test_a_store_that_is_away_makes_no_error_of_a_stored_job(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    let_reads_fail(site, monkeypatch, float("inf"))

    async def no_lanes() -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(site.store, "lanes", no_lanes)
    reply = await site.client.post("/jobs", {"prompt": "a"}, {"prefer": "wait=1"})
    assert (reply.status, reply.json()["status"]) == (201, "PENDING")
    assert (await site.client.post("/jobs", {"prompt": "a"})).status == 201


async def test_a_read_of_a_store_that_is_away_is_503_as_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    job = (await site.submit())["id"]
    let_reads_fail(site, monkeypatch, float("inf"))
    assert_problem(await asyncio.wait_for(site.client.get(f"/jobs/{job}", MINUTE), 10), 503)


async def test_a_job_that_is_deleted_while_it_is_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async with held(site) as asked:
        [job] = (await site.client.get("/jobs")).json()
        reading = asyncio.create_task(site.client.get(f"/jobs/{job['id']}", MINUTE))
        await until_true(lambda: site.bus.listeners == 2, "the read is held")

        async def gone(job_id: str) -> None:
            return None

        monkeypatch.setattr(site.store, "get", gone)
        site.bus.publish(Notice(1, job["id"], None, "main", 1, 0))
    assert (asked.result().status, asked.result().json()["id"]) == (201, job["id"])
    assert_problem(await asyncio.wait_for(reading, 20), 404)


async def test_it_is_answered_as_it_stands_when_the_process_stops(site: Site) -> None:
    async with held(site) as asked:
        site.bus.close()
    assert (asked.result().status, asked.result().json()["status"]) == (201, "PENDING")
