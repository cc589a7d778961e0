"""The callback inbox: what changed nothing is kept, what came too early is matched, a late result can be taken."""

from job_processor.core.inbox import MAX_KEPT_PER_JOB
from tests.http.inbox import accept, failed_job, inbox, reject
from tests.http.problems import assert_problem, naming
from tests.support.site import Site


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


async def test_a_completed_job_takes_nothing_more_and_says_so(site: Site) -> None:
    job = (await site.submit())["id"]
    await site.callback({"jobId": job, "result": "r"})
    before = await site.job(job)
    await site.callback({"jobId": job})
    [kept] = await inbox(site)

    assert "COMPLETED" in assert_problem(await accept(site, kept), 409)["detail"]
    assert await site.job(job) == before


async def test_what_proves_nothing_is_not_kept(site: Site) -> None:
    job = (await site.submit())["id"]
    assert (await site.callback({"jobId": job, "result": "r"}, secret="wrong")).status == 401
    assert (await site.callback({"jobId": "0" * 24, "result": "r"}, token=site.token(job))).status == 401

    assert await inbox(site) == []


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
