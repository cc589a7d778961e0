"""Where one begins: at the list while there are no jobs, then at the overview."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenTab
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_it_is_the_list_without_jobs_and_the_overview_with_some(empty_server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{empty_server.url}/", apart=True)
    await expect(page.get_by_text("No jobs yet")).to_be_visible()

    empty_server.finished(empty_server.submit("start")["id"])
    await page.goto(f"{empty_server.url}/")
    await expect(page).to_have_url(re.compile("/ui/overview$"))
    await expect(page.get_by_role("region", name="Jobs that ended")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("link", name="Jobs", exact=True).click()
    await expect(page.locator("[data-job]")).to_have_count(1)
    # The list has its own address.
    await page.reload()
    await expect(page.locator("[data-job]")).to_have_count(1)
