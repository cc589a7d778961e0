"""The commands, by Ctrl+K or a button: everything is found by typing, and the keyboard alone is enough."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_mode, expect_no_overflow
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")


def dialog_of(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Commands")


async def open_commands(page: Page) -> Locator:
    """The field of the commands."""
    await page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Command")
    await expect(field).to_be_focused()
    return field


async def run(page: Page, typed: str, command: str) -> None:
    """Open the commands, type, and run the one that is active, which must be this one."""
    field = await open_commands(page)
    await field.fill(typed)
    await expect(dialog_of(page).get_by_role("option", selected=True)).to_have_text(
        re.compile(f"^{re.escape(command)}")
    )
    await page.keyboard.press("Enter")
    await expect(dialog_of(page)).to_have_count(0)


async def test_pages_jobs_and_searches_are_found_by_typing(server: Served, open_tab: OpenTab) -> None:
    job = server.finished(server.submit("a walk with the palette")["id"])
    page = await open_tab(server.page)
    await expect_mode(page, "Live")
    await run(page, "flws", "Flows")
    await expect(page.get_by_role("heading", name="Flows", level=1)).to_be_visible()
    await expect(page.get_by_role("main")).to_be_focused()

    await run(page, f" {job['id'].upper()}", f"Open the job {job['id']}")
    await expect(page.get_by_role("group", name="The prompt")).to_contain_text("a walk with the palette")

    await run(page, "walk palette status:completed", "Search the jobs for")
    await expect(page.locator("[data-job]")).to_have_count(1)
    await expect(page.get_by_role("searchbox")).to_have_value("walk palette status:completed")
    # From within a text field too.
    await page.get_by_role("searchbox").focus()
    await run(page, "whooks", "Webhooks")
    await expect(page).to_have_url(re.compile("/ui/webhooks"))
    await run(page, "search the jobs", "Search the jobs")
    await expect(page.get_by_role("searchbox")).to_be_focused()


async def test_the_keyboard_and_a_screen_reader_know_which_one_is_active(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{server.page}flows")
    await expect_mode(page, "Live")
    opener = page.get_by_role("button", name="Commands")
    await expect(opener).to_have_attribute("aria-keyshortcuts", "Control+K")
    await expect(opener).to_contain_text("Ctrl K")
    await opener.press("Enter")
    field = page.get_by_role("combobox", name="Command")
    await expect(field).to_be_focused()
    options = dialog_of(page).get_by_role("option")
    last = await options.count() - 1
    for key, index in [("", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", last), ("ArrowDown", 0)]:
        if key:
            await page.keyboard.press(key)
        await expect(options.nth(index)).to_have_attribute("aria-selected", "true")
        await expect(dialog_of(page).get_by_role("option", selected=True)).to_have_count(1)
        active = await options.nth(index).get_attribute("id")
        await expect(field).to_have_attribute("aria-activedescendant", str(active))
    # Shown where it works.
    await expect(dialog_of(page).get_by_role("option", name="New job")).to_have_attribute("aria-keyshortcuts", "n")
    assert await violations(page) == []
    await page.keyboard.type("no such command as this")
    await expect(dialog_of(page).get_by_role("status")).to_have_text("1 command")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(dialog_of(page)).to_have_count(0)
    await expect(opener).to_be_focused()
    # The same keys close it.
    await page.keyboard.press("Control+k")
    await expect(field).to_be_focused()
    await page.keyboard.press("Control+k")
    await expect(dialog_of(page)).to_have_count(0)


async def test_what_a_command_opens_returns_the_focus(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{server.page}flows")
    await expect_mode(page, "Live")
    opener = page.get_by_role("button", name="Commands")
    await opener.focus()
    await run(page, "new job", "New job")
    await expect(page.get_by_label("Prompt", exact=True)).to_be_focused()
    # A dialog has the keyboard: no second one opens above it.
    await page.keyboard.press("Control+k")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(opener).to_be_focused()
    await run(page, "help", "Keyboard and search")
    await expect(page.get_by_role("dialog", name="Keyboard and search")).to_contain_text("Ctrl")
    await page.keyboard.press("Escape")
    await expect(opener).to_be_focused()


async def test_a_flow_is_paused_and_resumed(empty_server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(empty_server.page)
    await expect_mode(page, "Live")
    await run(page, "pause mute", "Pause the flow mute")
    await expect(page.get_by_text("The flow mute is paused.")).to_be_visible()
    await expect(page.get_by_role("link", name="Flows, 1 closed or paused")).to_be_visible()
    await run(page, "resume mute", "Resume the flow mute")
    await expect(page.get_by_text("The flow mute is resumed.")).to_be_visible()
    await expect(page.get_by_role("link", name="Flows", exact=True)).to_be_visible()


async def test_a_phone_has_the_commands_in_its_menu(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(server.page, width=390, height=844)
    more = page.get_by_role("button", name="More", exact=True)
    await more.click()
    await page.get_by_role("menuitem", name="Commands").click()
    field = page.get_by_role("combobox", name="Command")
    await expect(field).to_be_focused()
    await expect_no_overflow(page)
    assert await violations(page) == []
    await field.fill("batches")
    await dialog_of(page).get_by_role("option", name="Batches", exact=True).click()
    await expect(page).to_have_url(re.compile("/ui/batches$"))
