"""A job with more attempts than one wants to see at once: its timeline is folded, on every screen, but not on paper."""

import pytest
from playwright.async_api import expect

from tests.e2e.looks import expect_no_overflow
from tests.e2e.stories import Scheme, Stage, Told, opened
from tests.e2e.test_accessible import violations

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
async def test_the_middle_of_a_long_timeline_is_unfolded_by_the_keyboard(
    on: Stage, of: Told, width: int, scheme: Scheme
) -> None:
    async with opened(on, of, "job-long", width, scheme) as page:
        timeline = page.get_by_role("region", name="Timeline")
        hidden = timeline.get_by_role("heading", name="Attempt 30")
        await expect(timeline.get_by_role("heading", name="Attempt 44")).to_be_visible()
        await expect(hidden).to_have_count(0)
        await timeline.locator("summary", has_text="Show all").focus()
        await page.keyboard.press("Enter")
        await expect(hidden).to_be_visible()
        await expect_no_overflow(page)
        assert await violations(page) == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
async def test_an_attempt_tells_its_request_and_its_answer(on: Stage, of: Told, width: int, scheme: Scheme) -> None:
    async with opened(on, of, "job-completed", width, scheme) as page:
        timeline = page.get_by_role("region", name="Timeline")
        await expect(timeline.get_by_text("POST https://n8n.example.com/…")).to_be_visible()
        await expect(timeline.get_by_text("HTTP 202 after 1.0 s")).to_be_visible()
        await expect_no_overflow(page)
        assert await violations(page) == []
        await timeline.get_by_role("link", name="Result").click()
        await expect(page.get_by_role("region", name="Result")).to_be_in_viewport()


async def test_on_paper_nothing_is_folded(on: Stage, of: Told) -> None:
    async with opened(on, of, "job-long", 1440, "light") as page:
        await page.emulate_media(media="print")
        await expect(page.locator("h3", has_text="Attempt 30")).to_be_visible()
        await expect(page.get_by_text("Show all")).to_be_hidden()
