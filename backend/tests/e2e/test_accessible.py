"""axe finds nothing, in either colour scheme, on any page or dialog."""

import asyncio
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Route, expect

from tests.docs.pages import ROOT
from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_mode, open_form
from tests.e2e.served import Served
from tests.e2e.stories import Stage, Told, opened

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# A colour in the middle of its transition has another contrast.
NO_TRANSITIONS = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("*, *::before, *::after { transition: none !important; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""


# The rule that everything is in a landmark excepts dialogs. It must except tooltips too: they show while their button
# has the focus, and are found through it.
TOOLTIPS = """() => axe.configure({checks: [{
    id: "region", options: {regionMatcher: "dialog, [role=dialog], [role=alertdialog], svg, [role=tooltip]"},
}]})"""


async def violations(page: Page) -> list[str]:
    """What axe finds: with all its rules in the colour scheme of the page, with those of colours in the other one.

    The page stays in the other one, because each change draws it anew.
    """
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
        await page.evaluate(TOOLTIPS)
        await page.evaluate(NO_TRANSITIONS)
    # What a new filter or time is about to replace is pale for a moment.
    await expect(page.locator("[data-applying]")).to_have_count(0)
    found = await _found(page, {})
    scheme = page.locator("html[data-mantine-color-scheme=light]")
    other: Literal["dark", "light"] = "dark" if await scheme.count() else "light"
    await page.emulate_media(color_scheme=other)
    await expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", other)
    found += await _found(page, {"runOnly": ["color-contrast", "link-in-text-block"]})
    return found


async def _found(page: Page, options: dict[str, Any]) -> list[str]:
    # Only the violations: the whole report takes longer to bring here than to make.
    found: list[dict[str, Any]] = await page.evaluate(
        """async options => {
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            return (await axe.run({resultTypes: ["violations"], ...options})).violations;
        }""",
        options,
    )
    return [f"{one['id']}: {node['html'][:200]} {node['any'][:1]}" for one in found for node in one["nodes"]]


async def test_the_list(server: Served, open_tab: OpenTab) -> None:
    server.finished(server.submit("fault:malformed", tags=["a tag"])["id"])
    server.finished(server.submit("fault:error", flow="other")["id"], "FAILED")
    server.submit("later", delaySeconds=3600)
    page = await open_tab(server.page)
    await expect(page.locator("[data-job]").first).to_be_visible()
    await expect_mode(page, "Live")
    assert await violations(page) == []
    await open_form(page)
    await page.get_by_role("button", name="Options").click()
    await page.get_by_text("Inject a fault").click()
    await page.get_by_role("button", name="Create job").click()
    await expect(page.get_by_text("must not be blank")).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.get_by_role("list", name="Jobs, newest first")).to_be_visible()
    assert await violations(page) == []


async def test_a_job(server: Served, open_tab: OpenTab) -> None:
    wrong = server.finished(server.submit("fault:malformed")["id"])
    page = await open_tab(f"{server.page}jobs/{wrong['id']}")
    await expect(page.get_by_test_id("result-error")).to_be_visible()
    assert await violations(page) == []
    for tab in ("Repaired", "Edits"):
        await page.get_by_role("tab", name=tab).click()
        assert await violations(page) == []
    deep = "[" * 201 + "]" * 201
    for result in ('{"a": 1, "a": 2}', '{"a": {"b": "x", "c', '{"a": 1}\n{"a": 2}', deep):
        schema = {"resultSchema": {"items": {"$ref": "#"}}} if result == deep else {}
        odd = server.submit("odd", flow="patient", **schema)
        server.call_back(odd["id"], result)
        await page.goto(f"{server.page}jobs/{odd['id']}")
        findings = page.get_by_test_id("result-warnings").or_(page.get_by_test_id("result-error"))
        await expect(findings.first).to_be_visible()
        assert await violations(page) == []
    failed = server.finished(server.submit("fault:error", flow="other")["id"], "FAILED")
    await page.goto(f"{server.page}jobs/{failed['id']}")
    await expect(page.get_by_test_id("job-error")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Replay…").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await violations(page) == []


async def test_callbacks_that_changed_nothing(server: Served, open_tab: OpenTab) -> None:
    job = server.cancelled("Too late")
    server.report(jobId=job, result='{"late": true}')
    server.report(executionId="nobody's", error="out of memory")
    server.report(jobId=job, result="r", error="e")
    page = await open_tab(f"{server.page}jobs/{job}")
    await expect(page.get_by_test_id("late-result")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_test_id("late-result").get_by_role("button").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await violations(page) == []
    server.report(jobId=job, result="another")
    await page.reload()
    await expect(page.get_by_test_id("late-result")).to_contain_text("choose one below")
    assert await violations(page) == []
    await page.goto(f"{server.page}callbacks")
    await page.get_by_role("button", name="The result").first.click()
    await expect(page.get_by_role("group", name="The raw kept result")).to_be_visible()
    assert await violations(page) == []
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await violations(page) == []


async def test_flows_and_a_comparison(server: Served, open_tab: OpenTab) -> None:
    left = server.finished(server.submit("left")["id"])
    right = server.finished(server.submit("right side")["id"])
    page = await open_tab(f"{server.page}flows")
    await expect(page.get_by_role("heading", name="Workers")).to_be_visible()
    assert await violations(page) == []
    await page.goto(f"{server.page}jobs/{left['id']}/compare/{right['id']}")
    await expect(page.get_by_text("Different results")).to_be_visible()
    assert await violations(page) == []


async def test_a_paused_flow_and_callbacks_that_cannot_be_loaded(empty_server: Served, open_tab: OpenTab) -> None:
    empty_server.pause("patient", "The invoices are imported anew.")
    job = empty_server.submit("\n".join(f"line {i}" for i in range(60)), flow="patient", tags=["a", "b", "c"])
    page = await open_tab("about:blank")
    await page.route("**/callbacks?*", lambda route: route.fulfill(status=500))
    await page.goto(f"{empty_server.page}jobs/{job['id']}")
    await expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    assert await violations(page) == []
    await page.get_by_role("link", name="Go to the flow to resume it").click()
    await expect(page.get_by_role("dialog", name="patient")).to_contain_text("The invoices are imported anew.")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="Flows, 1 closed or paused")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("link", name="Jobs", exact=True).click()
    await expect(page.get_by_text("+1")).to_be_visible()
    assert await violations(page) == []


@pytest.mark.parametrize(
    ("where", "unanswered", "title"),
    [
        ("", "/session", "Loading the page"),
        ("jobs/abc", "/jobs/abc", "Loading the job"),
        ("jobs/abc/compare/def", "/jobs/abc/compare/def", "Loading the comparison"),
        ("batches/abc", "/batches/abc", "Loading the batch"),
    ],
)
async def test_a_page_that_is_still_loading(
    server: Served, open_tab: OpenTab, where: str, unanswered: str, title: str
) -> None:
    is_over = asyncio.Event()

    async def hold(route: Route) -> None:
        await is_over.wait()
        await route.abort()

    page = await open_tab("about:blank")
    await page.route(lambda url: urlsplit(url).path == unanswered, hold)
    await page.goto(server.page + where)
    await expect(page.get_by_role("heading", level=1, name=title)).to_be_attached()
    found = await violations(page)
    is_over.set()
    await page.unroute_all(behavior="wait")
    assert found == []


async def test_nothing_there_help_and_offline(empty_server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(empty_server.page)
    await expect(page.get_by_text("No jobs yet")).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Callbacks").click()
    await expect(page.get_by_text("No callbacks, and that is good")).to_be_visible()
    assert await violations(page) == []
    empty_server.stop()
    await expect(page.get_by_test_id("server-banner")).to_be_visible()
    assert await violations(page) == []


@pytest.mark.parametrize(
    "story",
    ["bulk-asks", "bulk-asks-delete", "bulk-waiting", "bulk-ended", "export-asks", "export-running", "export-broken"],
)
async def test_a_bulk_action_and_an_export(on: Stage, of: Told, story: str) -> None:
    async with opened(on, of, story, 1440, "light") as page:
        assert await violations(page) == []
