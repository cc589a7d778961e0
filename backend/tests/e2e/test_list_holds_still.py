"""The list while jobs arrive: what is aimed at is opened, what is read stays where it is, and little is asked for.

A short form runs with all tests; ``make still-list`` measures all rates and lengths.
"""

import os
import re
from dataclasses import dataclass, field

import pytest
from playwright.async_api import CDPSession, Page, Request, Route, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.feeder import fed, seed
from tests.e2e.looks import expect_mode, until_in
from tests.e2e.served import Served

# One browser, and so one event loop, for the tests of a file.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

IS_LONG = os.environ.get("STILL") == "long"
TRIES = 20 if IS_LONG else 4
RATES = (0, 1, 5, 20) if IS_LONG else (20,)
LOADED = (50, 200, 1_000) if IS_LONG else (200,)
READS_MS = 60_000 if IS_LONG else 3_000
BUDGET_MS = 30_000 if IS_LONG else 5_000
FED = 50 if IS_LONG else 25
BUSY = 100 if IS_LONG else 40
SEEDED = 1_100 if IS_LONG else 220
PAGE = 50

# The rows between the header and the end of the window: what a hand may aim at.
ROWS_IN_SIGHT = """() => [...document.querySelectorAll("[data-job]")]
  .map((row) => [row.dataset.job, row.getBoundingClientRect()])
  .filter(([, box]) => box.top > 100 && box.bottom < innerHeight)
  .map(([id, box]) => [id, box.left + box.width / 3, box.top + box.height / 2])"""
# Of every frame drawn: how far the row was from where it stood at first. And how long the longest task was.
WATCH = """(id) => {
  const top = () => document.querySelector(`[data-job="${id}"]`)?.getBoundingClientRect().top ?? NaN;
  const first = top();
  window.watched = { moved: 0, gone: 0, longest: 0, frames: 0, on: true };
  new PerformanceObserver((seen) => {
    for (const task of seen.getEntries()) watched.longest = Math.max(watched.longest, task.duration);
  }).observe({ type: "longtask" });
  const frame = () => {
    const now = top();
    watched.frames += 1;
    if (Number.isNaN(now)) watched.gone += 1;
    else watched.moved = Math.max(watched.moved, Math.abs(now - first));
    if (watched.on) requestAnimationFrame(frame);
  };
  frame();
}"""


# Two frames later, so that what looks at each frame sees no part of the scrolling.
SCROLLED = """by => new Promise(done =>
    requestAnimationFrame(() => requestAnimationFrame(() => done(scrollY >= by - 1))))"""


@pytest.fixture(scope="module")
def stocked(server: Served) -> Served:
    """A server with many jobs, none of which is processed: they cost nothing while the tests run."""
    server.pause("patient", "The stock stands still.")
    seed(server, SEEDED, "patient")
    return server


async def in_sight(page: Page) -> list[tuple[str, float, float]]:
    return [(str(id_), float(x), float(y)) for id_, x, y in await page.evaluate(ROWS_IN_SIGHT)]


async def load(page: Page, rows: int) -> None:
    for loaded in range(PAGE, rows, PAGE):
        await page.get_by_role("button", name="Load more").click()
        await expect(page.get_by_text(f"Newest {loaded + PAGE:,} jobs")).to_be_visible()


async def scroll(page: Page, by: int) -> None:
    await page.mouse.move(1_400, 500)
    await page.mouse.wheel(0, by)
    await until_in(page, SCROLLED, arg=by)


@pytest.mark.parametrize("scrolled", [False, True], ids=["at_the_top", "scrolled"])
@pytest.mark.parametrize("per_second", RATES)
async def test_the_job_that_is_aimed_at_is_opened(
    stocked: Served, open_tab: OpenTab, per_second: int, scrolled: bool
) -> None:
    page = await open_tab(stocked.page)
    await expect_mode(page, "Live")
    await expect(page.locator("[data-job]").first).to_be_visible()
    if scrolled:
        await scroll(page, 900)
    opened: list[tuple[str, str]] = []
    with fed(stocked, per_second):
        for attempt in range(TRIES):
            rows = await in_sight(page)
            aimed, x, y = rows[(attempt * 5) % len(rows)]
            await page.mouse.move(x, y)
            # A hand takes its time: what is measured is whether the row is still there.
            await page.wait_for_timeout(350)
            await page.mouse.down()
            await page.wait_for_timeout(90)
            await page.mouse.up()
            await expect(page.get_by_role("heading", name="Job")).to_be_visible()
            opened.append((aimed, page.url.rsplit("/", 1)[-1]))
            await page.go_back()
            await expect(page.locator("[data-job]").first).to_be_visible()
    wrong = [pair for pair in opened if pair[0] != pair[1]]
    assert wrong == []
    assert len(opened) == TRIES
    if per_second >= 5:
        await expect(page.get_by_role("button", name="new jobs")).to_be_visible()


@pytest.mark.parametrize("loaded", LOADED)
async def test_a_readers_row_stays_at_its_pixel(stocked: Served, open_tab: OpenTab, loaded: int) -> None:
    page = await open_tab(stocked.page)
    await expect_mode(page, "Live")
    await load(page, loaded)
    await scroll(page, 900)
    rows = await in_sight(page)
    read = rows[len(rows) // 2][0]
    await page.evaluate(WATCH, read)
    with fed(stocked, FED):
        await page.wait_for_timeout(READS_MS)
        await expect(page.get_by_role("button", name="new jobs")).to_be_visible()
    seen = await page.evaluate("watched.on = false, watched")
    print(f"{loaded} rows: {seen}")
    assert (seen["moved"], seen["gone"]) == (0, 0)
    assert seen["frames"] > 10
    assert [row[0] for row in await in_sight(page)] == [row[0] for row in rows]
    await expect(page.get_by_text(f"Newest {loaded:,} jobs")).to_be_visible()


@dataclass(slots=True)
class Traffic:
    """What a tab asks for, the stream of events included; not the parts of the page itself, which it loads once and in
    advance."""

    requests: list[str] = field(default_factory=list)
    bytes: float = 0.0
    parts: set[str] = field(default_factory=set)

    async def of(self, page: Page) -> CDPSession:
        page.on("request", lambda request: self._asked(request))
        session = await page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", lambda event: self._sent(event["requestId"], event["request"]["url"]))
        session.on("Network.dataReceived", lambda event: self._received(event["requestId"], event["dataLength"]))
        await session.send("Network.enable")
        return session

    def _asked(self, request: Request) -> None:
        if "/ui/" not in request.url:
            self.requests.append(request.url)

    def _sent(self, request: str, url: str) -> None:
        if "/ui/" in url:
            self.parts.add(request)

    def _received(self, request: str, length: float) -> None:
        if request not in self.parts:
            self.bytes += length


@pytest.mark.parametrize("view", ["list", "more_rows", "flows", "job"] if IS_LONG else ["list"])
async def test_a_tab_asks_for_little_however_much_happens(stocked: Served, open_tab: OpenTab, view: str) -> None:
    done = stocked.finished(stocked.submit("done before", flow="other")["id"])
    path = {"flows": "flows", "job": f"jobs/{done['id']}"}.get(view, "")
    page = await open_tab("about:blank", apart=True)
    # From the beginning: of a part of the page that was asked for before, only the bytes would be seen.
    traffic = Traffic()
    session = await traffic.of(page)
    await page.goto(stocked.page + path)
    await expect_mode(page, "Live")
    if view == "more_rows":
        await load(page, 1_000)
    with fed(stocked, BUSY):
        traffic.requests.clear()
        traffic.bytes = 0.0
        start: float = await page.evaluate("performance.now()")
        await page.wait_for_timeout(BUDGET_MS)
        seconds = (await page.evaluate("performance.now()") - start) / 1_000
    requests, kib = len(traffic.requests) / seconds, traffic.bytes / 1_024 / seconds
    print(f"{view} at {BUSY} jobs/s: {requests:.1f} requests/s, {kib:.0f} KiB/s")
    await session.detach()
    # One more request may fall into the time.
    assert len(traffic.requests) <= 3 * seconds + 1, traffic.requests
    assert kib <= 50


@pytest.mark.parametrize("delay_ms", [0, 1_500], ids=["at_once", "slow"])
async def test_nothing_is_fetched_twice_at_load(stocked: Served, open_tab: OpenTab, delay_ms: int) -> None:
    # What happens after the load may be asked for again.
    stocked.settled()
    page = await open_tab("about:blank", apart=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    async def late(route: Route) -> None:
        await page.wait_for_timeout(delay_ms)
        await route.continue_()

    # The stream opens late, too: what is fetched meanwhile would have to be fetched again.
    await page.route(re.compile("/(session|events)$"), late)
    await page.goto(stocked.page)
    await expect_mode(page, "Live")
    await expect(page.locator("[data-job]")).to_have_count(PAGE)
    await expect(page.get_by_role("button", name=re.compile("^All"))).to_contain_text(re.compile("[0-9]"))
    await expect(page.get_by_role("button", name="More", exact=True)).to_be_visible()
    calls = [url.removeprefix(stocked.url) for url in asked if "/ui/" not in url]
    assert {call.partition("?")[0] for call in calls} >= {"/session", "/events", "/jobs", "/flows", "/stats"}
    assert sorted(calls) == sorted(set(calls))
