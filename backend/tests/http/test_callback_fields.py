"""Row F11: how the fields of a callback are read, and what they cannot do."""

import pytest

from tests.http.problems import assert_problem
from tests.http.waiting_jobs import waiting
from tests.support.site import Site


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


async def test_a_result_is_kept_byte_for_byte_even_with_a_nul(site: Site) -> None:
    job = await site.submit()
    reply = await site.callback({"jobId": job["id"], "result": "before\u0000after"})
    assert reply.status == 200
    assert (await site.job(job["id"]))["result"] == "before\u0000after"
