"""Saved views of the list: named, opened, renamed, deleted, shared by their address; kept by the browser."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_mode, expect_no_overflow, row_of, sign_in
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations
from tests.e2e.test_palette import run

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def open_menu(page: Page, name: str = "Views") -> None:
    await page.get_by_role("button", name=name, exact=True).click()
    await expect(page.get_by_role("menu")).to_be_visible()


async def save(page: Page, name: str) -> None:
    await open_menu(page)
    await page.get_by_role("menuitem", name="Save this view…").click()
    await page.get_by_label("Name", exact=True).fill(name)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name=name, exact=True)).to_be_focused()


async def test_a_view_is_saved_opened_renamed_and_deleted(server: Served, open_tab: OpenTab) -> None:
    server.finished(server.submit("saved fault:error", flow="other")["id"], "FAILED")
    server.finished(server.submit("saved and done")["id"])
    page = await open_tab(f"{server.page}?status=FAILED&q=saved")
    await expect(page.locator("[data-job]")).to_have_count(1)
    await save(page, "To mend")

    await page.goto(server.page)
    await expect(row_of(page, "saved and done")).to_be_visible()
    await open_menu(page)
    await expect(page.get_by_role("menuitem", name="Save this view…")).to_contain_text("Choose a filter")
    await page.get_by_role("menuitem", name="To mend").click()
    await expect(page.locator("[data-job]")).to_have_count(1)
    assert page.url.endswith("/ui/?status=FAILED&q=saved")
    await open_menu(page, "To mend")
    await expect(page.get_by_role("menuitem", name="To mend")).to_have_attribute("aria-current", "page")
    assert await violations(page) == []
    await page.keyboard.press("Escape")

    # The palette finds it, from every page.
    await page.goto(f"{server.page}flows")
    await expect_mode(page, "Live")
    await run(page, "mend", "To mend")
    await expect(page.locator("[data-job]")).to_have_count(1)

    await open_menu(page, "To mend")
    await page.get_by_role("menuitem", name="Rename or delete…").click()
    dialog = page.get_by_role("dialog", name="Saved views")
    await expect(dialog).to_contain_text("Failed · saved")
    assert await violations(page) == []
    await dialog.get_by_label("Name of the view To mend").fill("Failures")
    await page.keyboard.press("Enter")
    await dialog.get_by_role("button", name="Delete the view Failures").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Views", exact=True)).to_be_focused()


async def test_the_link_of_a_view_is_its_address(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab("about:blank", apart=True)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    await page.goto(f"{server.page}?status=FAILED&flow=other&q=a+%22b+c%22")
    await open_menu(page)
    await page.get_by_role("menuitem", name="Copy link").click()
    await expect(page.get_by_text("Link: copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == page.url


async def test_many_views_on_a_phone_and_names_that_are_taken(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{server.page}?q=first", width=390, height=844)
    await save(page, "The first")
    await page.goto(f"{server.page}?q=second")
    await save(page, "A name as long as a name may be, which is sixty characters")
    await expect_no_overflow(page)
    await page.goto(f"{server.page}?q=third")
    await open_menu(page)
    await page.get_by_role("menuitem", name="Save this view…").click()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Give the view a name.")).to_be_visible()
    await page.get_by_label("Name", exact=True).fill("The first")
    await expect(page.get_by_text("Saving replaces it")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Replace").click()
    await open_menu(page, "The first")
    await page.get_by_role("menuitem", name="Rename or delete…").click()
    await expect_no_overflow(page)
    await page.get_by_label("Name of the view A name").fill("The first")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("A view of this name exists.")).to_be_visible()
    # The focus stays with those that are left.
    await page.get_by_role("button", name="Delete the view The first").click()
    await expect(page.get_by_role("button", name=re.compile("^Delete the view A name"))).to_be_focused()


async def test_damaged_views_are_none(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{server.page}?q=damage")
    await save(page, "Damaged")
    await page.evaluate(
        """() => Object.keys(localStorage).filter((key) => key.includes("views"))
            .forEach((key) => localStorage.setItem(key, '[{"name": 7}, {"name": "Left", "search": "?q=left"}, '))"""
    )
    await page.reload()
    await save(page, "Saved again")


async def test_views_are_of_who_is_signed_in(tmp_path: Path, open_tab: OpenTab) -> None:
    server = Served(tmp_path, environment={"AUTH": "keys"})
    server.start()
    try:
        server.key = (tmp_path / "data" / "first-admin-key").read_text().strip()
        other = server.new_key("another", "read")
        page = await open_tab(f"{server.page}?q=mine", apart=True)
        await sign_in(page, server.key)
        await save(page, "Of mine")
        await run(page, "sign out", "Sign out")
        await sign_in(page, other)
        await page.goto(f"{server.page}?q=mine")
        await open_menu(page)
        await expect(page.get_by_role("menuitem", name="Save this view…")).to_be_visible()
        await expect(page.get_by_role("menuitem", name="Of mine")).to_have_count(0)
        await page.keyboard.press("Escape")
        # What one may not do is not among the commands.
        await page.keyboard.press("Control+k")
        commands = page.get_by_role("dialog", name="Commands")
        await expect(commands.get_by_role("option", name="My account")).to_be_visible()
        await expect(commands.get_by_role("option", name="New job")).to_have_count(0)
        await expect(commands.get_by_role("option", name="API keys")).to_have_count(0)
    finally:
        server.stop()
