"""Bulk actions on the page: select all that match, confirm, see the progress, abort; keyboard, axe, and a phone."""

import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.feeder import seed
from tests.e2e.looks import expect_no_overflow, sign_in
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")

MANY = 1_500
"""Several groups of a bulk action, and more than one page of an export."""


@pytest.fixture(scope="module")
def stocked(server: Served) -> Served:
    server.pause("patient", "The stock stands still.")
    seed(server, MANY, "patient")
    return server


@pytest.fixture
def full_quota(tmp_path: Path) -> Iterator[Served]:
    """A server with three cancelled jobs, of which only two can be replayed as long as their flow is paused."""
    server = Served(tmp_path, environment={"AUTH": "keys", "WAITING_JOBS_PER_KEY": "2"})
    server.start()
    try:
        server.key = (tmp_path / "data" / "first-admin-key").read_text().strip()
        for n in range(3):
            server.cancelled(f"to be replayed {n}")
        server.pause("patient", "The replays stand still.")
        yield server
    finally:
        server.stop()


def count(server: Served, status: str) -> int:
    by_state = server.get("/stats")["byFlow"].get("patient", {})
    return int(by_state.get(status, 0))


async def select_all(page: Page, matched: int) -> None:
    await page.get_by_role("button", name="Select all that match").click()
    await expect(page.get_by_role("region", name="Selected jobs")).to_contain_text(f"{matched:,} jobs selected")


async def test_cancel_all_for_a_reason(stocked: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{stocked.page}?flow=patient")
    await select_all(page, MANY)
    await page.get_by_role("button", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog", name=f"Cancel {MANY:,} jobs?")
    await dialog.get_by_label("Reason").fill("not needed")
    # What was typed is there again, once the jobs are counted again; for other jobs it is no reason.
    await page.reload()
    await select_all(page, MANY)
    await page.get_by_role("button", name="Cancel", exact=True).click()
    await expect(dialog.get_by_label("Reason")).to_have_value("not needed")
    await dialog.get_by_role("button", name=f"Cancel {MANY:,} jobs").click()
    done = page.get_by_role("region", name="Cancel done")
    await expect(done).to_contain_text(f"{MANY:,} cancelled")
    assert (count(stocked, "CANCELLED"), count(stocked, "PENDING")) == (MANY, 0)
    await expect(page.get_by_role("region", name="Selected jobs")).to_have_count(0)
    await done.get_by_role("button", name="Dismiss").click()
    await expect(done).to_have_count(0)


async def test_abort_while_it_waits(full_quota: Served, open_tab: OpenTab) -> None:
    """What waits for room under the quota is under way until somebody aborts it."""
    page = await open_tab(full_quota.page)
    await sign_in(page, full_quota.key)
    await select_all(page, 3)
    await page.get_by_role("button", name="Replay", exact=True).click()
    dialog = page.get_by_role("dialog", name="Replay 3 jobs?")
    await dialog.get_by_role("button", name="Replay 3 jobs").click()
    under_way = page.get_by_role("region", name="Replaying 3 jobs")
    await expect(under_way.get_by_role("progressbar")).to_have_count(1)
    await expect(under_way).to_contain_text("Waiting: the key has as many waiting jobs as it may have.")
    await under_way.get_by_role("button", name="Abort").click()
    aborted = page.get_by_role("region", name="Replay aborted")
    await expect(aborted).to_contain_text("2 replayed")
    [action] = full_quota.get("/bulk-actions?limit=1")
    assert (action["status"], action["done"], action["waitsFor"]) == ("ABORTED", 2, None)
    assert (count(full_quota, "PENDING"), count(full_quota, "CANCELLED")) == (2, 3)


async def test_a_group_of_failures_is_retried_and_no_other(empty_server: Served, open_tab: OpenTab) -> None:
    for i in range(3):
        empty_server.finished(empty_server.submit(f"fault:error {i}", flow="other")["id"], "FAILED")
    lost = empty_server.finished(empty_server.submit("fault:lost", flow="once")["id"], "FAILED")
    page = await open_tab(empty_server.page)
    await page.get_by_role("button", name="Groups").click()
    groups = page.get_by_role("table", name="Failed jobs by error")
    group = groups.get_by_role("row", name="processor_reported")
    await expect(group).to_contain_text("3")
    assert await violations(page) == []
    retry = group.get_by_role("button", name="Retry all…")
    await retry.press("Enter")
    dialog = page.get_by_role("dialog", name="Retry 3 jobs?")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(retry).to_be_focused()
    await retry.press("Enter")
    await dialog.get_by_role("button", name="Retry 3 jobs").click()
    await expect(page.get_by_role("region", name="Retry done")).to_contain_text("3 retried")
    retried = [job for job in empty_server.get("/jobs") if job["flow"] == "other"]
    assert [len(empty_server.job(job["id"])["history"]) > 5 for job in retried] == [True] * 3
    assert empty_server.job(lost["id"]) == lost

    # The chip of a row leaves only the jobs of its error, and Back shows all again.
    await page.get_by_role("button", name="Groups").click()
    await page.locator(f'[data-job="{lost["id"]}"]').get_by_role("link", name="callback_overdue").click()
    await expect(page.locator("[data-job]")).to_have_count(1)
    await page.go_back()
    await expect(page.locator("[data-job]")).to_have_count(4)
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.get_by_role("button", name="Groups").click()
    await expect(page.get_by_role("table", name="Failed jobs by error").get_by_role("link").first).to_be_visible()
    await expect_no_overflow(page)
    assert await violations(page) == []


async def test_by_keyboard_and_why_some_are_skipped(server: Served, open_tab: OpenTab) -> None:
    done = server.finished(server.submit("by keyboard one", flow="other", tags=["keys"])["id"])
    server.submit("by keyboard two", delaySeconds=3600, tags=["keys"])
    page = await open_tab(f"{server.page}?{urllib.parse.urlencode({'tag': 'keys'})}")
    await page.get_by_role("button", name="Select all that match").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("region", name="Selected jobs")).to_contain_text("2 jobs selected")
    delete = page.get_by_role("button", name="Delete", exact=True)
    await delete.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(delete).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Delete 2 jobs").focus()
    await page.keyboard.press("Enter")
    ended = page.get_by_role("region", name="Delete done")
    await expect(ended).to_contain_text("1 deleted, 1 skipped (pending)")
    await expect(ended).to_be_focused()
    assert done["id"] not in [job["id"] for job in server.get("/jobs?tag=keys")]


@pytest.mark.parametrize("width", [1440, 390])
async def test_axe_finds_nothing(server: Served, open_tab: OpenTab, width: int) -> None:
    server.submit(f"axe {width}", delaySeconds=3600, tags=[f"axe{width}"])
    page = await open_tab(f"{server.page}?tag=axe{width}", width=width)
    await page.get_by_role("button", name="Select all that match").click()
    await expect(page.get_by_role("region", name="Selected jobs")).to_contain_text("1 job selected")
    assert await violations(page) == []
    await expect_no_overflow(page)
    await page.get_by_role("button", name="Replay", exact=True).click()
    await expect(page.get_by_role("dialog").get_by_label("Flow")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Replay 1 job").click()
    await expect(page.get_by_role("region", name="Replay done")).to_contain_text("1 replayed")
    assert await violations(page) == []
    await expect_no_overflow(page)


async def test_export_all_that_match(stocked: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{stocked.page}?flow=patient")
    await page.get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog", name="Export jobs")
    await expect(dialog).to_contain_text(f"{MANY:,} jobs are exported with prompt and result")
    assert await violations(page) == []
    async with page.expect_download() as downloading:
        await dialog.get_by_role("button", name="NDJSON").click()
    lines = (await (await downloading.value).path()).read_text().splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == len(lines) == MANY
    await expect(dialog).to_contain_text(f"{MANY:,} jobs exported")
    await dialog.get_by_role("button", name="Done").click()
    await expect(page.get_by_role("button", name="Export")).to_be_focused()
