"""Callbacks that changed nothing are seen, and a late result is not lost."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenTab, Scheme
from tests.e2e.looks import expect_no_overflow
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")

# A scheme for each width: axe looks at the colours of both schemes anyway.
each_width = pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
# Of a long text only the lines in sight are in the page.
TO_ITS_END = "box => box.scrollTo(0, box.scrollHeight)"


async def test_a_late_result_is_accepted_by_the_keyboard_alone(server: Served, open_tab: OpenTab) -> None:
    job = server.cancelled("Called off too early")
    assert server.report(jobId=job, result='{"answer": 42}', attempt=1) == 409
    page = await open_tab(f"{server.page}jobs/{job}")
    notice = page.get_by_test_id("late-result")
    await expect(notice).to_contain_text("A result came after the job was cancelled, from attempt 1.")

    accept = notice.get_by_role("button", name="Accept this result…")
    await accept.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Accept this result?")
    await expect(dialog.get_by_role("button", name="Not now")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(accept).to_be_focused()
    assert server.job(job)["status"] == "CANCELLED"

    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("group", name="The kept result, formatted")).to_contain_text('"answer": 42')
    await expect(dialog.get_by_role("button", name="Not now")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")

    await expect(page.locator('[data-status="COMPLETED"]')).to_be_visible()
    await expect(page.get_by_role("group", name="The result, formatted", exact=True)).to_contain_text('"answer": 42')
    await expect(page.get_by_text("A late result was accepted")).to_be_visible()
    await expect(page.get_by_text("A late result, accepted by a person.")).to_be_visible()
    await expect(page.get_by_role("main")).to_be_focused()
    assert (server.job(job)["status"], server.job(job)["result"]) == ("COMPLETED", '{"answer": 42}')


async def test_a_late_result_comes_into_sight_by_itself(server: Served, open_tab: OpenTab) -> None:
    job = server.cancelled("Wait for it")
    page = await open_tab(f"{server.page}jobs/{job}")
    await expect(page.get_by_text("There is no result.")).to_be_visible()
    server.report(jobId=job, result="x" * 6_000 + " and the end")
    # No event tells of it.
    await expect(page.get_by_test_id("late-result")).to_be_visible()
    raw = page.get_by_role("group", name="The raw kept result")
    await expect(raw).to_contain_text("xxx")
    await raw.evaluate(TO_ITS_END)
    await expect(raw).not_to_contain_text("and the end")
    everything = page.get_by_role("button", name="Show all")
    await everything.click()
    await expect(everything).to_be_hidden()
    await raw.evaluate(TO_ITS_END)
    await expect(raw).to_contain_text("and the end")


async def test_the_inbox_of_all_jobs(empty_server: Served, open_tab: OpenTab) -> None:
    server = empty_server
    job = server.finished(server.submit("Once is enough")["id"])
    for _ in range(2):
        assert server.report(jobId=job["id"], result=job["result"]) == 200
    assert server.report(jobId=job["id"], result="something else") == 409
    assert server.report(jobId="0" * 24, result="for nobody") == 404
    server.report(executionId="e-7", error="out of memory")
    page = await open_tab(server.page)
    await page.get_by_role("link", name="Callbacks").click()
    rows = page.locator("[data-callback]")
    await expect(rows).to_have_count(4)
    await expect(rows.nth(0)).to_contain_text(
        "It will be matched to its job if the acceptance of this execution arrives."
    )
    await expect(rows.nth(1)).to_contain_text("A result for an unknown job.")
    await expect(rows.nth(2)).to_contain_text("something else")
    await expect(rows.nth(3)).to_contain_text("2, last")

    await page.get_by_role("button", name="Different").click()
    await expect(rows).to_have_count(1)
    assert page.url.endswith("/ui/callbacks?verdict=different")
    await page.reload()
    await expect(rows).to_have_count(1)
    await rows.get_by_role("link", name="Once is enough").click()
    await expect(page.get_by_role("region", name="Other callbacks").get_by_role("listitem")).to_have_count(2)
    await page.go_back()
    await expect(rows).to_have_count(1)


async def test_the_inbox_is_worked_off_by_the_keyboard_alone(empty_server: Served, open_tab: OpenTab) -> None:
    server = empty_server
    jobs = [server.cancelled(f"Sum up part {n}") for n in range(3)]
    for n, job in enumerate(jobs):
        assert server.report(jobId=job, result=f"part {n}") == 409
    page = await open_tab(f"{server.page}callbacks?verdict=late")
    rows = page.locator("[data-callback]")
    mark = page.get_by_role("navigation").get_by_role("link", name="Callbacks")
    await expect(rows).to_have_count(3)
    await expect(mark).to_have_accessible_name("Callbacks, 3 to decide")
    await expect(rows.nth(0)).to_contain_text("A result came after the job was cancelled.")
    await expect(rows.nth(0).get_by_role("link", name="Sum up part 2")).to_be_visible()
    assert await violations(page) == []

    # The row goes, and the focus stays in the list.
    await rows.nth(0).get_by_role("button", name="Reject").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("The callback is kept under Rejected.")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(0)).to_be_focused()
    await expect(mark).to_have_accessible_name("Callbacks, 2 to decide")

    await rows.nth(0).get_by_role("button", name="Accept this result…").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Accept this result?")
    await expect(dialog).to_contain_text("The job: Sum up part 1")
    await expect(dialog.get_by_role("button", name="Not now")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(rows).to_have_count(1)
    await expect(rows.nth(0)).to_be_focused()
    await expect(mark).to_have_accessible_name("Callbacks, 1 to decide")
    await expect(page.get_by_role("button", name="Late 1")).to_be_visible()
    assert [server.job(job)["status"] for job in jobs] == ["CANCELLED", "COMPLETED", "CANCELLED"]
    assert server.job(jobs[1])["result"] == "part 1"

    # What was rejected by mistake is not lost.
    await page.get_by_role("button", name="Rejected 1").click()
    await expect(rows.get_by_role("link", name="Sum up part 2")).to_be_visible()
    await expect(rows).to_have_count(1)
    await rows.get_by_role("button", name="Accept this result…").click()
    await dialog.get_by_role("button", name="Accept this result").click()
    await expect(rows).to_have_count(0)
    assert server.job(jobs[2])["result"] == "part 2"


@each_width
async def test_the_inbox_with_something_of_everything(
    empty_server: Served, open_tab: OpenTab, width: int, scheme: Scheme
) -> None:
    server = empty_server
    waits = str(server.submit("Answer in JSON", flow="patient")["id"])
    server.finished(waits, "WAITING")
    assert (
        server.deliver("/webhook/callback", b'{"jobId": "' + waits.encode() + b'", "result": "She said "hi""}') == 400
    )
    done = server.finished(server.submit("Once is enough")["id"])
    assert server.report(jobId=done["id"], result="something else") == 409
    assert server.report(jobId="0" * 24, result="for nobody") == 404
    job = server.cancelled("Translate the whole manual into Portuguese, with its tables and footnotes. " * 3)
    assert server.report(jobId=job, result='{"answer": 42}', attempt=1) == 409
    page = await open_tab(f"{server.page}callbacks", scheme=scheme, width=width, height=900)
    await expect(page.locator("[data-callback]")).to_have_count(4)
    await expect(page.get_by_role("button", name="Reject", exact=True)).to_have_count(3)
    await expect(page.get_by_role("button", name=re.compile("^Accept .*…$"))).to_have_count(2)
    await expect_no_overflow(page)
    assert await violations(page) == []
    # Both marks in the header, on the narrowest phone.
    await page.request.post(f"{server.url}/flows/other/pause", data={})
    await page.reload()
    await page.set_viewport_size({"width": min(width, 360), "height": 844})
    await expect(page.get_by_role("link", name="Flows, 1 closed or paused")).to_be_visible()
    await expect(page.get_by_role("link", name="Callbacks, 2 to decide")).to_be_visible()
    await expect_no_overflow(page)


@each_width
async def test_what_could_not_be_read_is_seen_and_accepted(
    server: Served, open_tab: OpenTab, width: int, scheme: Scheme
) -> None:
    job = str(server.submit("Answer in JSON", flow="patient")["id"])
    server.finished(job, "WAITING")
    page = await open_tab(f"{server.page}jobs/{job}", scheme=scheme, width=width, height=900)
    await expect(page.locator('[data-status="WAITING"]').first).to_be_visible()
    came = b'{"jobId": "' + job.encode() + b'", "result": "She said "hi"", "note": "\xff"}'

    assert server.deliver("/webhook/callback", came) == 400

    # The history tells of it, and so the page knows at once.
    notice = page.get_by_test_id("unread-callback")
    await expect(notice).to_contain_text("A callback could not be read")
    timeline = page.get_by_role("region", name="Timeline").locator("ol > li")
    await expect(timeline.filter(has_text="A callback could not be read").last).to_contain_text(
        "The body is not text in UTF-8."
    )
    below = page.get_by_role("region", name="Other callbacks")
    shown = page.get_by_role("group", name="The body as text")
    await expect(below).to_contain_text("400: The body is not text in UTF-8.")
    await expect(shown).to_contain_text('"result": "She said "hi""')
    await expect_no_overflow(page)
    assert await violations(page) == []
    async with page.expect_download() as saved:
        await below.get_by_role("link", name="Download the body").click()
    file = Path(await (await saved.value).path())
    assert await asyncio.to_thread(file.read_bytes) == came

    await notice.get_by_role("button", name="Accept the body…").click()
    dialog = page.get_by_role("dialog", name="Accept the body as the result?")
    await expect(dialog.get_by_role("group", name="The body as text")).to_contain_text("She said")
    await expect_no_overflow(page)
    assert await violations(page) == []
    await dialog.get_by_role("button", name="Accept the whole body").click()
    await expect(page.locator('[data-status="COMPLETED"]').first).to_be_visible()
    assert server.job(job)["result"] == came.decode("utf-8", "replace")


@pytest.mark.parametrize("width", [360, 390])
async def test_on_a_phone(server: Served, open_tab: OpenTab, width: int) -> None:
    job = server.cancelled("Wide")
    server.report(jobId=job, result="NoSpace" * 200, executionId="e" * 128)
    page = await open_tab(f"{server.page}jobs/{job}", width=width, height=844)
    await expect(page.get_by_test_id("late-result")).to_be_visible()
    await expect_no_overflow(page)
    await page.get_by_test_id("late-result").get_by_role("button").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await expect_no_overflow(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Callbacks").click()
    await expect(page.locator("[data-callback]").first).to_be_visible()
    await expect_no_overflow(page)
