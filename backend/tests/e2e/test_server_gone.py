"""The server goes away and comes back; the stream fails while the server does not."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_mode, expect_status, open_form, row_of, type_and_create
from tests.e2e.served import Served

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_restart_is_survived_without_a_reload(empty_server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(empty_server.page)
    await type_and_create(page, "before")
    await expect_status(row_of(page, "before"), "COMPLETED")
    await expect_mode(page, "Live")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    prompt = await open_form(page)
    await prompt.fill("typed before the fall")

    empty_server.stop()
    await expect(page.get_by_test_id("server-banner")).to_contain_text("cannot be reached")
    await expect_mode(page, "Offline")
    await expect(prompt).to_be_disabled()
    await expect(page.get_by_role("button", name="Create job")).to_be_disabled()
    # What was there is still to be read.
    await expect(row_of(page, "before")).to_be_visible()

    empty_server.start()
    await expect(page.get_by_test_id("server-banner")).to_have_count(0)
    await expect(prompt).to_be_enabled()
    await expect(prompt).to_have_value("typed before the fall")
    await expect_mode(page, "Live")
    await page.get_by_role("button", name="Create job").click()
    await expect_status(row_of(page, "typed before the fall"), "COMPLETED")


async def test_what_happened_meanwhile_is_there_afterwards(empty_server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(empty_server.page)
    await expect_mode(page, "Live")
    empty_server.stop()
    await expect_mode(page, "Offline")
    # Nobody tells the page of this one: it must look for itself when it is back.
    await page.context.route("**/events", lambda route: route.abort())
    empty_server.start()
    empty_server.submit("from elsewhere")
    await expect_status(row_of(page, "from elsewhere"), "COMPLETED")


async def test_without_a_stream_the_page_polls_and_says_so(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab("about:blank")
    await page.context.route("**/events", lambda route: route.abort())
    await page.goto(server.page)
    await expect_mode(page, "Polling")
    await type_and_create(page, "polled")
    await expect_status(row_of(page, "polled"), "COMPLETED")

    await page.context.unroute("**/events")
    await expect_mode(page, "Live")


async def test_many_events_make_few_requests(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(server.page)
    await expect_mode(page, "Live")
    lists = count_lists(page)
    for i in range(40):
        server.submit(f"burst {i}", flow="other")
    await expect_status(row_of(page, "burst 39"), "COMPLETED")
    # 40 jobs change about 160 times. Three refetches a second is the most there may be.
    elapsed: float = await page.evaluate("performance.now() / 1000")
    assert len(lists) <= 5 + elapsed / 0.3


def count_lists(page: Page) -> list[str]:
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url) if "/jobs?" in request.url else None)
    return seen
