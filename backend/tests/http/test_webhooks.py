"""Endpoints and deliveries over HTTP: what is shown and what never is, what is refused, what the audit says."""

import pytest

from tests.http.problems import assert_problem
from tests.support.site import Site

URL = "https://example.com/hook"


async def made(site: Site, **fields: object) -> dict[str, object]:
    reply = await site.client.post("/webhook-endpoints", {"url": URL, **fields})
    assert reply.status == 201, reply.text
    assert reply.headers["location"] == f"/webhook-endpoints/{reply.json()['id']}"
    answer: dict[str, object] = reply.json()
    return answer


async def test_a_secret_is_shown_once(site: Site) -> None:
    first = await made(site, events=["failed", "failed"], flows=["main"], description=" all that fails ")
    assert (first["events"], first["flows"], first["description"]) == (["failed"], ["main"], "all that fails")
    path = f"/webhook-endpoints/{first['id']}"
    second = (await site.client.post(f"{path}/rotate", {"overlapSeconds": 60})).json()
    assert second["secret"] != first["secret"]
    for reply in (
        await site.client.get(path),
        await site.client.get("/webhook-endpoints"),
        await site.client.post(f"{path}/disable"),
        await site.client.post(f"{path}/enable"),
        await site.client.post(f"{path}/test"),
        await site.client.get("/webhook-deliveries"),
        await site.client.get("/audit"),
    ):
        assert reply.status in (200, 201), reply.text
        assert "whsec" not in reply.text


async def test_a_change_replaces_every_field_but_the_secret(site: Site) -> None:
    first = await made(site, events=["failed"], flows=["main"], description="all that fails")
    path = f"/webhook-endpoints/{first['id']}"
    [stored] = await site.store.webhook_endpoints()
    changed = (await site.client.request("PUT", path, json_body={"url": f"{URL}?all", "events": ["completed"]})).json()
    assert changed == (await site.client.get(path)).json()
    kept = {name: value for name, value in first.items() if name in ("id", "createdAt", "createdBy")}
    assert changed == {
        **kept,
        "url": f"{URL}?all",
        "events": ["completed"],
        "flows": None,
        "description": "",
        "disabledAt": None,
        "disabledBecause": None,
        "failingSince": None,
    }
    assert (await site.store.webhook_endpoints())[0].secrets == stored.secrets


async def test_what_people_did_is_in_the_audit(site: Site) -> None:
    made_id = (await made(site))["id"]
    path = f"/webhook-endpoints/{made_id}"
    delivery = (await site.client.post(f"{path}/test")).json()["id"]
    assert (await site.client.request("PUT", path, json_body={"url": URL, "events": ["failed"]})).status == 200
    # What changes nothing is not in it.
    assert (await site.client.request("PUT", path, json_body={"url": URL, "events": ["failed"]})).status == 200
    for method, at in (
        ("POST", f"/webhook-deliveries/{delivery}/replay"),
        ("POST", f"{path}/disable"),
        ("POST", f"{path}/enable"),
        ("POST", f"{path}/rotate"),
        ("DELETE", path),
    ):
        assert (await site.client.request(method, at)).status in (200, 201, 204)
    audit = [(one["act"], one["what"]) for one in (await site.client.get("/audit")).json()]
    # Whoever works without login is noted too.
    assert audit == [
        ("endpoint_deleted", made_id),
        ("endpoint_rotated", made_id),
        ("endpoint_enabled", made_id),
        ("endpoint_disabled", made_id),
        ("delivery_replayed", delivery),
        ("endpoint_changed", made_id),
        ("endpoint_tested", made_id),
        ("endpoint_created", made_id),
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "example.com/hooks"}, "url"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "https://user:secret@example.com/"}, "url"),
        ({"url": "http://169.254.169.254/latest"}, "url"),
        ({"url": "http://[::1]:3000/"}, "url"),
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"url": "https://example.com/" + "x" * 2048}, "url"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": ["started"]}, "events"),
        ({"url": URL, "flows": ["none"]}, "flows"),
    ],
)
async def test_what_cannot_be_an_endpoint(site: Site, body: dict[str, object], field: str) -> None:
    path = f"/webhook-endpoints/{(await made(site))['id']}"
    for method, at in (("POST", "/webhook-endpoints"), ("PUT", path)):
        problem = assert_problem(await site.client.request(method, at, json_body=body), 422)
        assert [error["field"] for error in problem["errors"]] == [field]
        assert "secret@" not in str(problem)
    if field in ("url", "events"):
        problem = assert_problem(await site.client.post("/jobs", {"prompt": "p", "webhook": body}), 422)
        assert [error["field"] for error in problem["errors"]] == [f"webhook.{field}"]


async def test_an_unknown_field_is_refused_with_those_that_are_known(site: Site) -> None:
    hook = {"url": URL, "secret": "mine"}
    for path, body, known in (
        ("/webhook-endpoints", hook, "url, events, flows, description."),
        ("/jobs", {"prompt": "p", "webhook": hook}, "webhook.url, webhook.events."),
    ):
        problem = assert_problem(await site.client.post(path, body), 422)
        assert problem["code"] == "unknown_field"
        assert problem["detail"].endswith(known)


async def test_a_url_is_shown_without_its_query(site: Site) -> None:
    job = await site.submit(webhook={"url": f"{URL}?token=hidden", "events": ["cancelled"]})
    assert job["webhook"] == {"url": f"{URL}?…", "events": ["cancelled"]}
    await site.acts.jobs.cancel(job["id"])
    [told] = (await site.client.get(f"/webhook-deliveries?jobId={job['id']}")).json()
    assert (told["url"], told["event"], told["state"]) == (f"{URL}?…", "job.cancelled", "pending")
    whole = await site.client.get(f"/webhook-deliveries/{told['id']}")
    assert job["id"] in whole.json()["body"]
    assert "hidden" not in whole.text
    assert (await site.submit())["webhook"] is None


async def test_deliveries_are_paged_and_filtered(site: Site) -> None:
    path = f"/webhook-endpoints/{(await made(site))['id']}"
    ids = [(await site.client.post(f"{path}/test")).json()["id"] for _ in range(3)]
    first = await site.client.get("/webhook-deliveries?limit=2&state=pending")
    assert [one["id"] for one in first.json()] == ids[:0:-1]
    link = first.headers["link"].partition("<")[2].partition(">")[0]
    assert [one["id"] for one in (await site.client.get(link)).json()] == ids[:1]
    assert (await site.client.get("/webhook-deliveries?state=failed,delivered")).json() == []


@pytest.mark.parametrize("path", ["/webhook-endpoints/{}", "/webhook-deliveries/{}"])
async def test_what_is_not_there_is_a_404(site: Site, path: str) -> None:
    for wrong in ("0" * 24, "x", "ä"):
        problem = assert_problem(await site.client.get(path.format(wrong)), 404)
        assert problem["code"] in ("endpoint_not_found", "delivery_not_found")


async def test_a_disabled_endpoint_is_not_tested(site: Site) -> None:
    path = f"/webhook-endpoints/{(await made(site))['id']}"
    assert (await site.client.post(f"{path}/disable")).json()["disabledBecause"] == "asked"
    assert_problem(await site.client.post(f"{path}/test"), 409)
