"""What people do to jobs: cancel, retry, replay, compare, delete."""

from pathlib import Path

import pytest

from job_processor.core.flow import FlowRules
from job_processor.core.job import JobError, Usage
from job_processor.core.outcome import Accepted, Failed, Outcome, Succeeded
from tests.http.problems import assert_problem
from tests.support.clock import Clock
from tests.support.site import DEFAULT, Site, open_site

FATAL = Failed(JobError("content_filter", "Refused."), retryable=False)
OUTCOMES: dict[str, Outcome] = {"WAITING": Accepted(60_000), "COMPLETED": Succeeded('{"a": 1}'), "FAILED": FATAL}


async def in_state(site: Site, state: str) -> str:
    made = str((await site.submit(metadata={"a": 1}, tags=["t"], priority=3))["id"])
    if state == "CANCELLED":
        await site.client.post(f"/jobs/{made}/cancel")
    elif state != "PENDING":
        job = await site.claim()
        if state in OUTCOMES:
            await site.say(job, OUTCOMES[state])
    assert (await site.job(made))["status"] == state
    return made


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "WAITING"])
async def test_a_cancel_ends_every_job_that_is_not_final(site: Site, state: str) -> None:
    job = await in_state(site, state)

    reply = await site.client.post(f"/jobs/{job}/cancel", {"reason": "no longer wanted"})

    assert (reply.status, reply.json()["status"], reply.json()["waitingOn"]) == (200, "CANCELLED", None)
    assert reply.json()["history"][-1]["detail"] == "no longer wanted"
    # E14: a processor that has the job is told; one that never had it is not.
    assert site.cancels == ([] if state == "PENDING" else [("main", job, 1)])


async def test_a_second_cancel_changes_nothing_and_other_final_jobs_refuse_it(site: Site) -> None:
    job = await in_state(site, "CANCELLED")
    before = await site.job(job)

    again = await site.client.post(f"/jobs/{job}/cancel", {"reason": "again"})

    assert (again.status, again.json()) == (200, before)
    for state in ("COMPLETED", "FAILED"):
        reply = await site.client.post(f"/jobs/{await in_state(site, state)}/cancel")
        assert assert_problem(reply, 409)["code"] == "state_conflict"
    assert site.cancels == []


async def test_e14_a_result_after_the_cancel_is_409_and_changes_nothing(site: Site) -> None:
    job = await in_state(site, "WAITING")
    await site.client.post(f"/jobs/{job}/cancel")

    reply = await site.callback({"jobId": job, "result": "r"}, token=site.token(job))

    assert_problem(reply, 409)
    assert (await site.job(job))["status"] == "CANCELLED"


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
async def test_a_retry_goes_on_under_the_same_id(site: Site, state: str) -> None:
    job = await in_state(site, state)

    reply = await site.client.post(f"/jobs/{job}/retry", {"maxAttempts": 2})

    after = reply.json()
    assert (reply.status, after["id"], after["status"]) == (200, job, "PENDING")
    assert (after["error"], after["result"], after["finishedAt"]) == (None, None, None)
    assert after["maxAttempts"] == after["failures"] + 2
    assert after["history"][-1]["what"] == "retried"
    assert (await site.claim()).id == job


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "WAITING", "COMPLETED"])
async def test_only_failed_and_cancelled_jobs_are_retried(site: Site, state: str) -> None:
    job = await in_state(site, state)

    assert_problem(await site.client.post(f"/jobs/{job}/retry"), 409)
    assert (await site.job(job))["status"] == state


async def test_a_retry_without_a_number_has_the_flows_attempts(site: Site) -> None:
    job = await in_state(site, "FAILED")

    assert (await site.client.post(f"/jobs/{job}/retry")).json()["maxAttempts"] == 1 + 3
    for bad in (0, 101, "1", 1.5):
        assert_problem(await site.client.post(f"/jobs/{job}/retry", {"maxAttempts": bad}), 422)


async def test_a_replay_is_a_new_job_from_the_same_prompt(site: Site) -> None:
    job = await in_state(site, "COMPLETED")

    reply = await site.client.post(f"/jobs/{job}/replay")

    new = reply.json()
    assert (reply.status, reply.headers["location"]) == (201, f"/jobs/{new['id']}")
    assert (new["replayOf"], new["status"], new["prompt"]) == (job, "PENDING", "Say hello")
    assert (new["tags"], new["metadata"], new["priority"]) == (["t"], {"a": 1}, 3)
    assert (await site.job(job))["status"] == "COMPLETED"


async def test_a_replay_on_another_flow_with_another_prompt(tmp_path: Path) -> None:
    async with open_site(tmp_path / "data", flows=(DEFAULT, FlowRules("other", max_attempts=7))) as site:
        job = await in_state(site, "FAILED")

        new = (await site.client.post(f"/jobs/{job}/replay", {"flow": "other", "prompt": "else"})).json()

        assert (new["flow"], new["prompt"], new["maxAttempts"]) == ("other", "else", 7)
        for body in ({"flow": "no-such"}, {"prompt": " "}, {"prompt": ""}, {"other": 1}):
            assert_problem(await site.client.post(f"/jobs/{job}/replay", body), 422)


async def test_a_comparison_says_where_two_results_differ(site: Site, clock: Clock) -> None:
    left = (await site.submit())["id"]
    job = await site.claim()
    clock.forward(1_500)
    await site.say(job, Succeeded('{"a": 1, "b": [1, 2], "x/y~": 0, "same": 1}', usage=Usage(10, 20, "m", "stop")))
    right = (await site.client.post(f"/jobs/{left}/replay")).json()["id"]
    await site.callback({"jobId": right, "result": '{"a": 2, "b": [1], "x/y~": 1, "same": 1, "new": null}'})

    reply = await site.client.get(f"/jobs/{left}/compare/{right}")

    found = reply.json()
    assert (found["samePrompt"], found["sameResult"]) == (True, False)
    assert found["differences"] == [
        {"path": "/a", "left": 1, "right": 2},
        {"path": "/b/1", "left": 2},
        {"path": "/new", "right": None},
        {"path": "/x~1y~0", "left": 0, "right": 1},
    ]
    assert (found["left"]["seconds"], found["left"]["promptTokens"], found["left"]["completionTokens"]) == (1.5, 10, 20)
    assert (found["left"]["resultVerdict"]["kind"], found["right"]["id"]) == ("json", right)


async def test_a_comparison_of_texts_and_of_what_is_not_there_yet(site: Site) -> None:
    left, right = await site.submit("one"), await site.submit("two")
    await site.callback({"jobId": left["id"], "result": "[" * 100_000})

    found = (await site.client.get(f"/jobs/{left['id']}/compare/{right['id']}")).json()

    assert (found["samePrompt"], found["sameResult"], found["differences"]) == (False, False, [])
    assert found["right"]["result"] is None


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ('{"a": 0.10, "b": [1]}', '{"b":[1],"a":0.1}', True),
        ("1", "1.0", False),
        ("true", "1", False),
        ("not JSON", "not  JSON", False),
        ('{"a":' * 70 + "1" + "}" * 70, '{"a":' * 70 + "2" + "}" * 70, False),
        ('{"a":' * 70 + "1" + "}" * 70, '{"a":' * 70 + " 1" + "}" * 70, True),
    ],
)
async def test_results_are_the_same_when_their_values_are(site: Site, left: str, right: str, same: bool) -> None:
    jobs = [await site.submit(), await site.submit()]
    for job, result in zip(jobs, (left, right), strict=True):
        await site.callback({"jobId": job["id"], "result": result})

    found = (await site.client.get(f"/jobs/{jobs[0]['id']}/compare/{jobs[1]['id']}")).json()

    assert found["sameResult"] is same
    # Two JSON values that differ do so somewhere.
    assert (found["differences"] == []) is (same or left == "not JSON")


async def test_a_comparison_is_bounded(site: Site) -> None:
    left, right = await site.submit(), await site.submit()
    numbers = ",".join("1" * (n % 3 + 1) for n in range(2_000))
    await site.callback({"jobId": left["id"], "result": f"[{numbers}]"})
    await site.callback({"jobId": right["id"], "result": "[]"})

    found = (await site.client.get(f"/jobs/{left['id']}/compare/{right['id']}")).json()

    assert len(found["differences"]) == 200


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "CANCELLED"])
async def test_a_final_job_can_be_deleted(site: Site, state: str) -> None:
    job = await in_state(site, state)

    reply = await site.client.request("DELETE", f"/jobs/{job}")

    assert (reply.status, reply.body) == (204, b"")
    assert_problem(await site.client.get(f"/jobs/{job}"), 404)
    assert_problem(await site.client.request("DELETE", f"/jobs/{job}"), 404)


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "WAITING"])
async def test_a_job_that_is_not_final_cannot_be_deleted(site: Site, state: str) -> None:
    job = await in_state(site, state)

    assert_problem(await site.client.request("DELETE", f"/jobs/{job}"), 409)
    assert (await site.job(job))["status"] == state


async def test_a_submission_with_everything(site: Site, clock: Clock) -> None:
    schema = {"type": "object", "required": ["a"]}

    made = await site.submit(
        flow="main",
        delaySeconds=1.5,
        priority=-100,
        tags=["x", "y"],
        metadata={"k": [1, None]},
        resultSchema=schema,
        maxAttempts=9,
        deadline="2026-12-01T00:00:00+01:00",
    )

    assert (made["priority"], made["tags"], made["metadata"]) == (-100, ["x", "y"], {"k": [1, None]})
    assert (made["resultSchema"], made["maxAttempts"], made["deadline"]) == (schema, 9, "2026-11-30T23:00:00.000Z")
    assert made["waitingOn"] == {"kind": "schedule", "detail": made["waitingOn"]["detail"], "until": made["runAt"]}
    assert (await site.stored(made["id"])).run_at == clock.now() + 1_500


async def test_a_result_is_judged_by_the_jobs_schema(site: Site) -> None:
    job = (await site.submit(resultSchema={"type": "object", "required": ["a"]}))["id"]

    after = (await site.callback({"jobId": job, "result": '{"b": 1}'})).json()

    assert (after["status"], after["resultVerdict"]["kind"]) == ("COMPLETED", "schema_mismatch")
    assert after["resultVerdict"]["schemaErrors"]
