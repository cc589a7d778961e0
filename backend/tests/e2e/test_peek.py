"""A job that is peeked at from the list: by mouse, keyboard and address, with j and k, on a phone too."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.feeder import fed, seed
from tests.e2e.looks import expect_no_overflow, row_of, until_in
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")

FOCUSED = "document.activeElement.closest('[data-job]')?.dataset.job"


@pytest.fixture(scope="module")
def stocked(server: Served) -> Served:
    server.pause("patient", "The stock stands still.")
    seed(server, 60, "patient")
    return server


async def peeked(page: Page) -> str:
    """The id of the job that is shown in the drawer."""
    return (await page.get_by_role("dialog").get_by_role("heading").first.inner_text()).split()[-1]


async def test_peek_from_the_keyboard(stocked: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{stocked.page}?flow=patient&q=seed")
    await expect(page.locator("[data-job]")).to_have_count(50)
    ids = await page.evaluate("[...document.querySelectorAll('[data-job]')].map((row) => row.dataset.job)")
    for key in ("j", "j", " "):
        await page.keyboard.press(key)
    drawer = page.get_by_role("dialog", name=f"Job {ids[1]}")
    await expect(drawer).to_contain_text("2 of 50+")
    await expect(drawer.get_by_role("group", name="The prompt")).to_contain_text("seed 00")
    assert page.url.endswith(f"&peek={ids[1]}")
    assert await violations(page) == []

    # Far down: the list follows below, and its row is the chosen one.
    for _ in range(30):
        await page.keyboard.press("j")
    await expect(page.get_by_role("dialog", name=f"Job {ids[31]}")).to_be_visible()
    row = page.locator(f'[data-job="{ids[31]}"]')
    await expect(row).to_have_attribute("data-selected", "true")
    await expect(row).to_be_in_viewport()
    await page.keyboard.press("k")
    await expect(page.get_by_role("dialog", name=f"Job {ids[30]}")).to_be_visible()

    # A menu in it closes first.
    await drawer.or_(page.get_by_role("dialog")).get_by_role("button", name="Copy", exact=True).click()
    await until_in(page, "document.activeElement.closest('[role=menu]') !== null")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menu")).to_have_count(0)
    await page.get_by_role("button", name="Replay…").click()
    await expect(page.get_by_role("dialog")).to_have_count(2)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(1)

    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url.endswith("?flow=patient&q=seed")
    await until_in(page, f"({FOCUSED}) === '{ids[30]}'")
    await expect(page.locator(f'[data-job="{ids[30]}"]')).to_be_in_viewport()

    # The browser's own way back closes it, too.
    await page.keyboard.press("p")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await until_in(page, f"({FOCUSED}) === '{ids[30]}'")

    # Enter opens the whole job, and the way back leads to the drawer.
    await page.keyboard.press("p")
    await expect(page.get_by_role("dialog", name=f"Job {ids[30]}")).to_be_visible()
    await expect(page.get_by_role("dialog").get_by_role("heading", name="Prompt")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name=f"Job {ids[30]}", level=1)).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("dialog", name=f"Job {ids[30]}")).to_be_visible()


async def test_the_list_holds_still_behind_a_peek(stocked: Served, open_tab: OpenTab) -> None:
    page = await open_tab(stocked.page)
    await expect(page.locator("[data-job]").first).to_be_visible()
    first = await page.locator("[data-job]").first.get_attribute("data-job")
    await page.locator("[data-job]").first.get_by_role("button", name="Peek").click()
    await expect(page.get_by_role("dialog", name=f"Job {first}")).to_be_visible()
    with fed(stocked, 10):
        await expect(page.get_by_text("new jobs", exact=False).first).to_be_visible()
    stocked.settled()
    assert await page.locator("[data-job]").first.get_attribute("data-job") == first
    # What is outside of it closes it.
    await page.mouse.click(200, 500)
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_an_address_leads_to_a_peek_and_shows_what_happens(server: Served, open_tab: OpenTab) -> None:
    job = str(server.submit("to be shared", flow="mute")["id"])
    server.finished(job, "WAITING")
    page = await open_tab(f"{server.page}?q=shared&peek={job}")
    drawer = page.get_by_role("dialog", name=f"Job {job}")
    await expect(drawer.get_by_text("Waiting").first).to_be_visible()
    server.call_back(job, '{"seen": "beside the list"}')
    await expect(drawer.get_by_text("beside the list")).to_be_visible()
    await drawer.get_by_role("link", name="Open").click()
    await expect(page.get_by_role("heading", name=f"Job {job}", level=1)).to_be_visible()
    await page.goto(f"{server.page}?q=shared&peek={job}")
    await drawer.get_by_role("button", name="Delete…").click()
    await page.get_by_role("dialog", name="Delete").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No job matches these filters")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_peek_on_a_phone(server: Served, open_tab: OpenTab) -> None:
    server.finished(server.submit("phone peek fault:malformed", flow="other")["id"])
    page = await open_tab(f"{server.page}?q=phone+peek", width=390, height=844)
    await row_of(page, "phone peek").get_by_role("button", name="Peek").click()
    drawer = page.get_by_role("dialog")
    await expect(drawer.get_by_test_id("result-error")).to_be_visible()
    box = await drawer.bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
    await expect_no_overflow(page)
    assert await violations(page) == []
    for name in ("Close", "Next job", "Previous job"):
        size = await drawer.get_by_role("button", name=name).bounding_box()
        assert size is not None
        assert (size["width"] >= 44, size["height"] >= 44) == (True, True), (name, size)
    await drawer.get_by_role("button", name="Close").click()
    await expect(drawer).to_have_count(0)
