"""Results of the largest size that is allowed, in every view."""

import json
from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import until_in
from tests.e2e.served import Served

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

LARGEST = 1_000_000
NODES = 3_000
"""Elements on the page: of a text that is drawn whole there would be hundreds of thousands."""
LONGEST = """() => {
  window.longest = 0;
  new PerformanceObserver((seen) => {
    for (const task of seen.getEntries()) window.longest = Math.max(window.longest, task.duration);
  }).observe({ type: "longtask" });
}"""

# As heights become known the end moves on.
TO_THE_END = """(box) => {
  box.scrollTop = box.scrollHeight;
  const seen = box.getBoundingClientRect();
  const last = [...box.querySelectorAll("[data-line]")].at(-1)?.getBoundingClientRect();
  return box.scrollHeight > 10_000 && last && last.top < seen.bottom && last.bottom > seen.top;
}"""


def _json() -> str:
    rows: list[dict[str, object]] = []
    size = 0
    while size < LARGEST - 200:
        rows.append({"number": len(rows), "name": f"row {len(rows)}", "tags": ["a", "b"], "ok": True})
        size += len(json.dumps(rows[-1])) + 2
    return json.dumps(rows)


RESULTS: dict[str, Callable[[], str]] = {
    "json": _json,
    "lines": lambda: "a line of prose\n" * (LARGEST // 16),
    "one_line": lambda: "x" * LARGEST,
    "malformed": lambda: _json()[:-40],
}


async def _elements(page: Page) -> int:
    count: int = await page.evaluate("document.querySelectorAll('*').length")
    return count


@pytest.mark.parametrize("kind", RESULTS)
async def test_the_largest_result_opens_in_every_view(server: Served, open_tab: OpenTab, kind: str) -> None:
    job = server.submit(f"big {kind}", flow="patient")
    server.finished(job["id"], "WAITING")
    server.call_back(job["id"], RESULTS[kind]())
    page = await open_tab("about:blank")
    await page.add_init_script(f"({LONGEST})()")
    await page.goto(f"{server.page}jobs/{job['id']}")
    tabs = page.get_by_role("tablist", name="Views of the result").get_by_role("tab")
    await expect(tabs.first).to_be_visible()

    print(f"{kind}, opened: longest task {await page.evaluate('longest'):.0f} ms")

    for index in range(await tabs.count()):
        await page.evaluate("longest = 0")
        await tabs.nth(index).click()
        if (await tabs.nth(index).inner_text()).startswith("Edits"):
            await expect(page.get_by_role("tabpanel")).to_contain_text("1")
        else:
            box = page.get_by_role("tabpanel").get_by_role("group").last
            await expect(box.locator("[data-line]").first).to_be_visible()
            # What was not drawn is drawn when it comes into sight.
            await until_in(page, TO_THE_END, arg=await box.element_handle())
        assert await _elements(page) < NODES
        print(f"{kind}, {await tabs.nth(index).inner_text()}: longest task {await page.evaluate('longest'):.0f} ms")
