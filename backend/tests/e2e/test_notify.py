"""Somebody who waits for a job is told of its end by the browser."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_no_overflow
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations
from tests.support.waiting import until

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")

# A browser without a screen allows no notices, whatever permission it is given, and shows none.
NOTED = """window.noted = [];
window.Notification = class extends Notification {
  static permission = "default";
  static requestPermission() {
    this.permission = "granted";
    return Promise.resolve("granted");
  }
  constructor(title, options) {
    super(title, options);
    window.noted.push([title, options.tag]);
  }
};"""


async def test_the_browser_tells_of_the_end(server: Served, open_tab: OpenTab) -> None:
    job = str(server.submit("tell me when this ends", flow="mute")["id"])
    server.finished(job, "WAITING")
    page = await open_tab("about:blank", apart=True)
    await page.add_init_script(NOTED)
    await page.goto(f"{server.page}jobs/{job}")
    await page.get_by_role("button", name="Notify me").click()
    await expect(page.get_by_role("button", name="Notify me: on")).to_be_visible()
    # The words beside the button stand at the end of the document, in no landmark; they belong to the button.
    await page.mouse.move(0, 0)
    await expect(page.get_by_role("tooltip")).to_have_count(0)
    assert await violations(page) == []
    # Wherever one is on the page.
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Flows").click()
    await expect(page.get_by_role("heading", name="Flows")).to_be_visible()
    server.call_back(job, "done")

    async def is_told() -> bool:
        return bool(await page.evaluate("window.noted") == [["Completed: tell me when this ends", job]])

    await until(is_told, seconds=60)
    await page.goto(f"{server.page}jobs/{job}")
    await expect(page.get_by_text("done")).to_be_visible()
    await expect(page.get_by_role("button", name="Notify me")).to_have_count(0)


async def test_a_browser_that_blocks_notices_is_said_to(server: Served, open_tab: OpenTab) -> None:
    job = str(server.submit("never told", flow="mute")["id"])
    page = await open_tab("about:blank", apart=True)
    await page.add_init_script("Object.defineProperty(Notification, 'permission', { get: () => 'denied' });")
    await page.goto(f"{server.page}jobs/{job}")
    button = page.get_by_role("button", name="Notify me")
    await expect(button).to_have_attribute("aria-disabled", "true")
    await button.hover()
    await expect(page.get_by_role("tooltip")).to_contain_text("The browser blocks notifications of this page.")
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect_no_overflow(page)
    boxes = [await one.bounding_box() for one in await page.locator("article header button").all()]
    assert {box["height"] for box in boxes[1:] if box is not None} == {44.0}
