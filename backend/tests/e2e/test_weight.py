"""What the page weighs on the line: a cold load on slow 3G, counted by the browser.

``make page-weight`` prints the seconds too; they are not asserted, because they depend on the machine.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import CDPSession, Page, expect

from job_processor import __file__ as package
from tests.docs.pages import ROOT
from tests.e2e.conftest import OpenTab
from tests.e2e.feeder import seed
from tests.e2e.served import Served
from tests.support.waiting import until_true

COLD_LOAD_BYTES = 300_000
SLOW_3G = {"latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000, "offline": False}
UI = Path(package).parent / "ui"
MANTINE = ROOT / "frontend" / "node_modules" / "@mantine"
UNSEEN = {"CheckboxCard", "CheckboxIndicator", "Combobox"}
"""Components whose code comes with that of others, and that the page never shows."""


@dataclass
class Line:
    """What came over the line, by address: heads and bodies as they were sent."""

    bytes: dict[str, float] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    _urls: dict[str, str] = field(default_factory=dict)
    _began_at: dict[str, float] = field(default_factory=dict)
    _answered_at: dict[str, float] = field(default_factory=dict)

    async def of(self, page: Page) -> CDPSession:
        session = await page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._began)
        session.on("Network.responseReceived", self._answered)
        session.on("Network.loadingFinished", self._ended)
        await session.send("Network.enable")
        return session

    def _began(self, event: dict[str, object]) -> None:
        request = event["request"]
        assert isinstance(request, dict)
        url = str(request["url"])
        self._urls[str(event["requestId"])] = url
        self._began_at.setdefault(url, _seconds(event))
        self.asked[url] += 1

    def _ended(self, event: dict[str, object]) -> None:
        url = self._urls[str(event["requestId"])]
        size = event["encodedDataLength"]
        assert isinstance(size, int | float)
        self.bytes[url] = self.bytes.get(url, 0) + size

    def _answered(self, event: dict[str, object]) -> None:
        self._answered_at.setdefault(self._urls[str(event["requestId"])], _seconds(event))

    def has(self, data: str) -> bool:
        return any(url.startswith(data) for url in self._answered_at)

    def first(self, page: str, data: str) -> dict[str, float]:
        """What is asked for before everything that is shown at first has been answered, the answer of ``data`` among
        it. Menus, dialogs and other pages are asked for afterwards, sooner or later, as busy as the machine is."""
        answered = max(at for url, at in self._answered_at.items() if url.startswith(data))
        answers = [
            at for url, at in self._answered_at.items() if not url.startswith(page) and self._began_at[url] < answered
        ]
        return {url: size for url, size in self.bytes.items() if self._began_at[url] < max(answers)}


def _seconds(event: dict[str, object]) -> float:
    at = event["timestamp"]
    assert isinstance(at, int | float)
    return at


@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="session")
async def test_a_cold_load_fits_a_slow_line(server: Served, open_tab: OpenTab) -> None:
    seed(server, 60, "patient")
    page = await open_tab("about:blank", apart=True)
    line = Line()
    session = await line.of(page)
    await session.send("Network.emulateNetworkConditions", SLOW_3G)

    await page.goto(server.page, wait_until="commit")
    await expect(page.locator("[data-job]").first).to_be_visible()
    rows_after = await page.evaluate("performance.now()") / 1_000
    await expect(page.get_by_role("button", name="More", exact=True)).to_be_visible()
    await page.evaluate("document.fonts.ready")
    first = await _told(server, line, "/jobs?")
    print(f"first rows after {rows_after:.1f} s; {first / 1_000:.0f} kB")
    assert first <= COLD_LOAD_BYTES
    twice = {url: n for url, n in line.asked.items() if n > 1 and not url.endswith("favicon.svg")}
    assert twice == {}


@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="session")
async def test_the_overview_fits_a_slow_line_and_its_charts_come_when_they_are_asked_for(
    server: Served, open_tab: OpenTab
) -> None:
    server.finished(server.submit("done")["id"])
    page = await open_tab("about:blank", apart=True)
    line = Line()
    session = await line.of(page)
    await session.send("Network.emulateNetworkConditions", SLOW_3G)

    await page.goto(f"{server.page}overview", wait_until="commit")
    await expect(page.get_by_role("table", name="Jobs that ended, by outcome")).to_be_visible()
    figures_after = await page.evaluate("performance.now()") / 1_000
    await expect(page.get_by_role("button", name="More", exact=True)).to_be_visible()
    await page.evaluate("document.fonts.ready")
    first = await _told(server, line, "/stats/series")
    print(f"first figures after {figures_after:.1f} s; {first / 1_000:.0f} kB")
    assert first <= COLD_LOAD_BYTES
    charts = page.locator(".recharts-surface")
    await expect(charts).to_have_count(0)
    assert not any("/chart-" in url for url in line.asked)

    await session.send("Network.emulateNetworkConditions", {**SLOW_3G, "latency": 0, "downloadThroughput": -1})
    await page.get_by_role("button", name="Chart of jobs that ended").click()
    await expect(charts).to_have_count(1)


async def _told(server: Served, line: Line, data: str) -> float:
    """Prints what came over the line. Returns the bytes of what came first."""
    await until_true(lambda: line.has(f"{server.url}{data}"), "the browser's count of the answer")
    first = line.first(server.page, f"{server.url}{data}")
    for url, size in sorted(line.bytes.items(), key=lambda one: -one[1]):
        print(f"{size / 1_000:8.1f} kB  {url.removeprefix(server.url)}{'' if url in first else '  (later)'}")
    assert any(url.endswith(".js") for url in first), "nothing was counted"
    assert any(url.endswith(".woff2") for url in first), "the text's font was not counted"
    return sum(first.values())


def _classes(text: str) -> set[str]:
    return set(re.findall(r"\bm_[0-9a-f]{6,8}\b", text))


def test_the_styles_of_mantine_are_those_of_the_components_that_are_used() -> None:
    code = _classes("".join(path.read_text() for path in (UI / "assets").glob("*.js")))
    styled = _classes("".join(path.read_text() for path in (UI / "assets").glob("*.css")))
    assert len(code) > 50

    folder = MANTINE / "core" / "styles"
    of = {path.stem: _classes(path.read_text()) for path in folder.glob("[A-Z]*.css") if ".layer" not in path.name}
    without_styles = {name for name, classes in of.items() if classes & code and not classes & styled} - UNSEEN
    never_used = {name for name, classes in of.items() if classes & styled and not classes & code}
    assert (without_styles, never_used) == (set(), set())
