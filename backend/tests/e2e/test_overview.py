"""What happened over time: charts that lead to the jobs, the tables behind them, and what is shown without any."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_no_overflow
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="session")]

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def busy(server: Served) -> Served:
    """Three completed jobs and one that failed."""
    for n in range(3):
        server.finished(server.submit(f"done {n}")["id"])
    server.finished(server.submit("fault:error", flow="other")["id"], "FAILED")
    return server


async def opened(open_tab: OpenTab, server: Served, search: str = "", width: int = 1440) -> Page:
    page = await open_tab(f"{server.page}overview{search}", width=width)
    await expect(page.get_by_role("region", name="Jobs that ended")).to_be_visible()
    return page


async def test_it_is_in_the_navigation_and_shows_the_time_that_was_counted(busy: Served, open_tab: OpenTab) -> None:
    page = await open_tab(busy.page)
    await page.get_by_role("link", name="Overview").click()
    await expect(page).to_have_title("Overview · Job Processor")
    # The server has counted for less than an hour.
    await expect(page.get_by_role("button", name="1h", exact=True)).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_text("Not counted").first).to_be_visible()
    failed = page.locator("dl > div", has=page.get_by_text("Failed", exact=True))
    await expect(failed.get_by_role("link")).to_have_text("1")


async def test_a_bar_leads_to_the_jobs_behind_it(busy: Served, open_tab: OpenTab) -> None:
    page = await opened(open_tab, busy, "?range=90d")
    chart = page.get_by_role("img", name="Jobs that ended, by outcome")
    bars = chart.locator(".recharts-bar-rectangle path")
    await expect(bars).to_have_count(2)
    await bars.nth(1).click()
    await expect(page).to_have_url(re.compile(r"\?status=FAILED&q=finished"))
    await expect(page.locator("[data-job]")).to_have_count(1)
    await page.go_back()
    await bars.nth(0).hover()
    await expect(page.get_by_text("not over yet", exact=False).last).to_be_visible()
    await bars.nth(0).click()
    await expect(page.locator("[data-job]")).to_have_count(3)
    await expect(page.locator('[data-status="FAILED"]')).to_have_count(0)


async def test_the_time_and_the_flow_are_chosen_by_keyboard(busy: Served, open_tab: OpenTab) -> None:
    page = await opened(open_tab, busy)
    await page.get_by_role("button", name="7d", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("range=7d"))
    await page.get_by_role("combobox", name="Flow").select_option("other")
    await expect(page.get_by_text("No job failed.")).to_have_count(0)
    success = page.locator("dl > div", has=page.get_by_text("Success", exact=True))
    await expect(success).to_contain_text("0 %")
    await page.reload()
    await expect(success).to_contain_text("0 %")
    await expect(page.get_by_role("button", name="7d", exact=True)).to_have_attribute("aria-pressed", "true")


async def test_the_table_of_a_chart_leads_to_the_jobs_without_a_pointer(busy: Served, open_tab: OpenTab) -> None:
    page = await opened(open_tab, busy, "?range=90d")
    await page.get_by_role("button", name="Table of jobs that ended").focus()
    await page.keyboard.press("Enter")
    table = page.get_by_role("table", name="Jobs that ended, by outcome")
    await expect(table.get_by_role("columnheader")).to_have_text(["Period", "Completed", "Cancelled", "Failed"])
    await expect(table.get_by_role("rowheader")).to_contain_text("not over yet")
    await table.get_by_role("link", name="3").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-job]")).to_have_count(3)


async def test_it_follows_what_happens(busy: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{busy.page}overview?flow=once")
    await expect(page.get_by_text("No job has ended yet")).to_be_visible()
    busy.finished(busy.submit("hello", flow="once")["id"])
    await expect(page.get_by_role("region", name="Jobs that ended")).to_be_visible()


async def test_it_says_when_it_could_not_be_refreshed(busy: Served, open_tab: OpenTab) -> None:
    page = await opened(open_tab, busy)
    # It is asked for a day at first, then for the hour that was counted.
    await expect(page.get_by_role("button", name="1h", exact=True)).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("[data-applying]")).to_have_count(0)
    await page.route("**/stats/series?*", lambda route: route.fulfill(status=500))
    busy.finished(busy.submit("another")["id"])
    await expect(page.get_by_test_id("stale-line")).to_contain_text("This page could not be refreshed since")
    await expect(page.get_by_role("region", name="Jobs that ended")).to_be_visible()
    assert await violations(page) == []


async def test_everybody_can_read_it(busy: Served, open_tab: OpenTab) -> None:
    page = await opened(open_tab, busy)
    assert await violations(page) == []
    for name in ("jobs that ended", "durations"):
        await page.get_by_role("button", name=f"Table of {name}").click()
    assert await violations(page) == []


async def test_on_a_phone(busy: Served, open_tab: OpenTab) -> None:
    page = await open_tab(busy.page, width=PHONE["width"], height=PHONE["height"])
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Overview").click()
    await expect(page.get_by_role("region", name="Jobs that ended")).to_be_visible()
    await expect_no_overflow(page)
    assert await violations(page) == []
    await page.get_by_role("button", name="Table of durations").click()
    await expect_no_overflow(page)


async def test_nothing_there_and_nobody_there(empty_server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{empty_server.page}overview")
    await expect(page.get_by_text("No job has ended yet")).to_be_visible()
    assert await violations(page) == []
    empty_server.stop()
    await expect(page.get_by_test_id("server-banner")).to_be_visible()
    await page.get_by_role("button", name="90d", exact=True).click()
    await expect(page.get_by_text("The server cannot be reached.").last).to_be_visible()
