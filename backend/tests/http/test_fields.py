"""`fields`: a row, or a job of an export, with these fields only."""

import csv
import io
import json
from typing import Any

import pytest

from job_processor.core.job import JobError
from job_processor.core.outcome import Failed, Succeeded
from job_processor.http import models as s
from job_processor.http.chosen_fields import names_of
from job_processor.http.routes import export
from tests.http.listed import ids
from tests.http.problems import CANARY, assert_problem, naming
from tests.support.site import Site

ROW, WHOLE = names_of(s.JobRow), names_of(s.JobWhole)


async def some_jobs(site: Site) -> None:
    """One of each kind of end, with everything that a job can have."""
    await site.submit("needle", metadata={"a": 1}, tags=["t"], key="customer", resultSchema={"type": "string"})
    await site.say(await site.claim(), Succeeded('{"broken": 1,}'))
    await site.submit("needle " + "x" * 10_000)
    await site.say(await site.claim(), Failed(JobError("x", "why"), retryable=False))
    await site.submit("needle, waiting")


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("search", ["", "&q=needle&snippets=true", "&status=COMPLETED"])
async def test_each_field_is_as_it_is_in_the_whole_row(site: Site, search: str) -> None:
    await some_jobs(site)
    rows = (await site.client.get(f"/jobs?clip=100{search}")).json()
    assert rows
    assert tuple(rows[0]) == ROW
    for name in ROW:
        found = (await site.client.get(f"/jobs?clip=100{search}&fields={name}")).json()
        assert found == [{"id": row["id"], name: row[name]} for row in rows], name


async def test_fields_come_in_the_order_of_the_row_with_the_id(site: Site) -> None:
    await some_jobs(site)
    for asked in ("status,prompt", "prompt,status", "status,prompt,id", "prompt,status,prompt"):
        for row in (await site.client.get(f"/jobs?fields={asked}")).json():
            assert list(row) == ["id", "prompt", "status"]


async def test_the_next_page_has_the_same_fields(site: Site) -> None:
    await some_jobs(site)
    reply = await site.client.get("/jobs?limit=2&fields=status")
    following = reply.headers["link"].removeprefix("<").partition(">")[0]
    assert [list(row) for row in (await site.client.get(following)).json()] == [["id", "status"]]


@pytest.mark.parametrize("fields", [CANARY, "", ",", "id,", "id,,status", "id status", "Status", "id,verdict", "id%0A"])
async def test_other_names_are_refused_with_those_that_there_are(site: Site, fields: str) -> None:
    for path, names in (("/jobs", ROW), ("/jobs/export", WHOLE), ("/jobs/export?format=csv", export.FIELDS)):
        if fields == "id,verdict" and names is export.FIELDS:
            continue
        with naming(path):
            asked = f"{path}{'&' if '?' in path else '?'}fields={fields}"
            [error] = assert_problem(await site.client.get(asked), 422)["errors"]
            assert error["field"] == "fields"
            assert all(name in error["message"] for name in names)


async def test_a_field_of_json_alone_is_refused_for_csv_and_the_other_way_round(site: Site) -> None:
    for query in ("format=csv&fields=attempts", "format=ndjson&fields=errorCode"):
        with naming(query):
            assert_problem(await site.client.get(f"/jobs/export?{query}"), 422)


async def test_each_field_of_an_export_is_as_it_is_in_the_whole_job(site: Site) -> None:
    await some_jobs(site)
    jobs = lines((await site.client.get("/jobs/export")).text)
    assert tuple(jobs[0]) == WHOLE
    for name in WHOLE:
        found = lines((await site.client.get(f"/jobs/export?fields={name}")).text)
        assert found == [{"id": job["id"], name: job[name]} for job in jobs], name
    assert list(lines((await site.client.get("/jobs/export?fields=result,status")).text)[0]) == [
        *("id", "status", "result")
    ]


async def test_each_column_of_an_export_is_as_it_is_with_all_of_them(site: Site) -> None:
    await some_jobs(site)
    _, *rows = csv.reader(io.StringIO((await site.client.get("/jobs/export?format=csv")).text))
    for place, name in enumerate(export.FIELDS):
        names, *found = csv.reader(io.StringIO((await site.client.get(f"/jobs/export?format=csv&fields={name}")).text))
        both = dict.fromkeys(("id", name))
        assert names == list(both)
        assert found == [[row[place if one == name else 0] for one in both] for row in rows], name


async def test_an_export_of_what_lists_have_reads_no_job_by_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await some_jobs(site)
    monkeypatch.setattr(export, "BATCH", 2)
    listed = ids(await site.client.get("/jobs"))
    monkeypatch.setattr(site.store, "get", None)
    wanted = ",".join(name for name in WHOLE if name not in export.NOT_IN_LISTS)
    assert [job["id"] for job in lines((await site.client.get(f"/jobs/export?fields={wanted}")).text)] == listed
