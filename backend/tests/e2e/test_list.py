"""The list by itself: its rows, the way back to them, the keyboard, filters, texts of every kind, many tabs."""

import pytest
from playwright.async_api import Page, Request, Route, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.feeder import seed
from tests.e2e.looks import expect_mode, until_in
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")

HIDDEN = """Object.defineProperty(document, "hidden", { get: () => true });
Object.defineProperty(document, "visibilityState", { get: () => "hidden" });"""
HEIGHTS = """() => [...new Set([...document.querySelectorAll("[data-job]")]
  .map((row) => Math.round(row.getBoundingClientRect().height * 10) / 10))]"""
IN_SIGHT = """() => [...document.querySelectorAll("[data-job]")].filter((row) => {
  const box = row.getBoundingClientRect();
  return box.top > 100 && box.bottom < innerHeight;
}).map((row) => row.dataset.job)"""
FOCUSED = "document.activeElement.closest('[data-job]')?.dataset.job"


@pytest.fixture(scope="module")
def stocked(server: Served) -> Served:
    server.pause("patient", "The stock stands still.")
    seed(server, 170, "patient")
    return server


async def top_of(page: Page, job_id: str) -> float:
    box = await page.locator(f'[data-job="{job_id}"]').bounding_box()
    assert box is not None
    return box["y"]


@pytest.mark.parametrize("width", [1440, 390])
async def test_rows_of_every_state_have_one_height(server: Served, open_tab: OpenTab, width: int) -> None:
    words = f"one height at {width}"
    server.finished(server.submit(f"{words}: done", flow="other")["id"])
    server.finished(server.submit(f"{words}: fault:error", flow="other", tags=["a" * 64, "b", "c"])["id"], "FAILED")
    server.finished(server.submit(f"{words}: {'long ' * 90} fault:malformed", flow="other", tags=["t"])["id"])
    server.submit(f"{words}: later", delaySeconds=600)
    page = await open_tab(f"{server.page}?q={words}", width=width)
    await expect(page.locator("[data-job]")).to_have_count(4)
    assert len(await page.evaluate(HEIGHTS)) == 1


async def test_texts_are_shown_for_what_they_are(server: Served, open_tab: OpenTab) -> None:
    odd = str(server.submit("odd text: \u202egnirts\u202c and \x07 bell", flow="mute", tags=["\u200btag"])["id"])
    empty = str(server.submit("odd text: nothing came", flow="mute")["id"])
    blank = str(server.submit("odd text: white space came", flow="mute")["id"])
    rtl = str(server.submit("odd text: שלום עולם", flow="mute")["id"])
    for job_id, result in ((odd, "{\x01\u2066"), (empty, ""), (blank, " \n\t"), (rtl, "😀" * 301)):
        server.finished(job_id, "WAITING")
        server.call_back(job_id, result)
    page = await open_tab(f"{server.page}?q=odd+text")
    rows = {job_id: page.locator(f'[data-job="{job_id}"]') for job_id in (odd, empty, blank, rtl)}
    await expect(rows[odd]).to_contain_text("U+202EgnirtsU+202C")
    await expect(rows[odd]).to_contain_text("U+0007 bell")
    await expect(rows[odd]).to_contain_text("U+200Btag")
    await expect(rows[odd]).to_contain_text("{U+0001U+2066")
    await expect(rows[empty]).to_contain_text("Empty result")
    await expect(rows[blank]).to_contain_text("The result begins with white space")
    # The server cuts after 300 bytes, between characters.
    await expect(rows[rtl].get_by_text("😀" * 75)).to_be_attached()
    await expect(rows[rtl]).not_to_contain_text("\ufffd")


@pytest.mark.parametrize("width", [1440, 390])
async def test_a_tag_filters_and_the_rest_of_its_row_opens_the_job(
    server: Served, open_tab: OpenTab, width: int
) -> None:
    words, tag = f"has a tag at {width}", f"only-{width}"
    tagged = str(server.submit(words, flow="mute", tags=[tag, "both"])["id"])
    other = str(server.submit(words, flow="mute", tags=["both"])["id"])
    page = await open_tab(f"{server.page}?q={words}", width=width)
    row = page.locator(f'[data-job="{tagged}"]')
    await expect(page.locator(f'[data-job="{other}"]')).to_be_visible()
    assert await violations(page) == []
    # By the keyboard: from the row's link to what stands in it.
    await row.get_by_role("link", name=words).focus()
    await page.keyboard.press("Tab")
    await expect(row.get_by_role("link", name=tag)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(f'[data-job="{other}"]')).to_have_count(0)
    await expect(row).to_be_visible()
    assert f"tag={tag}" in page.url
    box = await row.bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] - 4)
    await expect(page.get_by_role("heading", name="Job")).to_be_visible()
    assert tagged in page.url


async def test_back_restores_rows_scroll_filter_and_focus(stocked: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{stocked.page}?flow=patient&q=seed")
    for loaded in (100, 150):
        await page.get_by_role("button", name="Load more").click()
        await expect(page.get_by_text(f"Newest {loaded} jobs")).to_be_visible()
    await page.evaluate("scrollTo(0, 4000)")
    await until_in(page, f"({IN_SIGHT})().length > 3")
    # Far fewer are drawn than are loaded.
    assert await page.locator("[data-job]").count() < 60
    id_ = (await page.evaluate(IN_SIGHT))[2]
    row = page.locator(f'[data-job="{id_}"]')
    before = await top_of(page, id_)
    await row.get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Job")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_text("Newest 150 jobs")).to_be_visible()
    await expect(row.get_by_role("link")).to_be_focused()
    assert await top_of(page, id_) == before
    assert "flow=patient" in page.url
    # By the link on the job's page, too.
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Job")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(row.get_by_role("link")).to_be_focused()
    await expect(row).to_be_in_viewport()


async def test_j_and_k_move_a_focus_that_is_read_aloud(stocked: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{stocked.page}?flow=patient&q=seed")
    await expect(page.locator("[data-job]")).to_have_count(50)
    await page.mouse.move(1_400, 500)
    await page.mouse.wheel(0, 1_200)
    await until_in(page, "scrollY > 1000")
    await page.keyboard.press("j")
    first = await page.evaluate(FOCUSED)
    # The first one in sight, not the first one of the list.
    assert await top_of(page, first) >= 90
    assert await top_of(page, first) < 220
    await page.keyboard.press("j")
    second = await page.evaluate(FOCUSED)
    await page.keyboard.press("k")
    assert (await page.evaluate(FOCUSED), second != first) == (first, True)
    focused = page.locator(":focus")
    assert await focused.evaluate("link => link.tagName") == "A"
    await expect(focused).to_have_attribute("aria-description", "Pending")
    # Tab leaves the rows: one of them is a stop, the others are reached by j and k.
    assert await page.locator('[data-job] a[tabindex="0"]').count() == 1
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-selected]")).to_have_count(0)


async def test_a_filter_that_is_being_applied_looks_so(stocked: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{stocked.page}?flow=patient")
    await expect(page.locator("[data-job]")).to_have_count(50)
    held: list[Route] = []
    await page.route("**/jobs?*status=FAILED*", lambda route: held.append(route))
    await page.get_by_role("button", name="Failed").click()
    await expect(page.get_by_text("Applying the filter…")).to_be_visible()
    await expect(page.locator('[aria-busy="true"]')).to_be_visible()
    await held[0].continue_()
    await expect(page.get_by_text("No job matches these filters")).to_be_visible()


async def test_all_tabs_share_one_stream_and_unseen_ones_have_none(stocked: Served, open_tab: OpenTab) -> None:
    streams: list[str] = []

    async def opened(path: str, *, hidden: bool) -> Page:
        page = await open_tab("about:blank")
        if hidden:
            await page.add_init_script(HIDDEN)

        def asked(request: Request) -> None:
            if request.url.endswith("/events"):
                streams.append(path)

        page.on("request", asked)
        await page.goto(stocked.page + path)
        return page

    first = await opened("?tab=first", hidden=False)
    await expect_mode(first, "Live")
    done = stocked.finished(stocked.submit("seen from many tabs", flow="other")["id"])
    # More than a browser opens connections to one server over HTTP/1.1: six.
    for _ in range(7):
        tab = await opened(f"jobs/{done['id']}", hidden=True)
        await expect(tab.get_by_role("heading", name="Job")).to_be_visible()
    last = await opened("flows", hidden=False)
    await expect_mode(last, "Live")
    assert streams == ["?tab=first"]
    # What the stream tells reaches a tab that has none.
    other = await opened("?tab=other&flow=other", hidden=False)
    await expect_mode(other, "Live")
    stocked.submit("told to all", flow="other")
    await expect(other.get_by_text("told to all").first).to_be_visible()
    await first.goto("about:blank")
    # The next in line opens one.
    await until_in(last, "navigator.locks.query().then(({ held }) => held.length === 1)")
    await expect_mode(last, "Live")
