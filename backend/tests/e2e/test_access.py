"""The page of a server with keys: what each role may see and do, keys, the audit, the account, and an ended session."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_no_overflow, open_form, sign_in
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
RIGHTS = ("read", "submit", "operate", "admin")


@dataclass(slots=True)
class Keyed:
    """A server that asks for keys, a key of each right, and a job that is done."""

    server: Served
    keys: dict[str, str]
    job: str


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    directory = tmp_path_factory.mktemp("keyed")
    server = Served(directory, environment={"AUTH": "keys"})
    server.start()
    try:
        server.key = (directory / "data" / "first-admin-key").read_text().strip()
        keys = {right: server.new_key(f"of {right}", right) for right in RIGHTS}
        yield Keyed(server, keys, server.cancelled("summarise"))
    finally:
        server.stop()


@pytest.mark.parametrize("right", RIGHTS)
async def test_each_role_walks_the_main_screens(keyed: Keyed, open_tab: OpenTab, right: str) -> None:
    reads, operates, admin = right != "submit", right in ("operate", "admin"), right == "admin"
    page = await open_tab(f"{keyed.server.page}flows")
    # The sign-in is in place of the page that was asked for, and leads there.
    await sign_in(page, keyed.keys[right])
    await expect_heading(page, reads, "Workers", "You may not see flows")
    if reads:
        await page.get_by_role("link", name="other").click()
        await expect_allowed(page.get_by_role("button", name="Pause…"), operates)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)

    await page.get_by_role("link", name="Jobs", exact=True).click()
    if reads:
        await expect(page.get_by_role("link", name="summarise")).to_be_visible()
    else:
        await expect_heading(page, reads, "", "You may not see jobs")
    prompt = await open_form(page)
    if right in ("submit", "admin"):
        await prompt.fill(f"from who may {right}")
        await page.get_by_role("button", name="Create job").click()
        await expect(page.get_by_text("Created.")).to_be_visible()
    else:
        await expect(page.get_by_role("button", name="Create job")).to_be_disabled()
        await expect(page.get_by_text(f"This needs the right submit; you have {right}.")).to_be_visible()

    # One who may not read sees the id of the new job in the dialog, which is open until then.
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)

    await page.goto(f"{keyed.server.page}jobs/{keyed.job}")
    await expect_heading(page, reads, f"Job {keyed.job}", "You may not see jobs")
    if reads:
        await expect_allowed(page.get_by_role("button", name="Replay…"), operates)

    await page.get_by_role("link", name="Callbacks").click()
    await expect_heading(page, reads, "Callbacks", "You may not see callbacks")

    for place, heading in (("API keys", "API keys"), ("Audit", "Audit")):
        await page.get_by_role("button", name="Signed in as").click()
        item = page.get_by_role("menuitem", name=place)
        if admin:
            await item.click()
            await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        else:
            await expect(item).to_contain_text("This needs the right admin")
            # It is disabled by aria-disabled alone, so that it can be reached.
            await item.click(force=True)
            await page.keyboard.press("Escape")
            await expect(item).to_have_count(0)
    for path, title in (("keys", "You may not see API keys"), ("audit", "You may not see the audit")):
        if not admin:
            await page.goto(f"{keyed.server.page}{path}")
            await expect(page.get_by_role("heading", name=title)).to_be_visible()

    await page.get_by_role("button", name="Signed in as").click()
    await page.get_by_role("menuitem", name="My account").click()
    await expect(page.get_by_text("This session")).to_be_visible()
    await page.get_by_role("button", name="Sign out", exact=True).click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def expect_heading(page: Page, seen: bool, name: str, refused: str) -> None:
    await expect(page.get_by_role("heading", name=name if seen else refused, exact=True)).to_be_visible()


async def expect_allowed(button: Locator, allowed: bool) -> None:
    await expect(button).to_have_attribute("aria-disabled", "false" if allowed else "true")
    if not allowed:
        await expect(button).to_have_accessible_description("This needs the right operate; you have read.")


async def test_axe_finds_nothing_on_screens_of_any_width(keyed: Keyed, open_tab: OpenTab) -> None:
    page = await open_tab(keyed.server.page)
    await page.get_by_label("API key").fill("jp_mistyped")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("checksum")
    await page.get_by_text("Where do I get a key?").click()
    await expect_clean(page)
    await sign_in(page, keyed.keys["read"])
    await page.get_by_role("button", name="Signed in as").click()
    await expect(page.get_by_role("menuitem", name="API keys")).to_be_visible()
    await expect_clean(page)
    await page.keyboard.press("Escape")
    keyed.server.end_sessions_of(keyed.keys["read"])
    await expect(page.get_by_role("dialog", name="The session has ended")).to_be_visible()
    await expect_clean(page)
    # Somebody else goes on here: of what the reader saw nothing is left.
    await sign_in(page, keyed.keys["admin"])
    await page.goto(f"{keyed.server.page}audit")
    await expect(page.get_by_role("list", name="Entries, newest first")).to_be_visible()
    await expect_clean(page)
    await page.goto(f"{keyed.server.page}account")
    await page.get_by_role("switch", name="Everybody's").click()
    await expect(page.get_by_role("heading", name="Everybody's sessions")).to_be_visible()
    await expect_clean(page)
    await page.goto(f"{keyed.server.page}keys")
    await expect(page.get_by_role("heading", name="of admin")).to_be_visible()
    await expect_clean(page)
    await page.get_by_role("button", name="New key").click()
    await page.get_by_label("Flows", exact=True).select_option("some")
    await page.get_by_role("button", name="Make the key").click()
    await expect(page.get_by_text("Choose at least one flow.")).to_be_visible()
    await expect_clean(page)


async def expect_clean(page: Page) -> None:
    for size in (PHONE, DESK):
        await page.set_viewport_size({"width": size["width"], "height": size["height"]})
        await expect_no_overflow(page)
        found = await violations(page)
        print(*found, sep="\n")
        assert found == [], size


async def test_a_key_is_made_used_and_revoked_by_keyboard_alone(keyed: Keyed, open_tab: OpenTab) -> None:
    page = await open_tab(f"{keyed.server.page}keys")
    await sign_in(page, keyed.keys["admin"])
    await page.get_by_role("button", name="New key").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Name")).to_be_focused()
    await page.keyboard.type("by keyboard")
    await page.keyboard.press("Enter")
    made = page.get_by_test_id("made-key").locator("code")
    await expect(made).to_have_text(re.compile("^jp_"))
    text = await made.inner_text()
    await page.keyboard.press("Escape")
    await expect(made).to_be_visible()
    await page.get_by_role("button", name="I have copied it").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="New key")).to_be_focused()

    other = await open_tab(keyed.server.page, apart=True)
    await sign_in(other, text)
    await expect(other.get_by_role("link", name="summarise")).to_be_visible()
    row = page.locator("[data-key]", has=page.get_by_role("heading", name="by keyboard"))
    await row.get_by_role("button", name="Revoke…").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    await page.get_by_role("button", name="Revoke", exact=True).press("Enter")
    await page.get_by_text(re.compile("Revoked and expired")).click()
    await expect(row.get_by_text("Revoked", exact=True)).to_be_visible()
    # Whoever used it is asked to sign in, without doing anything.
    await expect(other.get_by_role("dialog", name="The session has ended")).to_be_visible()

    await page.goto(f"{keyed.server.page}audit?act=key_revoked")
    await expect(page.locator("[data-entry]").first).to_contain_text(text.split("_")[1])
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Export what matches").click()
    lines = (await (await download.value).path()).read_text().splitlines()
    assert {json.loads(line)["act"] for line in lines} == {"key_revoked"}


async def test_nothing_typed_is_lost_when_the_session_ends(keyed: Keyed, open_tab: OpenTab) -> None:
    page = await open_tab(f"{keyed.server.page}jobs/{keyed.job}")
    await sign_in(page, keyed.keys["operate"])
    await page.get_by_role("button", name="Replay…").click()
    prompt = page.get_by_role("dialog", name="Replay as a new job").get_by_label("Prompt")
    await prompt.fill("summarise in one sentence")
    keyed.server.end_sessions_of(keyed.keys["operate"])
    ended = page.get_by_role("dialog", name="The session has ended")
    await expect(ended.get_by_label("API key")).to_be_focused()
    # Escape is not for the dialog below.
    await page.keyboard.press("Escape")
    await ended.get_by_label("API key").fill(keyed.keys["operate"])
    await page.keyboard.press("Enter")
    await expect(ended).to_have_count(0)
    await expect(prompt).to_have_value("summarise in one sentence")

    # And when the page itself goes, as on the way to an identity provider.
    keyed.server.end_sessions_of(keyed.keys["operate"])
    await expect(ended).to_be_visible()
    await page.reload()
    await sign_in(page, keyed.keys["operate"])
    await expect(prompt).to_have_value("summarise in one sentence")
    await page.get_by_role("button", name="Replay", exact=True).click()
    await expect(page.get_by_role("heading", name=f"Job {keyed.job}")).to_have_count(0)
    await expect(page.get_by_text("Replay of")).to_be_visible()
    await page.goto(f"{keyed.server.page}jobs/{keyed.job}")
    await expect(page.get_by_role("button", name="Replay…")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)
