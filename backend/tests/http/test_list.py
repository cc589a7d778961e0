"""Lists: filters that are honoured or refused, pages without gaps."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from job_processor.core.cost import Prices
from job_processor.core.job import JobError, Usage
from job_processor.core.outcome import Failed, Succeeded
from job_processor.http.answer import MAX_PAGE_BYTES
from job_processor.http.paging import cursor_after
from job_processor.http.routes import export, finding
from tests.http.listed import ids
from tests.http.problems import assert_problem, naming
from tests.support.asgi import Reply
from tests.support.site import DEFAULT, Site, open_site


def next_page(reply: Reply) -> str | None:
    link = reply.headers.get("link")
    if link is None:
        return None
    found = re.fullmatch(r'<(/jobs\?[^>]+)>; rel="next"', link)
    assert found is not None, link
    return found[1]


@pytest.mark.parametrize("limit", [1, 3, 7, 25, 26])
async def test_pages_show_every_job_once_and_no_new_one_between(site: Site, limit: int) -> None:
    made = [(await site.submit(f"p{n}"))["id"] for n in range(25)]
    seen: list[str] = []
    page: str | None = f"/jobs?limit={limit}"
    while page is not None:
        reply = await site.client.get(page)
        seen += ids(reply)
        page = next_page(reply)
        # What is submitted meanwhile belongs to no later page.
        await site.submit("newer")

    assert seen == made[::-1]


async def test_a_page_ends_before_it_grows_beyond_its_bytes_and_the_next_goes_on(site: Site) -> None:
    # Each character takes six bytes as JSON.
    made = [(await site.submit("p" + "\x01" * 8_000))["id"] for _ in range(100)]
    seen: list[str] = []
    sizes: list[int] = []
    page: str | None = "/jobs?limit=200"
    while page is not None:
        reply = await site.client.get(page)
        seen += ids(reply)
        sizes.append(len(reply.body))
        page = next_page(reply)

    assert seen == made[::-1]
    assert max(sizes) <= MAX_PAGE_BYTES
    assert len(sizes) == 3


async def test_a_row_carries_the_kind_of_a_verdict_and_its_first_error_and_no_repair(site: Site) -> None:
    for _ in range(10):
        await site.submit()
        await site.say(await site.claim(), Succeeded("[" + '{"a": 1 "b": 2},' * 6_000))
    whole = await site.job(ids(await site.client.get("/jobs"))[0])
    assert len(whole["resultVerdict"]["repaired"]["text"]) > 90_000

    reply = await site.client.get("/jobs")

    for row in reply.json():
        assert row["resultVerdict"]["repaired"] is None
        assert row["resultVerdict"]["error"] == whole["resultVerdict"]["error"]
    assert len(reply.body) < 100_000


async def test_a_row_names_the_first_of_several_schema_errors(site: Site) -> None:
    await site.submit(resultSchema={"type": "array", "items": {"type": "integer"}})
    await site.say(await site.claim(), Succeeded('["a", "b"]'))

    [row] = (await site.client.get("/jobs")).json()

    assert row["resultVerdict"]["kind"] == "schema_mismatch"
    assert [error["path"] for error in row["resultVerdict"]["schemaErrors"]] == ["/0"]


async def test_a_page_link_keeps_the_filters(site: Site) -> None:
    for n in range(6):
        await site.submit(f"p{n}", tags=["even" if n % 2 == 0 else "odd & more"])

    reply = await site.client.get("/jobs?limit=2&tag=odd+%26+more&status=PENDING&status=RUNNING")
    page = next_page(reply)
    assert page is not None
    second = await site.client.get(page)

    assert [job["prompt"] for job in reply.json() + second.json()] == ["p5", "p3", "p1"]
    assert next_page(second) is None


async def test_deleting_the_job_at_the_end_of_a_page_makes_no_gap(site: Site) -> None:
    made = [(await site.submit(f"p{n}"))["id"] for n in range(5)]
    reply = await site.client.get("/jobs?limit=2")
    last = ids(reply)[-1]
    await site.client.post(f"/jobs/{last}/cancel")
    await site.client.request("DELETE", f"/jobs/{last}")

    page = next_page(reply)
    assert page is not None

    assert ids(await site.client.get(page)) == [made[2], made[1]]


@pytest.mark.parametrize("clip", [0, 1, 4, 300, 4096])
async def test_texts_are_cut_to_as_many_bytes_as_are_asked_for(site: Site, clip: int) -> None:
    prompt = "€" * 3_000
    await site.submit(prompt)
    await site.say(await site.claim(), Succeeded(""))

    (row,) = (await site.client.get(f"/jobs?clip={clip}")).json()

    assert row["prompt"] == "€" * (clip // 3)
    assert (row["promptTruncated"], row["promptBytes"]) == (True, 9_000)
    assert (row["result"], row["resultTruncated"], row["resultBytes"]) == ("", False, 0)


async def test_the_count_is_of_the_same_filters_as_the_list(site: Site) -> None:
    made = [(await site.submit(f"p{n}", tags=["odd" if n % 2 else "even"]))["id"] for n in range(5)]

    for query, count in (("", 5), (f"after={made[1]}", 3), ("tag=odd", 2), (f"ids={made[0]}", 1), ("q=p3", 1)):
        reply = await site.client.get(f"/jobs/count?{query}")
        counted = {"count": count, "more": False, "byStatus": {"PENDING": count}, "complete": True}
        assert (reply.status, reply.json()) == (200, counted), query
    for query in ("limit=5", "cursor=x", "clip=3", "after=", "after=F", "status=NONE"):
        with naming(query):
            assert_problem(await site.client.get(f"/jobs/count?{query}"), 422)


async def test_what_is_not_counted_any_more_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MAX_COUNT", 2)
    for count, more in ((1, False), (2, False), (2, True)):
        await site.submit()
        counted = (await site.client.get("/jobs/count")).json()
        assert (counted["count"], counted["more"]) == (count, more)


async def test_groups_say_how_many_have_the_same_error_flow_or_tag(site: Site) -> None:
    failed = [(await site.submit("p", tags=["eu"]))["id"] for _ in range(2)]
    for _ in failed:
        await site.say(await site.claim(), Failed(JobError("no_luck", "x"), retryable=False))
    await site.submit("q")

    [group] = (await site.client.get("/jobs/groups")).json()["groups"]
    assert (group["value"], group["count"], group["example"]) == ("no_luck", 2, failed[1])
    assert (group["flow"], group["since"] <= group["until"]) == (DEFAULT.name, True)
    assert group["costMicros"] is None
    by_tag = (await site.client.get("/jobs/groups?by=tag&q=-status:pending")).json()
    assert [(one["value"], one["flow"], one["count"]) for one in by_tag["groups"]] == [("eu", None, 2)]
    assert (by_tag["more"], by_tag["currency"]) == (False, "USD")
    await site.submit("q", key="acme")
    [by_key] = (await site.client.get("/jobs/groups?by=key")).json()["groups"]
    assert (by_key["value"], by_key["flow"], by_key["count"]) == ("acme", None, 1)
    for query in ("by=state", "by=", "limit=3", "q=x:y"):
        with naming(query):
            assert_problem(await site.client.get(f"/jobs/groups?{query}"), 422)


async def test_a_row_shows_where_the_words_stand(site: Site) -> None:
    await site.submit("a " * 6_000 + "needle here")
    [row] = (await site.client.get("/jobs?q=needl&snippets=true&clip=5")).json()
    assert row["prompt"] == "a a a"
    [snippet] = row["snippets"]
    assert snippet["field"] == "prompt"
    assert {"text": "needle", "found": True} in snippet["pieces"]
    for query in ("q=needle", "snippets=true", "snippets=false&q=needle", "q=status:pending&snippets=true"):
        [row] = (await site.client.get(f"/jobs?{query}")).json()
        assert row["snippets"] == [], query
    assert_problem(await site.client.get("/jobs?snippets=yes"), 422)


async def test_a_cursor_of_a_job_that_never_was_is_only_a_place(site: Site) -> None:
    made = (await site.submit())["id"]

    assert ids(await site.client.get(f"/jobs?cursor={cursor_after('f' * 24)}")) == [made]
    assert ids(await site.client.get(f"/jobs?cursor={cursor_after('0' * 24)}")) == []


async def test_every_listed_job_that_is_not_final_says_what_it_waits_for(site: Site) -> None:
    await site.submit()
    await site.submit(delaySeconds=60)

    kinds = [job["waitingOn"]["kind"] for job in (await site.client.get("/jobs")).json()]

    assert kinds == ["schedule", "worker"]


async def test_an_export_has_what_each_job_cost(tmp_path: Path) -> None:
    rules = replace(DEFAULT, prices=Prices(1_000_000, 1_000_000))
    async with open_site(tmp_path / "data", flows=(rules,)) as site:
        await site.submit("free")
        await site.submit("p")
        paid = await site.claim()
        await site.say(paid, Succeeded("r", usage=Usage(40, 2)))
        lines = (await site.client.get("/jobs/export")).text.splitlines()
        costs = {job["id"]: job["costMicros"] for job in map(json.loads, lines)}
        assert sorted(map(str, costs.values())) == ["42", "None"]
        names, *rows = csv.reader(io.StringIO((await site.client.get("/jobs/export?format=csv")).text))
        place = names.index("costMicros")
        assert {row[0]: row[place] for row in rows} == {
            id_: "" if cost is None else str(cost) for id_, cost in costs.items()
        }


async def test_an_export_has_every_job_whole_and_goes_on_after_any_of_them(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "BATCH", 3)
    monkeypatch.setattr(export, "AT_ONCE", 2)
    made = [
        (await site.submit(f'"p", {n}\n' + "x" * 5_000, tags=["even"] if n % 2 == 0 else []))["id"] for n in range(7)
    ]

    reply = await site.client.get("/jobs/export")
    assert reply.headers["content-type"] == "application/x-ndjson"
    jobs = [json.loads(line) for line in reply.text.splitlines()]
    assert [job["id"] for job in jobs] == made[::-1]
    whole = (await site.client.get(f"/jobs/{made[0]}")).json()
    assert jobs[-1] == whole | {"waitingOn": None}
    rest = await site.client.get(f"/jobs/export?before={made[3]}&q=tag:even")
    assert [json.loads(line)["id"] for line in rest.text.splitlines()] == [made[2], made[0]]

    reply = await site.client.get("/jobs/export?format=csv&tag=even")
    names, *rows = csv.reader(io.StringIO(reply.text))
    assert names == list(export.FIELDS)
    assert [row[0] for row in rows] == made[::-1][::2]
    assert rows[-1][names.index("prompt")] == whole["prompt"]
    assert (await site.client.get("/jobs/export?q=nothing")).body == b""
    for query in ("format=xml", "before=x", "q=x:y", "limit=3"):
        with naming(query):
            assert_problem(await site.client.get(f"/jobs/export?{query}"), 422)
