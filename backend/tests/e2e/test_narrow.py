"""Narrow screens: everything is there, nothing overflows, and a finger hits what it aims at."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_no_overflow, open_form, row_of, type_and_create
from tests.e2e.served import Served

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = "NobodyEverPutASpaceIntoThisPromptWhichIsWhyItMustBeBrokenSomewhereOrElseItPushesThePageApart" * 2

ROWS_OF_ACTIONS = """() => {
  const copy = [...document.querySelectorAll("main button")].find(one => one.textContent === "Copy");
  const tops = [...copy.parentElement.querySelectorAll(":scope > button")].map(one => one.offsetTop);
  return [...new Set(tops)].map(top => tops.filter(one => one === top).length);
}"""
"""How many of the buttons of a job stand in each row."""


@pytest.mark.parametrize("width", [360, 390])
async def test_a_phone_shows_everything_and_scrolls_one_way(server: Served, open_tab: OpenTab, width: int) -> None:
    page = await open_tab(server.page, width=width, height=844)
    await type_and_create(page, f"{LONG} fault:malformed")
    card = row_of(page, LONG[:40]).first
    await expect(card.get_by_text("Malformed JSON")).to_be_visible()
    await expect_no_overflow(page)
    await card.get_by_role("link").click()
    await expect(page.get_by_test_id("result-error")).to_be_visible()
    await expect_no_overflow(page)
    assert await page.evaluate(ROWS_OF_ACTIONS) == [3, 2]
    await page.get_by_role("link", name="Flows").click()
    await expect(page.get_by_role("heading", name="Flows", level=1)).to_be_visible()
    await expect_no_overflow(page)


PLACES = {"Overview": "overview", "Flows": "flows", "Callbacks": "callbacks", "Jobs": ""}


@pytest.mark.parametrize("width", [320, 390])
async def test_a_phone_has_the_main_places_under_the_thumb(empty_server: Served, open_tab: OpenTab, width: int) -> None:
    page = await open_tab(empty_server.page, width=width, height=640)
    bar = page.get_by_role("navigation", name="Main")
    for name, path in PLACES.items():
        await bar.get_by_role("link", name=name).click()
        await page.wait_for_url(f"{empty_server.page}{path}")
        box = await bar.bounding_box()
        assert box is not None
        assert (box["x"], box["y"] + box["height"], box["width"]) == (0, 640, width)
        await expect(bar.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        await expect_no_overflow(page)
    for link in await bar.get_by_role("link").all():
        place = await link.bounding_box()
        assert place is not None
        assert min(place["width"], place["height"]) >= 44


async def test_the_narrowest_header_has_room_for_trouble(empty_server: Served, open_tab: OpenTab) -> None:
    empty_server.pause("other", "")
    page = await open_tab(f"{empty_server.page}flows", width=320, height=640)
    await expect(page.get_by_role("link", name="Flows, 1 closed or paused")).to_be_visible()
    await expect_no_overflow(page)


@pytest.mark.parametrize("width", [770, 900, 995])
async def test_the_header_fits_every_window(empty_server: Served, open_tab: OpenTab, width: int) -> None:
    empty_server.pause("other", "")
    page = await open_tab(f"{empty_server.page}flows", width=width, height=640)
    await expect(page.get_by_role("link", name="Flows, 1 closed or paused")).to_be_visible()
    await expect_no_overflow(page)


SMALL = """() => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter((one) => one.checkVisibility() && one.closest("p, dd, .visually-hidden, [aria-hidden]") === null)
  .filter((one) => {
    one.scrollIntoView({ block: "center", inline: "center" });
    const box = one.getBoundingClientRect();
    if (box.bottom < 0 || box.width < 2) return false;
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    return ![0, -21, 21].every((by) => {
      const hit = document.elementFromPoint(x, y + by);
      return hit !== null && (one.contains(hit) || hit.closest("[data-job]")?.contains(one));
    });
  }).map((one) => one.outerHTML.slice(0, 120))"""
FIELDS = """() => [...document.querySelectorAll("input, select, textarea")]
  .filter((one) => one.checkVisibility())
  .map((one) => parseFloat(getComputedStyle(one).fontSize))"""


async def test_a_finger_hits_what_it_aims_at(empty_server: Served, open_tab: OpenTab) -> None:
    empty_server.finished(empty_server.submit("fault:error", flow="other")["id"], "FAILED")
    page = await open_tab(f"{empty_server.page}?status=FAILED", width=390, height=844)
    await expect(page.locator("[data-job]")).to_have_count(1)
    # The filter that is on is in sight, though the chips are wider than the window.
    await expect(page.get_by_role("button", name="Failed", exact=False)).to_be_in_viewport(ratio=1)
    assert await page.evaluate(SMALL) == []
    await expect(page.locator("[data-job]")).to_have_count(1)
    assert min(await page.evaluate(FIELDS)) >= 16
    await open_form(page)
    await page.get_by_role("button", name="Options").click()
    assert min(await page.evaluate(FIELDS)) >= 16
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Flows").click()
    await expect(page.get_by_role("heading", name="Workers")).to_be_visible()
    assert await page.evaluate(SMALL) == []
