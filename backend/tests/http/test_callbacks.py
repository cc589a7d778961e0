"""Rows F1 to F4: what a callback does to its job, and when it comes too late, twice or differently."""

import asyncio
from collections import Counter
from pathlib import Path

from job_processor.core.job import JobError
from job_processor.core.outcome import Accepted, Expired, Failed
from job_processor.http.render import time_out
from job_processor.store.base import Claim
from tests.http.problems import CANARY, assert_problem
from tests.http.waiting_jobs import waiting
from tests.support.clock import Clock
from tests.support.site import OLD_SECRET, SECRET, Site, open_site


async def test_f1_of_a_thousand_deliveries_at_once_one_is_applied_and_the_rest_are_duplicates(site: Site) -> None:
    job = await waiting(site)

    replies = await asyncio.gather(*(site.callback({"jobId": job, "result": '{"a": 1}'}) for _ in range(1000)))

    assert Counter(reply.status for reply in replies) == {200: 1000}
    assert Counter(reply.json()["callback"] for reply in replies) == {"applied": 1, "duplicate": 999}
    assert {reply.json()["result"] for reply in replies} == {'{"a": 1}'}
    assert [e["what"] for e in (await site.job(job))["history"]].count("completed") == 1


async def test_f2_of_different_results_at_once_one_stays_and_the_others_are_409(site: Site) -> None:
    job = await waiting(site)

    replies = await asyncio.gather(*(site.callback({"jobId": job, "result": f"{n}"}) for n in range(50)))

    assert Counter(reply.status for reply in replies) == {200: 1, 409: 49}
    [winner] = [reply.json()["result"] for reply in replies if reply.status == 200]
    assert (await site.job(job))["result"] == winner
    assert all(reply.json()["code"] == "different_result" for reply in replies if reply.status == 409)


async def test_f3_a_result_after_the_job_failed_or_was_cancelled_is_late(site: Site) -> None:
    failed, cancelled = await site.submit(), await site.submit()
    await site.say(await site.claim(), Failed(JobError("bad", "bad"), retryable=False))
    await site.client.post(f"/jobs/{cancelled['id']}/cancel")

    for job, state in ((failed, "FAILED"), (cancelled, "CANCELLED")):
        reply = await site.callback({"jobId": job["id"], "result": CANARY})
        assert assert_problem(reply, 409)["code"] == "late_result"
        after = await site.job(job["id"])
        assert (after["status"], after["result"]) == (state, None)


async def test_f3_a_result_after_its_deadline_is_welcome_while_the_job_is_not_final(site: Site, clock: Clock) -> None:
    job = await waiting(site)
    token = site.token(job, 1)
    clock.forward(61_000)
    [overdue] = await site.store.overdue(10)
    assert overdue.id == job
    await site.acts.signals.send(job, Expired())
    assert (await site.job(job))["status"] == "PENDING"

    reply = await site.callback({"jobId": job, "result": "late"}, token=token)

    assert (reply.status, reply.json()["status"], reply.json()["callback"]) == (200, "COMPLETED", "applied")


async def test_f3_a_result_of_attempt_1_while_attempt_2_runs_completes_the_job(site: Site, clock: Clock) -> None:
    job = await waiting(site)
    token = site.token(job, 1)
    await site.callback({"jobId": job, "error": "first"})
    clock.forward(60_000)
    second = await site.claim()
    assert (second.id, second.attempt) == (job, 2)

    reply = await site.callback({"jobId": job, "result": "of the first"}, token=token)

    assert reply.json()["status"] == "COMPLETED"
    assert [a["end"] for a in reply.json()["attempts"]] == ["succeeded", "superseded"]


async def test_f3_an_error_of_attempt_1_while_attempt_2_runs_is_stale(site: Site, clock: Clock) -> None:
    job = await waiting(site)
    token = site.token(job, 1)
    await site.callback({"jobId": job, "error": "first"})
    clock.forward(60_000)
    await site.claim()

    reply = await site.callback({"jobId": job, "error": "again"}, token=token)

    assert (reply.status, reply.json()["callback"], reply.json()["status"]) == (200, "stale", "RUNNING")
    assert reply.json()["failures"] == 1


async def test_f3_a_result_for_a_deleted_job_is_404(site: Site) -> None:
    job = await waiting(site)
    await site.callback({"jobId": job, "result": "r"})
    assert (await site.client.request("DELETE", f"/jobs/{job}")).status == 204

    assert_problem(await site.callback({"jobId": job, "result": "r"}), 404)
    assert_problem(await site.callback({"jobId": job, "result": "r"}, token=site.token(job)), 404)


async def test_f4_progress_after_the_end_is_ignored(site: Site) -> None:
    job = await waiting(site)
    half = await site.callback({"jobId": job, "progress": "half"})
    assert (half.json()["callback"], half.json()["progress"], half.json()["status"]) == ("applied", "half", "WAITING")
    done = await site.callback({"jobId": job, "result": "r"})

    late = await site.callback({"jobId": job, "progress": "three quarters"})

    assert (late.status, late.json()["callback"], late.json()["progress"]) == (200, "stale", None)
    assert late.json()["updatedAt"] == done.json()["updatedAt"]


async def test_a_processor_may_ask_for_the_job_again_later_at_no_cost(tmp_path: Path) -> None:
    """However often: no attempt is spent, and each time the job waits as long as was asked for."""
    clock = Clock()
    async with open_site(tmp_path, now=clock.now) as site:
        job = (await site.submit(maxAttempts=1))["id"]
        for turn in range(1, 4):
            await site.say(await site.claim(), Accepted(60_000))
            asked = {"jobId": job, "attempt": turn, "againInSeconds": 60}
            told = (await site.callback(asked)).json()
            assert (told["callback"], told["status"]) == ("applied", "PENDING")
            again = await site.callback(asked)
            assert (again.status, again.json()["callback"]) == (200, "stale")
            clock.forward(59_999)
            assert not (await site.store.claim(Claim(site.acts.flows.rules("main"), 1, "w1"))).jobs
            clock.forward(1)
        await site.say(await site.claim(), Accepted(60_000))
        assert (await site.callback({"jobId": job, "result": "r"})).json()["status"] == "COMPLETED"
        after = await site.callback({"jobId": job, "againInSeconds": 60})
        assert (after.status, after.json()["callback"]) == (200, "stale")
        assert (await site.client.get("/callbacks")).json() == []


async def test_the_deadline_ends_a_job_whose_processor_asks_for_ever(tmp_path: Path) -> None:
    clock = Clock()
    async with open_site(tmp_path, now=clock.now) as site:
        job = (await site.submit(deadline=time_out(clock.at + 90_000)))["id"]
        await site.say(await site.claim(), Accepted(60_000))
        await site.callback({"jobId": job, "againInSeconds": 3_600})
        clock.forward(90_000)
        await site.acts.outcomes.expire(await site.stored(job))
        told = await site.job(job)
        assert (told["status"], told["error"]["code"]) == ("FAILED", "deadline")


async def test_an_error_fails_the_attempt_and_leaves_the_next_to_come(site: Site) -> None:
    job = await waiting(site)

    reply = await site.callback({"jobId": job, "error": "No result was built"})

    after = reply.json()
    assert (after["status"], after["failures"], after["callback"]) == ("PENDING", 1, "applied")
    assert after["error"] == {"code": "processor_reported", "message": "No result was built"}
    assert after["waitingOn"]["kind"] == "retry"


async def test_an_error_that_is_not_retryable_ends_the_job(site: Site) -> None:
    job = await waiting(site)

    reply = await site.callback({"jobId": job, "error": "", "retryable": False})

    assert reply.json()["status"] == "FAILED"
    assert reply.json()["error"]["message"] == "The processor reported an error without words."


async def test_a_failure_reported_again_is_a_duplicate(site: Site) -> None:
    job = await waiting(site)
    await site.callback({"jobId": job, "error": "e", "retryable": False})

    reply = await site.callback({"jobId": job, "error": "e", "retryable": False})

    assert (reply.status, reply.json()["callback"]) == (200, "duplicate")


async def test_an_error_may_name_the_execution_instead_of_the_job_once(site: Site) -> None:
    job = await waiting(site)

    first = await site.callback({"executionId": "exec-1", "error": "crashed", "workflow": "w", "lastNode": "n"})
    second = await site.callback({"executionId": "exec-1", "error": "crashed"})

    assert (first.status, first.json()["id"], first.json()["failures"]) == (200, job, 1)
    assert (second.status, second.json()) == (202, {"callback": "unknown"})
    assert (await site.job(job))["failures"] == 1


async def test_a_callback_names_the_verdict_on_its_result(site: Site) -> None:
    job = await waiting(site)

    reply = await site.callback({"jobId": job, "result": '{"a": 1,}'})

    verdict = reply.json()["resultVerdict"]
    assert verdict["kind"] == "malformed"
    assert (verdict["error"]["line"], verdict["error"]["column"]) == (1, 9)
    assert verdict["repaired"]["text"] == '{"a": 1}'
    assert reply.json()["result"] == '{"a": 1,}'


async def test_the_secret_before_is_taken_while_it_is_rotated(site: Site) -> None:
    for secret in (SECRET, OLD_SECRET):
        job = await site.submit()
        assert (await site.callback({"jobId": job["id"], "result": "r"}, secret=secret)).status == 200
