"""The product below a base path, behind a proxy that removes it from requests or keeps it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from job_processor.http.routes import OPERATIONS
from job_processor.public_url import RESERVED
from tests.http.problems import assert_problem
from tests.support.asgi import Reply
from tests.support.site import Site, open_site

BASE = "/team/jobs-app"
INDEX = '<html data-base-path=""><script src="./assets/app-1a2b.js"></script>'
INDEX_BELOW = f'<html data-base-path="{BASE}"><script src="{BASE}/ui/assets/app-1a2b.js"></script>'
proxies = pytest.mark.parametrize("sent", [BASE, ""], ids=["kept", "removed"])


@pytest.fixture
async def below(tmp_path: Path) -> AsyncIterator[Site]:
    page = tmp_path / "ui"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text(INDEX)
    (page / "assets" / "app-1a2b.js").write_text("export {}\n")
    async with open_site(tmp_path / "data", page=page, base_path=BASE) as made:
        yield made


async def follow(site: Site, sent: str, target: str) -> Reply:
    """What a client gets at an address that the server gave, through a proxy that keeps or removes the base path."""
    assert target.startswith(f"{BASE}/"), target
    return await site.client.get(sent + target.removeprefix(BASE))


@proxies
async def test_a_submitted_and_a_replayed_job_are_at_their_location(below: Site, sent: str) -> None:
    made = await below.client.post(f"{sent}/jobs", {"prompt": "a"})
    replayed = await below.client.post(f"{sent}/jobs/{made.json()['id']}/replay", {})

    for reply in (made, replayed):
        assert reply.status == 201
        assert (await follow(below, sent, reply.headers["location"])).json()["id"] == reply.json()["id"]


@proxies
@pytest.mark.parametrize("path", ["/jobs", "/callbacks"])
async def test_the_link_leads_to_the_next_page(below: Site, sent: str, path: str) -> None:
    for prompt in ("a", "b"):
        await below.submit(prompt)
        await below.callback({"jobId": "0" * 24, "result": prompt})
    first = await below.client.get(f"{sent}{path}?limit=1")
    target, _, rest = first.headers["link"].removeprefix("<").partition(">")

    second = await follow(below, sent, target)

    assert rest == '; rel="next"'
    assert second.status == 200
    assert [len(reply.json()) for reply in (first, second)] == [1, 1]
    assert first.json() != second.json()


@proxies
@pytest.mark.parametrize("path", ["", "/", "/ui"])
async def test_every_way_in_leads_to_the_page(below: Site, sent: str, path: str) -> None:
    reply = await below.client.get(f"{sent}{path}" or "/")

    assert (reply.status, reply.headers["location"]) == (307, f"{BASE}/ui/")
    assert (await follow(below, sent, f"{BASE}/ui/")).text == INDEX_BELOW


@proxies
@pytest.mark.parametrize("path", ["/ui/", "/ui/index.html", "/ui/jobs/0123456789abcdef01234567", "/ui/flows"])
async def test_the_page_names_its_files_below_the_base_path(below: Site, sent: str, path: str) -> None:
    reply = await below.client.get(sent + path)
    assert (reply.status, reply.text) == (200, INDEX_BELOW)
    again = await below.client.get(sent + path, {"if-none-match": reply.headers["etag"]})
    assert (again.status, again.text) == (304, "")

    asset = await follow(below, sent, f"{BASE}/ui/assets/app-1a2b.js")
    assert (asset.status, asset.text) == (200, "export {}\n")
    assert "script-src 'self'" in asset.headers["content-security-policy"]


@proxies
async def test_a_callback_arrives_below_the_base_path(below: Site, sent: str) -> None:
    made = await below.submit("a")
    job = await below.claim()
    reply = await below.callback({"jobId": job.id, "result": "done"}, path=f"{sent}/webhook/callback")

    assert reply.status == 200
    assert (await below.job(str(made["id"])))["status"] == "COMPLETED"


@proxies
async def test_the_description_names_the_base_path(below: Site, sent: str) -> None:
    assert (await below.client.get(f"{sent}/openapi.json")).json()["servers"] == [{"url": BASE}]


async def test_without_a_base_path_the_description_names_no_server(site: Site) -> None:
    assert "servers" not in (await site.client.get("/openapi.json")).json()


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}-x/jobs",
        f"{BASE}x",
        "/team/jobs",
        f"{BASE}{BASE}/jobs",
        f"{BASE}//jobs",
        f"/{BASE}/jobs",
        "/jobs-app/jobs",
    ],
)
async def test_a_path_beside_the_base_path_is_not_found(below: Site, path: str) -> None:
    assert_problem(await below.client.get(path), 404)


@proxies
async def test_the_edges_rules_hold_below_the_base_path(tmp_path: Path, sent: str) -> None:
    async with open_site(tmp_path, hosts=["jobs.example.com"], base_path=BASE) as site:
        foreign = await site.client.get(f"{sent}/jobs", {"host": "evil.example"})
        assert assert_problem(foreign, 403)["code"] == "unknown_host"
        headers = {"host": "jobs.example.com", "sec-fetch-site": "cross-site"}
        assert_problem(await site.client.get(f"{sent}/jobs", headers), 403)
        # A link on another site may lead to the page, also below the base path.
        assert (await site.client.get(f"{sent}/ui/", headers)).status == 503


def test_no_base_path_can_be_mistaken_for_a_path_of_the_api() -> None:
    """A proxy may keep the base path or remove it, so neither reading of a path may be ambiguous."""
    first = {operation.path.split("/")[1] for operation in OPERATIONS}

    assert first | {"ui", "openapi.json"} == RESERVED
