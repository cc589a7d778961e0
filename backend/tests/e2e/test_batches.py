"""A file of prompts becomes a batch; its page shows how far it is and what failed, and gives its results."""

import json
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_no_overflow, open_form
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")
LINES = (
    {"customId": "good", "prompt": "Summarise this"},
    {"customId": "bad", "prompt": "fault:error", "flow": "other"},
    {"customId": "wrong", "prompt": " "},
)


def file_of(directory: Path, *lines: object) -> Path:
    path = directory / "prompts.jsonl"
    path.write_bytes(b"\r\n".join(json.dumps(line).encode() for line in lines))
    return path


async def opened_dialog(page: Page) -> None:
    await page.get_by_role("button", name="Submit a file").click()
    await expect(page.get_by_role("dialog", name="Submit a file")).to_be_visible()


async def test_from_a_file_to_its_results(server: Served, open_tab: OpenTab, tmp_path: Path) -> None:
    page = await open_tab(server.page)
    await open_form(page)
    await page.get_by_role("dialog").get_by_role("link", name="Submit a file…").click()
    await expect(page.get_by_role("heading", name="Batches")).to_be_visible()
    await opened_dialog(page)
    await page.get_by_label("File", exact=True).set_input_files(file_of(tmp_path, *LINES))
    await page.get_by_role("button", name="Submit", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("Line 3: prompt must not be blank")
    assert await violations(page) == []

    await page.get_by_label("Submit the valid lines even if others are invalid").check()
    await page.get_by_role("button", name="Submit", exact=True).click()
    await expect(page.get_by_role("heading", name="prompts.jsonl")).to_contain_text("Ended")
    await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "2")
    await expect(page.get_by_role("list", name="Failed jobs")).to_contain_text("Line 2")
    await expect(page.get_by_role("list", name="Refused lines")).to_contain_text("Line 3")
    assert await violations(page) == []
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect_no_overflow(page)
    assert await violations(page) == []

    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download results").click()
    saved = tmp_path / "results.jsonl"
    await (await downloading.value).save_as(saved)
    results = [json.loads(line) for line in saved.read_text().splitlines()]
    assert [(one["customId"], one["status"]) for one in results] == [
        ("good", "COMPLETED"),
        ("bad", "FAILED"),
        ("wrong", "REFUSED"),
    ]

    await page.get_by_role("list", name="Failed jobs").get_by_role("link", name="Line 2").click()
    await expect(page.get_by_test_id("job-error")).to_be_visible()
    await page.get_by_role("link", name="Line 2").click()
    await expect(page.get_by_role("heading", name="prompts.jsonl")).to_be_visible()


async def test_a_dropped_file_is_cancelled_and_is_in_the_list(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{server.page}batches", width=390, height=844)
    await opened_dialog(page)
    text = "\n".join(json.dumps({"prompt": f"later {n}", "delaySeconds": 3600}) for n in range(300))
    dropped = await page.evaluate_handle(
        """text => {
            const data = new DataTransfer();
            data.items.add(new File([text], "dropped.jsonl"));
            return data;
        }""",
        text,
    )
    await page.get_by_text("Choose a file, or drop it here").dispatch_event("drop", {"dataTransfer": dropped})
    await expect(page.get_by_label("Name")).to_have_value("dropped.jsonl")
    await page.get_by_role("button", name="Submit", exact=True).click()
    await expect(page.get_by_text("0 of 300 jobs done: 300 pending")).to_be_visible()

    await page.get_by_role("button", name="Cancel…").click()
    await expect(page.get_by_role("dialog")).to_contain_text("300 jobs of the batch have not ended")
    assert await violations(page) == []
    await page.get_by_role("button", name="Cancel the jobs").click()
    await expect(page.get_by_role("heading", name="dropped.jsonl")).to_contain_text("Cancelled")
    await expect(page.get_by_text("300 of 300 jobs done: 300 cancelled")).to_be_visible()

    await page.goto(f"{server.page}batches")
    row = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="dropped.jsonl"))
    await expect(row).to_contain_text("300 cancelled")
    await expect_no_overflow(page)
    assert await violations(page) == []
