"""The keyboard, filters in the address, rows that stay put, forced colours and paper."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_mode, expect_status, row_of, until_in
from tests.e2e.served import Served

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_keyboard_alone_is_enough(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(server.page)
    await expect_mode(page, "Live")
    await page.keyboard.press("n")
    await expect(page.get_by_label("Prompt", exact=True)).to_be_focused()
    await page.keyboard.type("by keyboard")
    await page.keyboard.press("Control+Enter")
    await expect_status(row_of(page, "by keyboard"), "COMPLETED")

    await page.keyboard.press("Escape")
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("j")
    await expect(page.locator("[data-selected]")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Job")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("table")).to_be_visible()

    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard and search")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()


async def test_the_keyboard_goes_on_where_it_was(server: Served, open_tab: OpenTab) -> None:
    failed = server.finished(server.submit("fault:error", flow="other")["id"], "FAILED")
    page = await open_tab(f"{server.page}jobs/{failed['id']}")
    for name in ("Replay…", "Delete…"):
        button = page.get_by_role("button", name=name)
        await button.press("Enter")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(button).to_be_focused()
    # While it is busy the button is disabled, and a disabled one cannot hold the focus.
    retry = page.get_by_role("button", name="Retry")
    await retry.press("Enter")
    await expect(page.get_by_text("Retried by a person")).to_be_visible()
    await expect(retry).to_be_focused()

    await page.goto(f"{server.page}flows")
    await page.get_by_role("link", name="once").press("Enter")
    card = page.get_by_role("dialog", name="once")
    await card.get_by_role("button", name="Pause…").press("Enter")
    await page.keyboard.press("Escape")
    await expect(card.get_by_role("button", name="Pause…")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type("a reason")
    await page.keyboard.press("Enter")
    await expect(card.get_by_role("button", name="Resume")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(card.get_by_role("button", name="Pause…")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="once")).to_be_focused()


async def test_from_one_failed_job_to_the_next(server: Served, open_tab: OpenTab) -> None:
    for i in range(2):
        server.finished(server.submit(f"next of kin {i} fault:error", flow="other")["id"], "FAILED")
    page = await open_tab(f"{server.page}?status=FAILED&q=next+of+kin")
    await expect(page.locator("[data-job]")).to_have_count(2)
    for i in (1, 0):
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("group", name="The prompt")).to_contain_text(f"next of kin {i}")
        await expect(page.get_by_role("main")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.locator("[data-job]")).to_have_count(2)
        await expect(page.locator("[data-selected]")).to_contain_text(f"next of kin {i}")
        assert "status=FAILED" in page.url
    # From one to the next without the list, which is where one was, at the last one seen.
    await page.keyboard.press("j")
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("navigation", name="Jobs of the list")).to_contain_text("1 of 2")
    await expect(page.get_by_role("button", name="Previous job")).to_have_attribute("aria-disabled", "true")
    await page.keyboard.press("j")
    await expect(page.get_by_role("group", name="The prompt")).to_contain_text("next of kin 0")
    await page.get_by_role("button", name="Previous job").click()
    await expect(page.get_by_role("group", name="The prompt")).to_contain_text("next of kin 1")
    await page.get_by_role("button", name="Next job").click()
    await expect(page.get_by_role("navigation", name="Jobs of the list")).to_contain_text("2 of 2")
    await page.go_back()
    await expect(page.locator("[data-selected]")).to_contain_text("next of kin 0")
    # A deleted one leads back to the others like it.
    await row_of(page, "next of kin 1").get_by_role("link", name="next of kin").click()
    await page.get_by_role("button", name="Delete…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.locator("[data-job]")).to_have_count(1)
    assert "status=FAILED" in page.url


async def test_filters_live_in_the_address(server: Served, open_tab: OpenTab) -> None:
    server.finished(server.submit("needle in here")["id"])
    failed = server.submit("needle that fails fault:error", flow="other")
    server.finished(failed["id"], "FAILED")
    page = await open_tab(f"{server.page}?q=needle")
    await expect(page.locator("[data-job]")).to_have_count(2)
    await page.get_by_role("button", name="Failed").click()
    await expect(page.locator("[data-job]")).to_have_count(1)
    assert page.url.endswith("/ui/?status=FAILED&q=needle")
    await page.reload()
    await expect(page.locator("[data-job]")).to_have_count(1)
    await page.go_back()
    await expect(page.locator("[data-job]")).to_have_count(2)
    await page.get_by_role("searchbox").fill("no such words")
    await expect(page.get_by_text("No job matches these filters")).to_be_visible()


async def test_rows_do_not_move_under_the_mouse(empty_server: Served, open_tab: OpenTab) -> None:
    for i in range(60):
        empty_server.submit(f"job {i:02}", flow="other")
    page = await open_tab(empty_server.page)
    await expect(page.locator("[data-job]")).to_have_count(50)
    await page.get_by_role("button", name="Load more").click()
    await expect(page.locator("[data-job]")).to_have_count(60)
    await expect(row_of(page, "job 00")).to_be_visible()
    await page.mouse.wheel(0, 900)
    await until_in(page, "scrollY > 500")
    seen = row_of(page, "job 30")
    before = await seen.bounding_box()
    empty_server.submit("a newcomer")
    await page.get_by_role("button", name="1 new job").wait_for()
    assert await seen.bounding_box() == before
    await expect(row_of(page, "a newcomer")).to_have_count(0)
    await page.get_by_role("button", name="1 new job").click()
    await expect(row_of(page, "a newcomer")).to_be_visible()


async def test_a_flow_is_paused_and_resumed(empty_server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{empty_server.page}flows")
    await page.get_by_role("link", name="mock").click()
    card = page.get_by_role("dialog", name="mock")
    await card.get_by_role("button", name="Pause…").click()
    await card.get_by_label("Reason for the pause").fill("Lunch")
    await card.get_by_role("button", name="Pause", exact=True).click()
    await expect(card.get_by_text("Paused", exact=True)).to_be_visible()
    job = empty_server.submit("after lunch")
    other = await open_tab(f"{empty_server.page}jobs/{job['id']}")
    await expect(other.get_by_test_id("waiting-on")).to_contain_text("paused")
    await card.get_by_role("button", name="Resume").click()
    await expect(other.get_by_test_id("waiting-on")).to_have_count(0)
    await expect(other.get_by_text("Completed").first).to_be_visible()


# Of all that can be pressed: what a finger at its middle, or 21 px beside it, would not hit. Links in a text may be
# small.
BACKGROUND = "(one, pseudo) => getComputedStyle(one, pseudo).backgroundColor"


async def test_without_its_colours_the_page_says_the_same(server: Served, open_tab: OpenTab) -> None:
    job = server.finished(server.submit("forced")["id"])
    page = await open_tab("about:blank")
    await page.emulate_media(forced_colors="active")
    await page.goto(f"{server.page}?status=COMPLETED")
    pressed = page.get_by_role("button", name="Completed")
    canvas = await page.locator("body").evaluate(BACKGROUND)
    assert await pressed.evaluate(BACKGROUND) != await page.get_by_role("button", name="Failed").evaluate(BACKGROUND)
    dot = page.get_by_test_id("live-light").locator("span").first
    assert await dot.evaluate(BACKGROUND) != canvas
    await page.goto(f"{server.page}jobs/{job['id']}")
    event = page.locator("ol > li[data-tone]").first
    assert await event.evaluate(BACKGROUND, "::before") != canvas
    await page.emulate_media(forced_colors="none")


ICON = "document.querySelector('link[rel=icon]').href.split('/').at(-1)"
SHOWN = "one => getComputedStyle(one, '::after').content"


async def test_failures_exact_times_and_paper(server: Served, open_tab: OpenTab) -> None:
    failed = server.finished(server.submit("on paper fault:error", flow="other")["id"], "FAILED")
    page = await open_tab(f"{server.page}?q=paper")
    await expect(page.locator("[data-job]")).to_have_count(1)
    time = page.locator("[data-job] time")
    assert await time.evaluate(SHOWN) == "none"
    await page.keyboard.press("j")
    assert str(failed["createdAt"]) in await time.evaluate(SHOWN)
    assert await page.evaluate(ICON) == "favicon.svg"
    await page.keyboard.press("Enter")
    await expect(page).to_have_title(f"Failed · {failed['id']} · Job Processor")
    assert await page.evaluate(ICON) == "favicon-failed.svg"
    facts = page.locator("section").filter(has=page.get_by_role("heading", name="Facts"))
    created = facts.locator("dd time").first
    await created.focus()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Tab")
    assert str(failed["createdAt"]) in await created.evaluate(SHOWN)
    await page.emulate_media(media="print", color_scheme="dark")
    await expect(page.get_by_role("button", name="Retry")).to_be_hidden()
    await expect(page.get_by_role("banner")).to_be_hidden()
    await expect(page.get_by_test_id("job-error")).to_be_visible()
    assert await page.locator("section").first.evaluate(BACKGROUND) == "rgb(255, 255, 255)"
    await page.emulate_media(media="screen", color_scheme="light")
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-job]")).to_have_count(1)
    assert await page.evaluate(ICON) == "favicon.svg"
