"""Rows H4, H5, J6: who may speak to us, by which name and method, and what every answer carries."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.http.problems import CANARY, assert_problem, naming
from tests.support.asgi import Client
from tests.support.site import Site, open_site

PAGE_ORIGIN = "https://app.example.com"


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Site]:
    """A server that goes by two names and lets one page of another origin call."""
    async with open_site(tmp_path / "data", hosts=("jobs.example.com", "[::1]"), origins=(PAGE_ORIGIN,)) as made:
        made.client = Client(made.app, "jobs.example.com")
        yield made


async def test_h4_only_the_servers_own_names_are_answered(guarded: Site) -> None:
    for host in ("jobs.example.com", "JOBS.example.com", "jobs.example.com:3000", "[::1]", "[::1]:3000"):
        assert (host, (await guarded.client.get("/health", {"host": host})).status) == (host, 200)
    for host in (
        "evil.example",
        "jobs.example.com.evil.example",
        "evil-jobs.example.com",
        "jobs.example.com@evil.example",
        "jobs.example.com:evil",
        "[::2]",
        "",
        "ÿ",
    ):
        with naming(host):
            problem = assert_problem(await guarded.client.get("/health", {"host": host}), 403)
            assert problem["code"] == "unknown_host"
    assert_problem(await Client(guarded.app, None).get("/health"), 403)


async def test_h4_forwarded_headers_are_not_believed(guarded: Site) -> None:
    for name in ("x-forwarded-host", "forwarded", "x-original-host", "x-host"):
        assert_problem(await guarded.client.get("/health", {"host": "evil.example", name: "jobs.example.com"}), 403)


CROSS_SITE = [
    {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
    {"sec-fetch-site": "cross-site", "origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": "https://other.example.com"},
    # Browsers send no Sec-Fetch-Site to plain http off loopback: the origin alone must do.
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": f"{PAGE_ORIGIN}.evil.example"},
    {"origin": "https://evil-app.example.com"},
    {"origin": "http://app.example.com"},
    {"origin": f"{PAGE_ORIGIN}:8443"},
    {"origin": "https://jobs.example.com.evil.example"},
]


async def test_j6_a_page_of_another_site_cannot_change_anything(guarded: Site) -> None:
    """An act without a body is what a form of another site could send without a preflight."""
    job = (await guarded.submit())["id"]
    for headers in CROSS_SITE:
        for path in (f"/jobs/{job}/cancel", "/flows/main/pause", "/jobs"):
            with naming(f"{path} {headers}"):
                reply = await guarded.client.post(path, None, headers)
                assert assert_problem(reply, 403)["code"] == "cross_site"
    assert (await guarded.job(job))["status"] == "PENDING"


async def test_j6_the_servers_own_page_and_the_named_origin_may(guarded: Site) -> None:
    for headers in (
        {},
        {"sec-fetch-site": "same-origin", "origin": "http://jobs.example.com"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": "http://jobs.example.com"},
        {"origin": "https://jobs.example.com"},
        {"sec-fetch-site": "cross-site", "origin": PAGE_ORIGIN},
        {"sec-fetch-site": "same-site", "origin": PAGE_ORIGIN},
        {"origin": PAGE_ORIGIN},
    ):
        job = (await guarded.submit())["id"]
        assert (headers, (await guarded.client.post(f"/jobs/{job}/cancel", None, headers)).status) == (headers, 200)


READS = ["/jobs", "/jobs?q=x", "/jobs/0123456789abcdef01234567", "/events", "/stats", "/metrics", "/openapi.json", "/x"]
PAGE_ADDRESSES = ["/", "/ui", "/ui/", "/ui/jobs/0123456789abcdef01234567"]


@pytest.mark.parametrize("origin", [{}, {"origin": "https://evil.example"}, {"origin": "null"}])
@pytest.mark.parametrize("mode", ["no-cors", "cors", "navigate"])
async def test_j6_a_page_of_another_site_cannot_have_anything_read(
    guarded: Site, origin: dict[str, str], mode: str
) -> None:
    """It would not see the answer, but could have costly ones made without end."""
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": mode, **origin}
    for method, path in ((method, path) for path in READS for method in ("GET", "HEAD")):
        with naming(f"{method} {path}"):
            reply = await guarded.client.request(method, path, headers=headers)
            assert reply.status == 403
            assert "access-control-allow-origin" not in reply.headers
            assert method == "HEAD" or assert_problem(reply, 403)["code"] == "cross_site"


async def test_j6_what_is_not_of_another_site_may_read(guarded: Site) -> None:
    for headers in (
        {},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": PAGE_ORIGIN},
    ):
        for path in ("/jobs", "/stats", "/openapi.json"):
            assert (headers, path, (await guarded.client.get(path, headers)).status) == (headers, path, 200)
    allowed = await guarded.client.get("/jobs", {"sec-fetch-site": "cross-site", "origin": PAGE_ORIGIN})
    assert allowed.headers["access-control-allow-origin"] == PAGE_ORIGIN


async def test_j6_a_link_of_another_site_leads_to_the_page(guarded: Site) -> None:
    for path in PAGE_ADDRESSES:
        headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
        # 503: there is no built page in this test.
        assert (path, (await guarded.client.get(path, headers)).status in (200, 307, 503)) == (path, True)
    for path in ("/uix", "/ui../jobs", "/UI/"):
        assert (path, (await guarded.client.get(path, headers)).status) == (path, 403)
    # The page is for looking at: nothing is posted to it.
    assert_problem(await guarded.client.post("/ui/", None, {"sec-fetch-site": "cross-site"}), 403)


async def test_cors_names_the_origin_that_is_allowed_and_no_other(guarded: Site) -> None:
    allowed = await guarded.client.get("/jobs", {"origin": PAGE_ORIGIN})
    assert allowed.headers["access-control-allow-origin"] == PAGE_ORIGIN
    assert "access-control-allow-credentials" not in allowed.headers
    for origin in ("null", "https://evil.example", PAGE_ORIGIN.upper(), f"{PAGE_ORIGIN}.evil.example"):
        reply = await guarded.client.get("/jobs", {"origin": origin})
        assert "access-control-allow-origin" not in reply.headers


async def test_a_preflight_is_answered_for_the_named_origin_only(guarded: Site) -> None:
    ask = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,idempotency-key"}

    yes = await guarded.client.request("OPTIONS", "/jobs", headers={"origin": PAGE_ORIGIN, **ask})
    no = await guarded.client.request("OPTIONS", "/jobs", headers={"origin": "https://evil.example", **ask})

    assert (yes.status, yes.headers["access-control-allow-origin"]) == (200, PAGE_ORIGIN)
    assert {"POST", "PUT"} <= set(yes.headers["access-control-allow-methods"].split(", "))
    assert no.status == 400
    assert "access-control-allow-origin" not in no.headers


async def test_without_named_origins_there_is_no_cors_at_all(site: Site) -> None:
    reply = await site.client.get("/jobs", {"origin": PAGE_ORIGIN})
    assert not [name for name in reply.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/jobs", {"GET", "HEAD", "POST"}),
        ("/webhook/callback", {"POST"}),
        ("/jobs/0123456789abcdef01234567", {"GET", "HEAD", "DELETE"}),
        ("/health", {"GET", "HEAD"}),
        ("/", {"GET", "HEAD"}),
    ],
)
async def test_h5_another_method_is_405_and_told_what_is_allowed(site: Site, path: str, allowed: set[str]) -> None:
    for method in ("TRACE", "PUT", "PATCH", "OPTIONS", "CONNECT", "PROPFIND", "post", CANARY):
        reply = await site.client.request(method, path)
        with naming(method):
            assert_problem(reply, 405)
            assert set(reply.headers["allow"].split(", ")) == allowed


async def test_a_method_cannot_be_overridden(site: Site) -> None:
    job = (await site.submit())["id"]
    await site.client.post(f"/jobs/{job}/cancel")
    for name in ("x-http-method-override", "x-method-override", "x-http-method"):
        await site.client.request("GET", f"/jobs/{job}?_method=DELETE", headers={name: "DELETE"})

    assert (await site.job(job))["status"] == "CANCELLED"


async def test_head_answers_like_get(site: Site) -> None:
    for path in ("/jobs", "/health", "/openapi.json"):
        head, get = await site.client.request("HEAD", path), await site.client.get(path)
        assert (head.status, head.headers["content-length"]) == (200, get.headers["content-length"])


@pytest.mark.parametrize("path", ["/no-such", "/jobs/", "/JOBS", "//jobs", "/jobs/../health", "/" + "a" * 5000, "/%00"])
async def test_an_unknown_path_is_a_404_problem(site: Site, path: str) -> None:
    assert_problem(await site.client.get(path), 404)


async def test_every_answer_carries_the_security_headers(site: Site) -> None:
    job = (await site.submit())["id"]
    for path in ("/jobs", f"/jobs/{job}", "/health", "/metrics", "/openapi.json", "/no-such", "/jobs?limit=0", "/"):
        headers = (await site.client.get(path)).headers
        with naming(path):
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert headers["cache-control"] == "no-store"
            assert "server" not in headers


async def test_a_request_id_is_kept_when_it_is_one_and_made_when_it_is_not(site: Site) -> None:
    assert (await site.client.get("/health", {"x-request-id": "abc-1._Z"})).headers["x-request-id"] == "abc-1._Z"
    for bad in ("", "a b", "x" * 65, "a\r\nset-cookie: x=1", "ä", "<script>"):
        given = (await site.client.get("/health", {"x-request-id": bad})).headers["x-request-id"]
        assert given != bad
        assert len(given) == 16


async def test_an_unexpected_fault_is_a_500_that_says_nothing_and_a_line_in_the_log(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(_: object) -> None:
        raise RuntimeError(f"{CANARY} in a driver")

    monkeypatch.setattr(site.store, "list", broken)

    reply = await site.client.get("/jobs")

    problem = assert_problem(reply, 500)
    assert problem["code"] == "internal_error"
    said = capsys.readouterr()
    assert problem["requestId"] in said.out + said.err


async def test_the_root_leads_to_the_list_and_to_the_overview_when_there_are_jobs(site: Site) -> None:
    reply = await site.client.get("/")
    assert (reply.status, reply.headers["location"]) == (307, "/ui/")

    await site.submit()
    # What is counted is remembered for a moment.
    await site.context.flow_status.read()
    for path, leads_to in (("/", "/ui/overview"), ("/ui", "/ui/")):
        reply = await site.client.get(path)
        assert (reply.status, reply.headers["location"]) == (307, leads_to)


ERRORS: list[tuple[str, str, object, int]] = [
    ("GET", "/jobs/" + "0" * 24, None, 404),
    ("GET", "/no-such", None, 404),
    ("GET", "/jobs?limit=x", None, 422),
    ("POST", "/jobs", {"prompt": ""}, 422),
    ("DELETE", "/jobs", None, 405),
    ("POST", "/webhook/callback", {}, 401),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), ERRORS)
async def test_a_page_of_an_allowed_origin_can_read_an_error_and_any_other_cannot(
    guarded: Site, method: str, path: str, body: object, status: int
) -> None:
    host = {"host": "jobs.example.com"}
    reply = await guarded.client.request(method, path, json_body=body, headers={**host, "origin": PAGE_ORIGIN})
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (status, PAGE_ORIGIN)
    assert "x-request-id" in reply.headers["access-control-expose-headers"].lower()
    assert reply.headers["content-type"] == "application/problem+json"
    assert (reply.headers["x-content-type-options"], reply.json()["requestId"]) == (
        "nosniff",
        reply.headers["x-request-id"],
    )

    other = await guarded.client.request(
        method, path, json_body=body, headers={**host, "origin": "https://evil.example"}
    )
    assert "access-control-allow-origin" not in other.headers
