"""The callback inbox: what changed nothing is kept, what came too early is matched, a late result can be taken."""

import gzip
import json

import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.core.inbox import MAX_KEPT_PER_JOB
from job_processor.core.job import JobError
from job_processor.core.outcome import Accepted, Failed
from tests.http.problems import CANARY, assert_problem, naming
from tests.support.asgi import Reply
from tests.support.clock import Clock
from tests.support.site import SECRET, Site

FINAL_FAILURE = Failed(JobError("bad", "bad"), retryable=False)


async def failed_job(site: Site) -> str:
    made = await site.submit()
    await site.say(await site.claim(), FINAL_FAILURE)
    return str(made["id"])


async def inbox(site: Site, query: str = "") -> list[dict[str, object]]:
    reply = await site.client.get(f"/callbacks{query}")
    assert reply.status == 200, reply.text
    found: list[dict[str, object]] = reply.json()
    return found


async def accept(site: Site, callback: dict[str, object]) -> Reply:
    return await site.client.post(f"/callbacks/{callback['id']}/accept")


async def test_a_late_result_is_kept_as_it_came(site: Site) -> None:
    job = await failed_job(site)
    for _ in range(2):
        late = await site.callback({"jobId": job, "result": '{"a": 1}', "attempt": 1, "executionId": "e"})
        assert late.status == 409

    [kept] = await inbox(site, f"?jobId={job}")

    assert (kept["verdict"], kept["said"], kept["content"]) == ("late", "result", '{"a": 1}')
    assert (kept["jobId"], kept["attempt"], kept["executionId"], kept["deliveries"]) == (job, 1, "e", 2)
    assert (kept["contentBytes"], kept["contentTruncated"]) == (8, False)
    assert (await site.client.get(f"/callbacks/{kept['id']}")).json() == kept


async def test_a_person_accepts_a_late_result(site: Site) -> None:
    job = await failed_job(site)
    await site.callback({"jobId": job, "result": '{"a": 1,}'})
    [kept] = await inbox(site)

    reply = await accept(site, kept)

    assert (reply.status, reply.json()["status"], reply.json()["result"]) == (200, "COMPLETED", '{"a": 1,}')
    assert reply.json()["resultVerdict"]["kind"] == "malformed"
    assert reply.json()["history"][-1]["what"] == "result_accepted"
    assert [one["verdict"] for one in await inbox(site)] == ["accepted"]
    again = await accept(site, kept)
    assert (again.status, again.json()["updatedAt"]) == (200, reply.json()["updatedAt"])


async def reject(site: Site, callback: dict[str, object]) -> Reply:
    return await site.client.post(f"/callbacks/{callback['id']}/reject")


async def counted(site: Site) -> dict[str, int]:
    reply = await site.client.get("/callbacks/count")
    assert (reply.status, reply.json()["countedTo"]) == (200, 1000), reply.text
    return {verdict: n for verdict, n in reply.json()["byVerdict"].items() if n > 0}


async def test_a_person_rejects_a_late_result_and_may_still_accept_it(site: Site) -> None:
    job = await failed_job(site)
    await site.callback({"jobId": job, "result": "late"})
    [kept] = await inbox(site)
    assert await counted(site) == {"late": 1}

    for _ in range(2):
        reply = await reject(site, kept)
        assert (reply.status, reply.json()) == (200, {**kept, "verdict": "rejected"})
    assert (await site.job(job))["status"] == "FAILED"
    assert await counted(site) == {"rejected": 1}
    await site.callback({"jobId": job, "result": "late"})
    assert [(one["verdict"], one["deliveries"]) for one in await inbox(site, "?verdict=rejected")] == [("rejected", 2)]

    assert (await accept(site, kept)).json()["result"] == "late"
    assert "accepted" in assert_problem(await reject(site, kept), 409)["detail"]
    assert await counted(site) == {"accepted": 1}


async def test_what_nobody_has_to_decide_about_is_not_rejected(site: Site) -> None:
    job = (await site.submit())["id"]
    for _ in range(2):
        await site.callback({"jobId": job, "result": "r"})
    await site.callback({"jobId": "0" * 24, "result": "r"})
    unknown, duplicate = await inbox(site)

    for one in (unknown, duplicate):
        assert str(one["verdict"]) in assert_problem(await reject(site, one), 409)["detail"]
    assert_problem(await reject(site, {"id": "f" * 24}), 404)


async def test_nobody_is_told_that_a_late_result_is_kept_when_it_is_not(site: Site) -> None:
    job = await failed_job(site)
    for n in range(MAX_KEPT_PER_JOB):
        reply = await site.callback({"jobId": job, "result": f"{n}"})
        assert "is kept in the inbox" in assert_problem(reply, 409)["detail"]

    beyond = assert_problem(await site.callback({"jobId": job, "result": "one more"}), 409)

    assert (beyond["code"], "is not kept" in beyond["detail"]) == ("late_result", True)
    assert "one more" not in str(await inbox(site, f"?jobId={job}&limit=100"))


async def test_a_late_result_of_a_cancelled_job_can_be_accepted(site: Site) -> None:
    job = (await site.submit())["id"]
    await site.client.post(f"/jobs/{job}/cancel")
    await site.callback({"jobId": job, "result": ""})
    [kept] = await inbox(site)

    assert (await accept(site, kept)).json()["result"] == ""


async def test_a_job_in_any_other_state_takes_no_late_result(site: Site) -> None:
    job = await failed_job(site)
    await site.callback({"jobId": job, "result": "late"})
    [kept] = await inbox(site)
    await site.client.post(f"/jobs/{job}/retry")

    assert "PENDING" in assert_problem(await accept(site, kept), 409)["detail"]

    await site.callback({"jobId": job, "result": "another"})
    assert "COMPLETED" in assert_problem(await accept(site, kept), 409)["detail"]
    assert (await site.job(job))["result"] == "another"


async def test_a_different_result_is_kept_and_a_duplicate_only_counted(site: Site) -> None:
    job = (await site.submit())["id"]
    for result in ("first", "second", "first", "first"):
        await site.callback({"jobId": job, "result": result})

    duplicate, different = await inbox(site)

    assert (different["verdict"], different["content"]) == ("different", "second")
    assert (duplicate["verdict"], duplicate["content"], duplicate["deliveries"]) == ("duplicate", "", 2)
    assert assert_problem(await accept(site, duplicate), 409)["code"] == "state_conflict"


async def test_what_was_applied_is_the_job_and_is_not_kept_twice(site: Site) -> None:
    job = (await site.submit())["id"]
    await site.callback({"jobId": job, "progress": "half"})
    await site.callback({"jobId": job, "result": "r"})
    await site.callback({"jobId": job, "progress": "more"})

    assert await inbox(site) == []


async def test_a_stale_error_is_kept_and_cannot_be_accepted(site: Site) -> None:
    job = (await site.submit())["id"]
    await site.callback({"jobId": job, "error": "too early"})
    [kept] = await inbox(site)

    assert (kept["verdict"], kept["said"], kept["content"]) == ("stale", "error", "too early")
    assert_problem(await accept(site, kept), 409)


async def test_a_report_on_an_unknown_job_is_kept(site: Site) -> None:
    nobody = "0" * 24
    assert (await site.callback({"jobId": nobody, "result": "r"})).status == 404
    [kept] = await inbox(site, "?verdict=unknown")

    assert (kept["verdict"], kept["jobId"], kept["content"]) == ("unknown", nobody, "r")
    assert_problem(await accept(site, kept), 404)


async def test_what_cannot_be_read_is_kept_whole_with_whose_it_is_and_not_echoed(site: Site) -> None:
    job = (await site.submit())["id"]
    assert_problem(await site.callback({"result": None, "x": CANARY}, token=site.token(job, 2)), 422)
    assert_problem(await site.callback({"id": "f" * 24, CANARY: "r"}), 422)
    assert_problem(await site.callback({"job": {"id": job.upper()}, "output": CANARY}), 422)
    headers = {"authorization": f"Bearer {site.token(job)}", "content-type": "text/plain"}
    await site.client.request("POST", "/webhook/callback", body=b"x" * 1_100_000, headers=headers)

    kept = await inbox(site)

    assert [one["verdict"] for one in kept] == ["unreadable"] * 4
    assert [str(one["content"])[:3] for one in kept] == ["400", "422", "422", "422"]
    assert [(one["jobId"], one["attempt"]) for one in kept] == [(job, 1), (job, None), (None, None), (job, 2)]
    # Lists leave the bodies out.
    assert CANARY not in str(kept)
    assert (kept[0]["bodyBytes"], kept[0]["bodyTruncated"]) == (1_048_576, True)
    assert (kept[0]["contentType"], kept[1]["contentType"]) == ("text/plain", "application/json")
    assert CANARY in (await site.client.get(f"/callbacks/{kept[1]['id']}")).json()["body"]


async def test_of_several_ids_in_the_bytes_the_job_under_way_is_meant(site: Site) -> None:
    done = await failed_job(site)
    job = (await site.submit())["id"]
    body = f'{{"previous": "{done}", "nobody": "{"e" * 24}", "mine": "{job}"'.encode()

    await site.client.request("POST", "/webhook/callback", body=body, headers={"x-webhook-secret": SECRET})

    assert [one["jobId"] for one in await inbox(site)] == [job]


@pytest.mark.parametrize("query", ["jobId=%7B{}%7D", "jobId={};x=1", "jobId={}&jobId=" + "e" * 24])
async def test_an_address_that_cannot_be_read_still_says_whose_it_is(site: Site, query: str) -> None:
    job = (await site.submit())["id"]
    path = f"/webhook/callback?{query.format(job)}"

    await site.client.request("POST", path, body=b'{"result": "r"}', headers={"x-webhook-secret": SECRET})

    assert [one["jobId"] for one in await inbox(site)] == [job]


async def test_a_compressed_callback_is_kept_with_its_job(site: Site) -> None:
    job = (await site.submit())["id"]
    body = gzip.compress(json.dumps({"jobId": job, "result": "r"}).encode())
    headers = {"x-webhook-secret": SECRET, "content-encoding": "gzip"}

    assert_problem(await site.client.request("POST", "/webhook/callback", body=body, headers=headers), 415)

    assert [one["jobId"] for one in await inbox(site)] == [job]


async def test_no_two_jobs_share_what_could_not_be_read(site: Site) -> None:
    one, two = (await site.submit())["id"], (await site.submit())["id"]
    for job in (one, two, one):
        headers = {"x-webhook-secret": SECRET}
        await site.client.request("POST", f"/webhook/callback?jobId={job}", body=b"oops", headers=headers)

    assert [(kept["jobId"], kept["deliveries"]) for kept in await inbox(site)] == [(two, 1), (one, 2)]


async def test_a_sender_that_is_never_understood_fills_neither_the_history_nor_the_inbox(site: Site) -> None:
    job = (await site.submit())["id"]
    for n in range(MAX_KEPT_PER_JOB + 5):
        path, headers = f"/webhook/callback?jobId={job}", {"x-webhook-secret": SECRET}
        reply = await site.client.request("POST", path, body=b'["%d"' % n + b"{}," * (n % 13) + b"]", headers=headers)

    assert "It is not kept" in assert_problem(reply, 400, 422)["detail"]
    assert len(await inbox(site, "?limit=200")) == MAX_KEPT_PER_JOB
    told = [e for e in (await site.job(job))["history"] if e["what"] == "callback_unreadable"]
    assert 1 <= len(told) <= 10


async def test_without_a_store_what_cannot_be_read_is_asked_for_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be kept now: a sender that comes again is not told that it is at fault."""
    job = (await site.submit())["id"]

    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("down")

    monkeypatch.setattr(site.store, "keep_callback", away)
    reply = await site.callback({"jobId": job})

    assert_problem(reply, 503)
    assert reply.headers["retry-after"]


async def test_a_completed_job_takes_nothing_more_and_says_so(site: Site) -> None:
    job = (await site.submit())["id"]
    await site.callback({"jobId": job, "result": "r"})
    before = await site.job(job)
    await site.callback({"jobId": job})
    [kept] = await inbox(site)

    assert "COMPLETED" in assert_problem(await accept(site, kept), 409)["detail"]
    assert await site.job(job) == before


async def test_what_is_not_whole_cannot_be_accepted(site: Site) -> None:
    job = (await site.submit())["id"]
    token = {"authorization": f"Bearer {site.token(job)}"}
    long = '{"result": "' + "ä" * 524_289 + '"}'
    reply = await site.client.request("POST", "/webhook/callback", body=long.encode(), headers=token)
    assert assert_problem(reply, 413)["code"] == "result_too_large"
    await site.client.request("POST", "/webhook/callback", body=[b"x" * 65_536] * 200, headers=token)
    huge = {**token, "content-length": "104857600"}
    await site.client.request("POST", "/webhook/callback", body=b"x", headers=huge)

    kept = await inbox(site)

    assert [(one["bodyBytes"], one["bodyTruncated"]) for one in kept] == [
        (None, False),
        (1_048_576, True),
        (1_048_576, True),
    ]
    for one in kept:
        assert_problem(await accept(site, one), 409)
    assert len([e for e in (await site.job(job))["history"] if e["what"] == "callback_unreadable"]) == 2


async def test_the_size_of_a_result_is_measured_when_it_is_decoded(site: Site) -> None:
    """800 KB that a client escapes to 2.4 MB pass; a byte more than the limit does not."""
    text = "é" * 400_000
    job = (await site.submit())["id"]
    escaped = json.dumps({"jobId": job, "result": text}).encode()
    assert len(escaped) > 2_400_000

    headers = {"x-webhook-secret": SECRET}
    reply = await site.client.request("POST", "/webhook/callback", body=escaped, headers=headers)

    assert (reply.status, reply.json()["result"]) == (200, text)
    for more, status in ((0, 200), (1, 413)):
        job = (await site.submit())["id"]
        worst = json.dumps({"jobId": job, "result": "\x01" * (1_048_576 + more)}).encode()
        reply = await site.client.request("POST", "/webhook/callback", body=worst, headers=headers)
        assert reply.status == status


async def test_a_setting_takes_more(site: Site) -> None:
    site.context.max_result_bytes = 8 * 1_048_576
    job = (await site.submit())["id"]
    headers = {"x-webhook-secret": SECRET}
    text = "x" * 8 * 1_048_576

    reply = await site.client.request(
        "POST", "/webhook/callback", body=json.dumps({"jobId": job, "result": text}).encode(), headers=headers
    )

    assert (reply.status, len(reply.json()["result"])) == (200, len(text))


async def test_what_proves_nothing_is_not_kept(site: Site) -> None:
    job = (await site.submit())["id"]
    assert (await site.callback({"jobId": job, "result": "r"}, secret="wrong")).status == 401
    assert (await site.callback({"jobId": "0" * 24, "result": "r"}, token=site.token(job))).status == 401

    assert await inbox(site) == []


async def test_a_crash_report_before_the_acceptance_counts_when_that_is_recorded(site: Site) -> None:
    job = (await site.submit())["id"]
    claimed = await site.claim()
    early = await site.callback({"executionId": "e-7", "error": "out of memory"})
    assert (early.status, early.json()) == (202, {"callback": "unknown"})

    after = await site.say(claimed, Accepted(60_000, "e-7"))

    assert (after.id, after.state.value, after.failures) == (job, "PENDING", 1)
    assert after.error == JobError("processor_reported", "out of memory")
    [kept] = await inbox(site)
    assert (kept["verdict"], kept["jobId"]) == ("applied", job)


async def test_a_crash_report_that_may_not_be_retried_ends_the_job_when_it_is_matched(site: Site) -> None:
    await site.submit()
    claimed = await site.claim()
    await site.callback({"executionId": "e-7", "error": "no", "retryable": False})

    assert (await site.say(claimed, Accepted(60_000, "e-7"))).state.value == "FAILED"


async def test_a_crash_report_from_before_the_attempt_is_not_about_it(site: Site, clock: Clock) -> None:
    """A new n8n counts its executions from one again."""
    await site.callback({"executionId": "1", "error": "long ago"})
    clock.forward(60_000)
    await site.submit()

    after = await site.say(await site.claim(), Accepted(60_000, "1"))

    assert (after.state.value, after.failures) == ("WAITING", 0)


async def test_what_another_job_got_from_an_execution_of_the_same_number_is_no_crash_report(site: Site) -> None:
    """Two n8n behind one Job Processor count their executions alike."""
    other = await failed_job(site)
    await site.submit()
    claimed = await site.claim()
    await site.callback({"jobId": other, "executionId": "7", "result": "a secret"})
    await site.callback({"jobId": other, "executionId": "7", "error": "stale"})
    await site.callback({"jobId": "0" * 24, "executionId": "7", "error": "nobody's"})

    after = await site.say(claimed, Accepted(60_000, "7"))

    assert (after.state.value, after.failures, after.error) == ("WAITING", 0, None)


async def test_a_crash_report_that_came_again_counts_for_the_attempt_it_is_about_now(site: Site, clock: Clock) -> None:
    """A new n8n, the same number, the same words: the report is known already, and is news all the same."""
    for n in range(2):
        await site.submit()
        claimed = await site.claim()
        clock.forward(60_000)
        await site.callback({"executionId": "1", "error": "crashed"})
        assert (await site.say(claimed, Accepted(60_000, "1"))).failures == 1, n
        await site.client.post(f"/jobs/{claimed.id}/cancel")


async def test_a_crash_report_stamped_by_a_clock_that_is_a_little_behind_still_counts(site: Site, clock: Clock) -> None:
    """Each process carries the database's time on by itself, so two of them differ by a little."""
    await site.submit()
    claimed = await site.claim()
    clock.forward(-3_000)
    await site.callback({"executionId": "e-7", "error": "out of memory"})
    clock.forward(3_000)

    assert (await site.say(claimed, Accepted(60_000, "e-7"))).failures == 1


async def test_a_crash_report_that_comes_again_is_counted_and_changes_nothing(site: Site) -> None:
    job = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(60_000, "e-7"))
    for _ in range(3):
        await site.callback({"executionId": "e-7", "error": "crashed"})

    [kept] = await inbox(site)

    assert (kept["verdict"], kept["jobId"], kept["deliveries"]) == ("applied", job, 3)
    assert (await site.job(job))["failures"] == 1


async def test_pages_and_filters(site: Site) -> None:
    job = await failed_job(site)
    for n in range(5):
        await site.callback({"jobId": job, "result": str(n)})
    await site.callback({"jobId": "0" * 24, "result": "r"})

    first = await site.client.get(f"/callbacks?verdict=late&limit=3&jobId={job}")
    assert [one["content"] for one in first.json()] == ["4", "3", "2"]
    link = dict(first.headers)["link"]
    assert link.endswith('; rel="next"')
    second = await site.client.get(link[1 : link.index(">")])
    assert [one["content"] for one in second.json()] == ["1", "0"]
    assert [one["verdict"] for one in await inbox(site, "?verdict=unknown,duplicate")] == ["unknown"]


async def test_a_filter_that_cannot_be_honoured_is_refused(site: Site) -> None:
    for query, field in (
        ("jobId=x", "jobId"),
        ("verdict=wrong", "verdict"),
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
        ("status=late", "query"),
        ("limit=1&limit=2", "limit"),
    ):
        with naming(query):
            problem = assert_problem(await site.client.get(f"/callbacks?{query}"), 422)
            assert [one["field"] for one in problem["errors"]] == [field]


async def test_a_callback_that_is_not_there_is_404(site: Site) -> None:
    for path in ("/callbacks/nothing", f"/callbacks/{'0' * 24}"):
        assert assert_problem(await site.client.get(path), 404)["code"] == "callback_not_found"
        assert assert_problem(await site.client.post(f"{path}/accept"), 404)["code"] == "callback_not_found"


async def test_a_big_result_is_cut_in_the_list_and_whole_by_its_id(site: Site) -> None:
    job = await failed_job(site)
    await site.callback({"jobId": job, "result": "\u20ac" * 2_000})
    [kept] = await inbox(site)

    assert (kept["contentTruncated"], kept["contentBytes"]) == (True, 6_000)
    assert kept["content"] == "\u20ac" * 1_365
    whole = (await site.client.get(f"/callbacks/{kept['id']}")).json()
    assert (whole["content"], whole["contentTruncated"]) == ("\u20ac" * 2_000, False)
