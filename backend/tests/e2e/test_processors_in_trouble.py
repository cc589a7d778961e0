"""What a processor of other people does wrong is told on the page, in words, and nothing that came is lost."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.e2e import upstream as there
from tests.e2e.conftest import OpenTab, Scheme
from tests.e2e.looks import expect_no_overflow
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations
from tests.support.waiting import until

# One browser, and so one event loop, for the tests of a file.
pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")]),
]


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with there.upstream() as url:
        served = Served(tmp_path_factory.mktemp("troubled"), flows=there.flows(url))
        served.start()
        yield served
        served.stop()


async def looks_well(page: Page) -> None:
    await expect_no_overflow(page)
    assert await violations(page) == []


@pytest.mark.parametrize("end", ["limit", "torn"])
async def test_the_part_of_an_answer_that_came_is_kept_and_led_to(
    troubled: Served, open_tab: OpenTab, width: int, scheme: Scheme, end: str
) -> None:
    job = troubled.submit(f"Sum it up: {end}", flow="chat")["id"]
    troubled.finished(job, "FAILED")
    page = await open_tab(f"{troubled.page}jobs/{job}", width=width, scheme=scheme)
    words = {"limit": "The answer was cut off at the token limit.", "torn": "The answer broke off before its end."}
    await expect(page.get_by_test_id("job-error")).to_contain_text(words[end])
    kept = page.get_by_role("group", name="The partial answer of attempt 1")
    assert await kept.text_content() == there.WORDS * 8
    await looks_well(page)
    # Folded up, it is unfolded for whoever follows the link, by the keyboard alone.
    await page.get_by_text("Partial answer, ").click()
    await expect(kept).to_be_hidden()
    await page.get_by_role("link", name="The partial answer of attempt 1").focus()
    await page.keyboard.press("Enter")
    await expect(kept).to_be_in_viewport()


async def test_a_refusal_is_held_against_the_job_when_others_get_through(
    troubled: Served, open_tab: OpenTab, width: int, scheme: Scheme
) -> None:
    job = troubled.submit("poison")["id"]
    for _ in range(50):
        # Others get through all the while; without them it is the lane that is refused.
        troubled.finished(troubled.submit("A picture")["id"])
        if troubled.job(job)["status"] == "FAILED":
            break
    page = await open_tab(f"{troubled.page}jobs/{job}", width=width, scheme=scheme)
    await expect(page.get_by_test_id("job-error")).to_contain_text(there.REFUSED)
    timeline = page.get_by_role("region", name="Timeline").locator("ol > li")
    await expect(timeline.filter(has_text="Held against this job: others got through.").first).to_contain_text(
        there.REFUSED
    )
    await looks_well(page)
    await page.goto(f"{troubled.page}flows")
    await page.get_by_role("link", name="classify").click()
    flow = page.get_by_role("dialog", name="classify")
    await expect(flow).to_contain_text("http: answers with the result")
    await expect(flow.get_by_text("Open", exact=True)).to_be_visible()
    await looks_well(page)


@pytest.mark.parametrize(
    ("flow", "waits", "title", "words", "detail"),
    [
        (
            "credit",
            "out_of_credit",
            "Out of credit",
            "The account behind the processor has no credit left.",
            there.OUT_OF_CREDIT,
        ),
        (
            "option",
            "misconfigured",
            "Misconfigured",
            "an option of this flow",
            "It refuses the option max_tokens of this flow",
        ),
    ],
)
async def test_a_closed_lane_says_what_a_person_has_to_mend(
    troubled: Served,
    open_tab: OpenTab,
    width: int,
    scheme: Scheme,
    flow: str,
    waits: str,
    title: str,
    words: str,
    detail: str,
) -> None:
    job = troubled.submit("Sum it up", flow=flow)["id"]

    async def waits_for_it() -> bool:
        waiting = troubled.job(job)["waitingOn"]
        return bool(waiting is not None and waiting["kind"] == waits)

    await until(waits_for_it, f"the job to wait: {waits}")
    page = await open_tab(f"{troubled.page}jobs/{job}", width=width, scheme=scheme)
    waiting_on = page.get_by_test_id("waiting-on")
    await expect(waiting_on).to_contain_text("No attempt is counted meanwhile.")
    await expect(waiting_on).to_contain_text(detail)
    await looks_well(page)
    await waiting_on.get_by_role("link").click()
    card = page.get_by_role("dialog", name=flow)
    await expect(card).to_contain_text(words)
    await expect(card).to_contain_text(detail)
    await expect(card.get_by_text(title, exact=True)).to_be_visible()
    await looks_well(page)
