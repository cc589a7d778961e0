"""How the list looks: its columns and the height of its rows are chosen, and remembered by the browser."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.feeder import seed
from tests.e2e.looks import expect_no_overflow
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")
HEIGHTS = "() => [...new Set([...document.querySelectorAll('[data-job]')].map((row) => row.offsetHeight))]"
HEADS = ["Status", "Prompt", "Flow", "Created", "Duration", "Peek"]


@pytest.fixture(scope="module")
def several(server: Served) -> Served:
    """Jobs in several states: with an answer, an error, tags, and one that waits."""
    server.finished(server.submit("look done", tags=["a", "b", "c"], key="customer-7")["id"])
    server.finished(server.submit("look failed fault:error", flow="other")["id"], "FAILED")
    server.submit("look waiting", delaySeconds=9_000, priority=7)
    seed(server, 150, "patient")
    return server


async def opened(open_tab: OpenTab, server: Served, width: int = 1440) -> Page:
    page = await open_tab(server.page, apart=True, width=width)
    await expect(page.locator("[data-job]").first).to_be_visible()
    return page


async def expect_height(page: Page, height: int) -> None:
    """Of every row."""
    await expect(page.locator("[data-job]").first).to_have_js_property("offsetHeight", height)
    assert await page.evaluate(HEIGHTS) == [height]


async def expect_heads(page: Page, heads: list[str]) -> None:
    await expect(page.get_by_role("columnheader")).to_have_text(heads)


async def test_density_and_columns_are_chosen_by_keyboard_and_remembered(several: Served, open_tab: OpenTab) -> None:
    page = await opened(open_tab, several)
    await expect_height(page, 57)
    await expect_heads(page, HEADS)

    await page.get_by_role("button", name="Display").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitemradio", name="Comfortable")).to_have_attribute("aria-checked", "true")
    await expect(page.get_by_role("menuitemradio", name="Comfortable")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitemradio", name="Compact")).to_have_attribute("aria-checked", "true")
    assert await violations(page) == []
    await page.get_by_role("menuitemcheckbox", name="Key").click()
    await page.get_by_role("menuitemcheckbox", name="Priority").click()
    await page.get_by_role("menuitemcheckbox", name="Flow").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Display")).to_be_focused()

    wanted = ["Status", "Prompt", "Key", "Priority", "Created", "Duration", "Peek"]
    await expect_heads(page, wanted)
    await expect_height(page, 37)
    await page.reload()
    await expect(page.locator("[data-job]").first).to_be_visible()
    await expect_heads(page, wanted)
    await expect_height(page, 37)
    assert await violations(page) == []

    await page.get_by_role("button", name="Display").click()
    await page.get_by_role("menuitem", name="Reset").click()
    await expect_heads(page, HEADS)
    await expect_height(page, 57)


async def test_rows_that_are_not_drawn_have_the_height_of_those_that_are(several: Served, open_tab: OpenTab) -> None:
    page = await opened(open_tab, several)
    for loaded in (100, 150):
        await page.get_by_role("button", name="Load more").click()
        await expect(page.get_by_text(f"Newest {loaded} jobs")).to_be_visible()
    for density, height in (("Compact", 37), ("Comfortable", 57)):
        await page.get_by_role("button", name="Display").click()
        await page.get_by_role("menuitemradio", name=density).click()
        await page.keyboard.press("Escape")
        await expect(page.locator("tbody")).to_have_js_property("offsetHeight", 150 * height)
    assert await page.locator("[data-job]").count() < 150


async def test_more_columns_than_fit_are_scrolled_to_and_the_window_is_not(several: Served, open_tab: OpenTab) -> None:
    page = await opened(open_tab, several, width=800)
    await page.get_by_role("button", name="Display").click()
    for name in ("Key", "Priority", "Attempt", "Ended"):
        await page.get_by_role("menuitemcheckbox", name=name).click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("columnheader")).to_have_count(10)
    await expect_no_overflow(page)
    assert await violations(page) == []


async def test_a_phone_shows_cards_whatever_was_chosen(several: Served, open_tab: OpenTab) -> None:
    page = await opened(open_tab, several)
    await page.get_by_role("button", name="Display").click()
    await page.get_by_role("menuitemradio", name="Compact").click()
    await page.keyboard.press("Escape")
    await expect_height(page, 37)
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.locator("li[data-job]").first).to_be_visible()
    await expect_height(page, 133)
    await expect(page.get_by_role("button", name="Display")).to_have_count(0)
