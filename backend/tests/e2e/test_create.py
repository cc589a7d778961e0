"""From the form to COMPLETED, without a reload."""

import json

import pytest
from playwright.async_api import Request, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_mode, expect_status, open_form, row_of, type_and_create
from tests.e2e.served import Served

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_job_is_created_watched_and_read(empty_server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(empty_server.page)
    await expect(page.get_by_text("No jobs yet")).to_be_visible()
    await expect_mode(page, "Live")

    await type_and_create(page, "Tell me something")
    row = row_of(page, "Tell me something")
    await expect_status(row, "COMPLETED")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(await open_form(page)).to_have_value("")
    await page.keyboard.press("Escape")

    await row.get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Job")).to_be_visible()
    job = empty_server.job(page.url.rsplit("/", 1)[-1])
    assert job["status"] == "COMPLETED"
    await page.get_by_role("tab", name="Raw").click()
    shown = await page.get_by_role("group", name="The raw result").inner_text()
    assert json.loads(shown) == json.loads(job["result"])
    for words in ("Submitted", "Attempt 1", "Accepted, waiting for a callback"):
        await expect(page.get_by_text(words)).to_be_visible()


async def test_a_job_page_follows_its_job(server: Served, open_tab: OpenTab) -> None:
    job = server.submit("Follow me", flow="patient")
    page = await open_tab(f"{server.page}jobs/{job['id']}")
    await expect(page.get_by_test_id("waiting-on")).to_contain_text("will call back")
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.locator('h1 ~ [role="status"] [data-status="CANCELLED"]')).to_be_visible()
    await expect(page.get_by_role("button", name="Cancel")).to_have_attribute("aria-disabled", "true")
    assert server.job(job["id"])["status"] == "CANCELLED"


async def test_what_must_not_be_sent_is_not_sent(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(server.page)
    sent: list[str] = []

    def seen(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.url)

    page.on("request", seen)
    await type_and_create(page, " \n\t ")
    await expect(page.get_by_text("The prompt must not be blank.")).to_be_visible()
    # € has three bytes: fewer characters than the limit has bytes, and still too long.
    await type_and_create(page, "€" * (512 * 1024 // 3 + 1))
    await expect(page.get_by_text("at most 512 KiB are accepted")).to_be_visible()
    assert sent == []


async def test_a_double_click_makes_one_job(empty_server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(empty_server.page)
    await (await open_form(page)).fill("only once")
    await page.get_by_role("button", name="Create job").dblclick()
    await expect_status(row_of(page, "only once"), "COMPLETED")
    await expect(page.locator("[data-job]")).to_have_count(1)


async def test_a_deleted_job_is_gone(server: Served, open_tab: OpenTab) -> None:
    job = server.submit("Forget me")
    server.finished(job["id"])
    page = await open_tab(f"{server.page}jobs/{job['id']}")
    await page.get_by_role("button", name="Delete…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("heading", name="Jobs", exact=True, level=1)).to_be_visible()
    await expect(row_of(page, "Forget me")).to_have_count(0)
    await page.goto(f"{server.page}jobs/{job['id']}")
    await expect(page.get_by_role("heading", name="Job not found")).to_be_visible()


async def test_what_was_typed_is_there_on_every_page_and_after_a_reload(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{server.page}flows")
    await expect(page.get_by_role("heading", name="Workers")).to_be_visible()
    prompt = page.get_by_role("dialog", name="New job").get_by_label("Prompt", exact=True)
    await page.keyboard.press("n")
    await expect(prompt).to_be_focused()
    await page.keyboard.type("half a thought")
    # Left by a link of the dialog, and come back to: it is closed, and the text is there.
    await page.get_by_role("dialog").get_by_role("link", name="Submit a file…").click()
    await expect(page.get_by_role("heading", name="Batches", level=1)).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="New job").press("Enter")
    await expect(prompt).to_have_value("half a thought")
    # Open when the page was loaded again, it is open again.
    await page.reload()
    await expect(page.get_by_role("dialog", name="New job")).to_be_visible()
    await expect(prompt).to_have_value("half a thought")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.reload()
    await expect(page.get_by_role("heading", name="Batches", level=1)).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    button = page.get_by_role("button", name="New job")
    await button.press("Enter")
    await expect(prompt).to_have_value("half a thought")
    await expect(prompt).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(button).to_be_focused()
    await page.get_by_role("link", name="Open the job").click()
    await expect(page.get_by_role("group", name="The prompt")).to_have_text("half a thought")
