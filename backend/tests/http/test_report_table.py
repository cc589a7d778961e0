"""Every row of the tables of docs/callbacks.md, sent through the real edge to a job that waits for its callback."""

import json
from pathlib import Path

import pytest

from job_processor.core.outcome import Accepted
from tests import mongo_server
from tests.http.problems import assert_problem, naming
from tests.http.report_table import Row, rows
from tests.store_suite.places import place_of
from tests.support.asgi import Reply
from tests.support.site import SECRET, Site, open_site

TAKEN = rows("what is taken")
REFUSED = rows("wanted")


async def waiting(site: Site) -> str:
    made = await site.submit()
    await site.say(await site.claim(), Accepted(60_000))
    return str(made["id"])


async def sent(site: Site, row: Row, job: str) -> Reply:
    headers = row.headers(**{"x-webhook-secret": SECRET})
    return await site.client.request("POST", row.path(job), body=row.sent(job), headers=headers)


def test_the_tables_are_found() -> None:
    assert len(TAKEN) > 40
    assert len(REFUSED) > 20


@pytest.mark.parametrize("row", TAKEN, ids=lambda row: row.name)
async def test_what_is_understood_is_taken(site: Site, row: Row) -> None:
    job = await waiting(site)
    wanted = json.loads(row.rest[0])

    reply = await sent(site, row, job)

    assert reply.status == 200, reply.text
    told = await site.job(job)
    assert (reply.json()["id"], reply.json()["callback"]) == (job, "applied")
    if "result" in wanted:
        assert (told["status"], told["result"]) == ("COMPLETED", wanted["result"])
    elif "error" in wanted:
        assert told["status"] == ("PENDING" if wanted.get("retryable", True) else "FAILED")
        assert told["error"] == {"code": "processor_reported", "message": wanted["error"]}
    elif "againInSeconds" in wanted:
        assert told["status"] == "PENDING"
        words = f"The processor asked to be given the job again in {wanted['againInSeconds']:g} s."
        assert told["history"][-1]["what"] == "snoozed"
        assert told["history"][-1]["detail"].startswith(words)
        assert [one["end"] for one in told["attempts"]] == ["snoozed"]
    else:
        assert (told["status"], told["progress"]) == ("WAITING", wanted["progress"])
    assert (await site.client.get("/callbacks")).json() == []


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.name)
async def test_what_cannot_be_read_is_kept_with_its_job_and_told_there(site: Site, row: Row) -> None:
    job = await waiting(site)
    status, wanted = int(row.rest[0]), row.rest[1]

    problem = assert_problem(await sent(site, row, job), status)

    assert problem["detail"] == f"{wanted}{'' if wanted.endswith('.') else '.'} The callback is kept in the inbox."
    told = await site.job(job)
    assert told["status"] == "WAITING"
    assert (told["history"][-1]["what"], told["history"][-1]["attempt"]) == ("callback_unreadable", 1)
    assert told["history"][-1]["detail"] == f"{status}: {wanted}"
    [kept] = (await site.client.get(f"/callbacks?jobId={job}")).json()
    assert (kept["verdict"], kept["content"], kept["body"]) == ("unreadable", f"{status}: {wanted}", None)
    assert kept["bodyBytes"] == len(row.sent(job))
    raw = await site.client.get(f"/callbacks/{kept['id']}/body")
    assert (raw.status, raw.body) == (200, row.sent(job))
    assert raw.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.name)
async def test_what_cannot_be_read_can_be_accepted_by_a_person(site: Site, row: Row) -> None:
    job = await waiting(site)
    await sent(site, row, job)
    [kept] = (await site.client.get("/callbacks")).json()

    reply = await site.client.post(f"/callbacks/{kept['id']}/accept")

    if not row.body:
        assert_problem(reply, 409)
        return
    text = row.sent(job).decode("utf-8", "replace")
    assert (reply.status, reply.json()["status"], reply.json()["result"]) == (200, "COMPLETED", text)
    assert [a["end"] for a in reply.json()["attempts"]] == ["succeeded"]
    assert (await site.client.get(f"/callbacks/{kept['id']}")).json()["verdict"] == "accepted"


@pytest.mark.mongo
async def test_the_tables_hold_on_mongodb_too(tmp_path: Path) -> None:
    async with (
        place_of("mongo", tmp_path, mongo_server.require()) as place,
        open_site(tmp_path, now=place.clock.now, store=await place.open()) as site,
    ):
        for row in (*TAKEN, *REFUSED):
            with naming(row.name):
                job = await waiting(site)
                reply = await sent(site, row, job)
                told = await site.job(job)
                kept = (await site.client.get(f"/callbacks?jobId={job}")).json()
                if row in TAKEN:
                    wanted = json.loads(row.rest[0])
                    assert (reply.status, kept) == (200, [])
                    assert told["result"] == wanted.get("result")
                    assert told["progress"] == wanted.get("progress")
                else:
                    assert (reply.status, told["history"][-1]["what"]) == (int(row.rest[0]), "callback_unreadable")
                    raw = await site.client.get(f"/callbacks/{kept[0]['id']}/body")
                    assert raw.body == row.sent(job)
                    taken = await site.client.post(f"/callbacks/{kept[0]['id']}/accept")
                    assert taken.status == (200 if row.body else 409)
                await site.client.post(f"/jobs/{job}/cancel")


async def test_without_proof_no_row_is_taken_and_nothing_is_kept(site: Site) -> None:
    job = await waiting(site)
    before = await site.job(job)
    for row in (*TAKEN, *REFUSED):
        for proof in ({}, {"x-webhook-secret": "wrong"}):
            reply = await site.client.request("POST", row.path(job), body=row.sent(job), headers=row.headers(**proof))
            assert_problem(reply, 401)
    assert await site.job(job) == before
    assert (await site.client.get("/callbacks")).json() == []
