"""The page of webhooks: an endpoint is made, a job ends, its delivery is shown with what was sent and answered, and is
sent again; everything by keyboard too, and axe finds nothing."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_no_overflow
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations
from tests.processors.rogue import Rogue, answer
from tests.support.waiting import until_true
from tests.webhooks.verifying import python_says

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that may tell receivers on loopback."""
    served = Served(tmp_path_factory.mktemp("telling"), environment={"WEBHOOK_PRIVATE_ADDRESSES": "allow"})
    served.start()
    yield served
    served.stop()


async def expect_clean(page: Page) -> None:
    for size in (PHONE, DESK):
        await page.set_viewport_size({"width": size["width"], "height": size["height"]})
        await expect_no_overflow(page)
        assert await violations(page) == [], size


async def test_an_endpoint_is_made_told_and_told_again(telling: Served, open_tab: OpenTab) -> None:
    async with Rogue(answer(200, "thanks"), 2 * [answer(503, "come back later")]).serve() as receiver:
        page = await open_tab(telling.page)
        await page.get_by_role("link", name="Webhooks").click()
        await page.get_by_role("button", name="New endpoint").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("URL")).to_be_focused()
        await page.keyboard.type("example.com")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Enter a URL that begins with https:// or http://.")).to_be_visible()
        await expect_clean(page)
        await page.get_by_label("URL").fill(f"{receiver.url}/hook")
        await page.keyboard.press("Tab")
        await page.keyboard.type("Pager")
        await page.keyboard.press("Enter")
        secret = page.get_by_test_id("made-secret").locator("code")
        await expect(secret).to_contain_text("whsec_")
        text = await secret.inner_text()
        await expect_clean(page)
        await page.get_by_role("button", name="I have copied it").press("Enter")
        await expect(page.get_by_role("button", name="New endpoint")).to_be_focused()

        job = telling.finished(telling.submit("tell me")["id"])["id"]
        row = page.locator("[data-delivery]")
        # The next one is in five minutes.
        await expect(row).to_contain_text("Try 2: answered 503")
        await expect(row).to_contain_text("Next try in")
        await expect(page.locator("[data-endpoint]")).to_contain_text("Failing")
        await row.get_by_role("button", name="Request and answers").press("Enter")
        await expect(row.get_by_role("list", name="Tries, newest first")).to_contain_text("come back later")
        await expect(row.get_by_role("group", name="The body that is sent, laid out")).to_contain_text(job)
        await expect_clean(page)

        # On the page of its job, and from there: now, not in five minutes' time, and with the same id and bytes.
        await row.get_by_role("link", name=job).click()
        of_job = page.get_by_role("region", name="Webhooks").locator("[data-delivery]")
        await of_job.get_by_role("button", name="Send now").press("Enter")
        await expect(of_job).to_contain_text("Delivered")
        await expect_clean(page)
        sent = len(receiver.requests)
        await of_job.get_by_role("button", name="Send again").click()
        await until_true(lambda: len(receiver.requests) > sent, "the replay")
        assert len({(one.headers["webhook-id"], one.body) for one in receiver.requests}) == 1
        for one in receiver.requests:
            assert python_says(text, one.headers, one.body.decode()) == "ok"

        await page.get_by_role("link", name="Open in Webhooks").click()
        await expect(page.get_by_label("Job", exact=True)).to_have_value(job)
        await expect(page.locator("[data-delivery]")).to_have_count(1)


async def test_an_endpoint_is_tested_edited_disabled_and_deleted(telling: Served, open_tab: OpenTab) -> None:
    async with Rogue(answer(204)).serve() as receiver:
        page = await open_tab(f"{telling.page}webhooks")
        await page.get_by_role("button", name="New endpoint").click()
        await page.get_by_label("URL").fill(f"{receiver.url}/second")
        await page.get_by_label("Description").fill("Second")
        await page.get_by_label("Description").press("Enter")
        await page.get_by_role("button", name="I have copied it").click()
        row = page.locator("[data-endpoint]", has=page.get_by_role("heading", name="Second"))
        await row.get_by_role("button", name="Send a test").click()
        await expect(row.get_by_role("status")).to_contain_text("The test was delivered. Answered 204")

        await row.get_by_role("button", name="Edit…").click()
        await page.get_by_role("checkbox", name="completed").uncheck()
        await page.get_by_role("button", name="Save").click()
        await expect(row).to_contain_text("failed, cancelled")
        await row.get_by_role("button", name="Disable…").click()
        await page.get_by_role("button", name="Disable", exact=True).click()
        await expect(row).to_contain_text("A person disabled the endpoint.")
        await expect(row.get_by_role("button", name="Send a test")).to_have_attribute("aria-disabled", "true")
        await row.get_by_role("link", name="Deliveries").click()
        await expect(page.get_by_label("Receiver")).to_have_value(await row.get_attribute("data-endpoint") or "")
        tested = page.locator("[data-delivery]")
        # Until the answer comes, all deliveries are shown.
        await expect(tested).to_have_count(1)
        await expect(tested).to_contain_text("webhook.test")
        await expect(tested.get_by_role("button", name="Send again")).to_have_accessible_description(
            "The endpoint is disabled. Enable it first."
        )
        await expect_clean(page)
        await row.get_by_role("button", name="Enable").click()
        await expect(row).to_contain_text("Enabled")
        await row.get_by_role("button", name="Delete…").click()
        await page.get_by_role("button", name="Delete", exact=True).click()
        await expect(row).to_have_count(0)
        await expect(tested.get_by_role("button", name="Send again")).to_have_accessible_description(
            "The endpoint was deleted."
        )
        await page.get_by_role("button", name="Secret of your jobs' webhooks…").click()
        await expect(page.get_by_test_id("own-secrets")).to_contain_text("whsec_")
        await expect_clean(page)
        # On a phone the header has no room for the link: it is in the menu.
        await page.goto(telling.page)
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.get_by_role("button", name="More", exact=True).click()
        await page.get_by_role("menuitem", name="Webhooks").click()
        await expect(page.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()
