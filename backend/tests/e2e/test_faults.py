"""Each fault of the mock, watched on the job's page: a person understands what happened, without a reload."""

from dataclasses import dataclass

import pytest
from playwright.async_api import Page, expect

from job_processor.processors.mock import Fault
from tests.e2e.conftest import OpenTab
from tests.e2e.served import Served

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")

REFUSED = "A callback with a wrong secret or token is refused, and does not count."
OVERDUE = f"No callback came by the deadline. {REFUSED}"
HANDED_OVER = ("Submitted", "Attempt 1", "Accepted, waiting for a callback")


@dataclass(frozen=True)
class Story:
    """``timeline``: its entries, oldest first, each with words in it; ``attempt``: how the newest one ended."""

    flow: str
    status: str
    timeline: tuple[str, ...]
    attempt: str
    error: str | None = None
    verdict: str | None = None


FINE = Story("mock", "COMPLETED", (*HANDED_OVER, "Completed"), "Succeeded")
WRONG = Story("mock", "COMPLETED", (*HANDED_OVER, "Completed"), "Succeeded", verdict="Malformed JSON")
FAILED = "no attempt is left of 1"
STORIES = {
    Fault.MALFORMED: WRONG,
    Fault.PROSE: WRONG,
    Fault.TRUNCATED: WRONG,
    Fault.DUPLICATE: FINE,
    Fault.SLOW: FINE,
    Fault.EARLY: Story(
        "mock",
        "COMPLETED",
        ("Submitted", "Attempt 1", "The callback came before the hand-over was answered."),
        "Succeeded",
    ),
    Fault.ERROR: Story(
        "once",
        "FAILED",
        (*HANDED_OVER, FAILED),
        "Failed",
        error="The mock was asked to fail.",
    ),
    Fault.WRONG_SECRET: Story(
        "once", "FAILED", (*HANDED_OVER, "No callback came in time", FAILED), "Overdue", error=OVERDUE
    ),
    Fault.LOST: Story(
        "twice",
        "PENDING",
        (*HANDED_OVER, "No callback came in time", "Since then"),
        "Overdue",
        error=f"The last attempt failed: {OVERDUE}",
    ),
    Fault.LATE: Story(
        "twice",
        "COMPLETED",
        (*HANDED_OVER, "No callback came in time", "The callback of attempt 1 came after its deadline."),
        "Succeeded",
    ),
}


async def watched(page: Page, story: Story) -> None:
    await expect(page.locator(f'h1 ~ [role="status"] [data-status="{story.status}"]')).to_be_visible()
    entries = page.get_by_role("region", name="Timeline").locator("ol > li")
    await expect(entries).to_contain_text(story.timeline)
    newest = entries.filter(has=page.get_by_role("heading", name="Attempt")).last
    await expect(newest).to_contain_text(story.attempt)
    error = page.get_by_test_id("job-error")
    if story.error is None:
        await expect(error).to_have_count(0)
    else:
        await expect(error).to_contain_text(story.error)
        await expect(page.get_by_text("There is no result.").or_(page.get_by_text("No result yet."))).to_be_visible()


@pytest.mark.parametrize("fault", list(Fault))
async def test_the_page_tells_what_happened(server: Served, open_tab: OpenTab, fault: Fault) -> None:
    story = STORIES[fault]
    job = server.submit(f"Summarise the invoice, fault:{fault.value}", flow=story.flow)
    page = await open_tab(f"{server.page}jobs/{job['id']}")
    await watched(page, story)
    verdict = page.locator("header").get_by_text("Malformed JSON")
    await expect(verdict).to_have_count(0 if story.verdict is None else 1)
    if story.status == "COMPLETED":
        shown = page.get_by_role("tab", name="JSON" if story.verdict is None else "Raw")
        await expect(shown).to_have_attribute("aria-selected", "true")
    if story.verdict is not None:
        await expect(page.get_by_test_id("result-error")).to_contain_text("Malformed JSON at line")


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.WRONG_SECRET, Fault.LATE])
async def test_while_a_callback_is_waited_for_the_page_says_until_when(
    server: Served, open_tab: OpenTab, fault: Fault
) -> None:
    job = server.submit(f"fault:{fault.value}", flow="patient")
    page = await open_tab(f"{server.page}jobs/{job['id']}")
    waits = page.get_by_test_id("waiting-on")
    await expect(waits).to_contain_text("The processor accepted the job and will call back. Times out in")
    await expect(page.get_by_text("No result yet. It will appear here.")).to_be_visible()


async def test_after_an_overdue_callback_the_page_says_when_it_goes_on(server: Served, open_tab: OpenTab) -> None:
    job = server.submit("fault:lost", flow="twice")
    page = await open_tab(f"{server.page}jobs/{job['id']}")
    waits = page.get_by_test_id("waiting-on")
    await expect(waits).to_contain_text("Attempt 1 failed; the next one follows. Starts in")
    await expect(page.get_by_text("1 made, 1 of 2 failed")).to_be_visible()


async def test_the_list_has_the_reason_too(server: Served, open_tab: OpenTab) -> None:
    job = server.submit("fault:wrong_secret", flow="once")
    page = await open_tab(server.page)
    await expect(page.locator(f'[data-job="{job["id"]}"]')).to_contain_text(OVERDUE)
