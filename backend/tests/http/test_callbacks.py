"""Rows F1 to F4, F11: what a callback does, and what it must not do."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from job_processor.core.job import JobError
from job_processor.core.outcome import Accepted, Expired, Failed
from job_processor.http.render import time_out
from job_processor.store.base import Claim
from tests.http.problems import CANARY, assert_problem
from tests.support.clock import Clock
from tests.support.site import OLD_SECRET, SECRET, Site, open_site

BAD = Failed(JobError("bad", "bad"))


async def waiting(site: Site) -> str:
    """A job whose processor promised to call back."""
    made = await site.submit()
    await site.say(await site.claim(), Accepted(60_000, "exec-1"))
    return str(made["id"])


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


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"result": "r"},
        {"executionId": "exec-1", "result": "r"},
        {"jobId": "0123456789abcdef01234567"},
        {"jobId": "0123456789abcdef01234567", "result": "r", "error": "e"},
        {"jobId": "not-an-id", "result": "r"},
        {"jobId": "0123456789abcdef01234567", "result": "r", "attempt": 0},
    ],
)
async def test_a_report_that_is_none_is_422(site: Site, report: dict[str, object]) -> None:
    assert_problem(await site.callback(report), 422)


@pytest.mark.parametrize(
    "field",
    [
        "status",
        "state",
        "owner",
        "prompt",
        "id",
        "__proto__",
        "constructor",
        "maxAttempts",
        "failures",
        "lease",
        "resultVerdict",
        "history",
    ],
)
@pytest.mark.parametrize("value", ["COMPLETED", 7, None, {"status": "COMPLETED"}])
async def test_f11_no_other_field_can_be_written(site: Site, field: str, value: object) -> None:
    job = await waiting(site)
    before = await site.job(job)

    reply = await site.callback({"jobId": job, "result": "r", field: value})

    # The result was paid for: it is taken, and nothing else of the job is the sender's to write.
    after = reply.json()
    assert (reply.status, after["status"], after["result"]) == (200, "COMPLETED", "r")
    theirs = {"status", "result", "resultVerdict", "resultBytes", "finishedAt", "updatedAt", "waitingOn", "progress"}
    theirs |= {"attempts", "history", "callback", "error"}
    assert {k: v for k, v in after.items() if k not in theirs} == {k: v for k, v in before.items() if k not in theirs}
    assert after["history"][:-1] == before["history"]
    assert after["history"][-1]["detail"] == (f"How the callback was read: unknown fields were ignored ({field}).")


async def test_f11_a_flow_says_whose_execution_it_is_and_moves_no_job_elsewhere(site: Site) -> None:
    job = await waiting(site)
    assert (await site.callback({"jobId": job, "result": "r", "flow": "another"})).status == 200
    told = await site.job(job)
    assert (told["status"], told["flow"]) == ("COMPLETED", "main")


async def test_f11_an_attempt_in_the_body_says_who_speaks_and_writes_nothing(site: Site) -> None:
    job = await waiting(site)
    before = await site.job(job)

    for attempt in ("COMPLETED", 0, -1, 1.5, {"number": 1}):
        assert_problem(await site.callback({"jobId": job, "result": "r", "attempt": attempt}), 422)
    other = await site.callback({"jobId": job, "error": "e", "attempt": 7})

    assert (other.status, other.json()["callback"]) == (200, "stale")
    # That they came, and could not be read, is told once, since the same is wanted of each.
    after = await site.job(job)
    [told] = after["history"][len(before["history"]) :]
    assert told["what"] == "callback_unreadable"
    changed = {"history", "updatedAt"}
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}
    assert len((await site.client.get(f"/callbacks?jobId={job}&verdict=unreadable")).json()) == 5


async def test_a_late_result_with_an_attempt_beyond_64_bits_is_kept(site: Site) -> None:
    job = (await site.submit())["id"]
    await site.client.post(f"/jobs/{job}/cancel")

    assert_problem(await site.callback({"jobId": job, "result": "late", "attempt": 2**63}), 422)

    [kept] = (await site.client.get(f"/callbacks?jobId={job}")).json()
    assert kept["verdict"] == "unreadable"
    accepted = await site.client.post(f"/callbacks/{kept['id']}/accept")
    assert '"late"' in accepted.json()["result"]


async def test_progress_beyond_4_kib_is_cut(site: Site) -> None:
    job = await waiting(site)

    reply = await site.callback({"jobId": job, "progress": "😀" * 4_097})

    assert reply.json()["progress"] == "😀" * 4_096


async def test_a_token_may_stand_for_the_job_it_is_bound_to(site: Site) -> None:
    job = await waiting(site)

    reply = await site.callback({"result": "r"}, token=site.token(job))

    assert (reply.status, reply.json()["id"], reply.json()["status"]) == (200, job, "COMPLETED")


async def test_a_long_error_is_kept_in_part(site: Site) -> None:
    job = await waiting(site)

    reply = await site.callback({"jobId": job, "error": "e" * 100_000})

    assert len(reply.json()["error"]["message"]) == 4_000


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


async def test_a_result_is_kept_byte_for_byte_even_with_a_nul(site: Site) -> None:
    job = await site.submit()
    reply = await site.callback({"jobId": job["id"], "result": "before\u0000after"})
    assert reply.status == 200
    assert (await site.job(job["id"]))["result"] == "before\u0000after"
