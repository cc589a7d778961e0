"""The built page under /ui/: its files, its addresses, its policy. Rows G15 and H6."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.http.problems import assert_problem
from tests.support.site import Site, open_site


@pytest.fixture
async def paged(tmp_path: Path) -> AsyncIterator[Site]:
    """A server with a tiny built page."""
    page = tmp_path / "ui"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>page</title>")
    (page / "assets" / "app-1a2b.js").write_text("export {}\n" * 100)
    (page / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    async with open_site(tmp_path / "data", page=page) as made:
        yield made


@pytest.mark.parametrize(
    "path", ["/ui/", "/ui/index.html", "/ui/jobs/0123456789abcdef01234567", "/ui/flows", "/ui/a.b"]
)
async def test_every_address_of_the_page_is_the_page(paged: Site, path: str) -> None:
    reply = await paged.client.get(path)

    assert (reply.status, reply.text) == (200, "<!doctype html><title>page</title>")
    assert reply.headers["cache-control"] == "no-cache"


async def test_hashed_assets_may_be_kept_for_ever_and_missing_ones_are_404(paged: Site) -> None:
    reply = await paged.client.get("/ui/assets/app-1a2b.js")
    assert (reply.status, reply.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert "javascript" in reply.headers["content-type"]

    assert_problem(await paged.client.get("/ui/assets/app-old.js"), 404)
    assert (await paged.client.get("/ui/favicon.svg")).headers["cache-control"] == "no-cache"


async def test_the_policy_lets_only_the_pages_own_scripts_run(paged: Site) -> None:
    for path in ("/ui/", "/ui/assets/app-1a2b.js", "/ui/jobs/x"):
        headers = (await paged.client.get(path)).headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["base-uri"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path",
    [
        "/ui/../secret.txt",
        "/ui/..%2fsecret.txt",
        "/ui/%2e%2e/secret.txt",
        "/ui//etc/passwd",
        "/ui/..\\secret.txt",
        "/ui/%00",
    ],
)
async def test_nothing_outside_the_page_is_served(paged: Site, path: str) -> None:
    reply = await paged.client.get(path)

    assert "secret" not in reply.text
    assert "root:" not in reply.text
    assert reply.status in (200, 404)


async def test_the_page_takes_no_other_method(paged: Site) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        assert_problem(await paged.client.request(method, "/ui/"), 405)
    assert (await paged.client.request("HEAD", "/ui/")).status == 200


async def test_h6_thousands_of_ranges_are_no_burden(paged: Site) -> None:
    ranges = ",".join(f"{n}-{n}" for n in range(0, 1000, 2))

    reply = await paged.client.get("/ui/assets/app-1a2b.js", {"range": f"bytes={ranges}"})

    assert reply.status in (200, 206, 400, 416)
    assert len(reply.body) < 200_000


async def test_without_its_slash_the_page_is_found_too(paged: Site) -> None:
    reply = await paged.client.get("/ui")

    assert (reply.status, reply.headers["location"]) == (307, "/ui/")


async def test_a_page_that_is_not_built_says_how_to_build_it(site: Site) -> None:
    reply = await site.client.get("/ui/")

    assert reply.status == 503
    assert "make build" in reply.text


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("bytes=5000-", 416),
        ("bytes=5000-6000", 416),
        ("bytes=1-0", 400),
        ("bytes=", 400),
        ("bytes=a-b", 400),
        ("lines=0-1", 400),
        ("bytes=0-canary-7f3a", 400),
    ],
)
async def test_a_range_that_cannot_be_served_is_a_problem(paged: Site, asked: str, status: int) -> None:
    reply = await paged.client.get("/ui/assets/app-1a2b.js", {"range": asked})

    assert_problem(reply, status)
    assert reply.headers.get("content-range") == ("bytes */1000" if status == 416 else None)
    assert "immutable" not in reply.headers.get("cache-control", "")
