"""Signing in and out, in a browser: the cookie is really kept, the live events come with it."""

import urllib.request
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_mode, expect_no_overflow, expect_status, open_form, row_of, type_and_create
from tests.e2e.served import Served
from tests.support.real_oidc import ROLES, real_provider

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_key_opens_the_page_and_signing_out_closes_it(tmp_path: Path, open_tab: OpenTab) -> None:
    server = Served(tmp_path, environment={"AUTH": "keys"})
    server.start()
    try:
        key = (tmp_path / "data" / "first-admin-key").read_text().strip()
        page = await open_tab(server.page, width=390, height=844)
        field, button = page.get_by_label("API key"), page.get_by_role("button", name="Sign in")
        await field.fill(key[:-1] + ("0" if key[-1] != "0" else "1"))
        await button.click()
        await expect(page.get_by_text("its checksum does not fit")).to_be_visible()
        await field.fill(key)
        await page.keyboard.press("Enter")

        # The events come with the cookie: nothing but the stream makes the page live.
        await expect_mode(page, "Live")
        for width in (320, 360, 390):
            await page.set_viewport_size({"width": width, "height": 844})
            await expect_no_overflow(page)
        await type_and_create(page, "with a key")
        await expect_status(row_of(page, "with a key"), "COMPLETED")
        kept = await page.evaluate("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])")
        assert key not in kept
        assert "jp_session" not in kept

        # The session ends elsewhere while something is being typed.
        await expect(page.get_by_role("dialog")).to_have_count(0)
        prompt = await open_form(page)
        await prompt.fill("half a thought")
        _end_all_sessions(server, key)
        await expect(page.get_by_text("The session has ended")).to_be_visible()
        await page.get_by_label("API key").fill(key)
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("The session has ended")).to_be_hidden()
        await expect(prompt).to_have_value("half a thought")
        await page.keyboard.press("Escape")

        await page.get_by_role("button", name="Signed in as first admin key").click()
        await page.get_by_role("menuitem", name="Sign out", exact=True).click()
        await expect(page.get_by_label("API key")).to_be_visible()
        await page.reload()
        await expect(page.get_by_label("API key")).to_be_visible()
    finally:
        server.stop()


async def test_one_signs_in_with_an_identity_provider_and_out_again(tmp_path: Path, open_tab: OpenTab) -> None:
    """The redirect there and back in a real browser, which keeps strict cookies, with a certified provider."""
    with real_provider() as provider:
        server = Served(tmp_path)
        site = f"http://localhost:{server.port}"
        server.environment = {
            "AUTH": "keys",
            "OIDC_ISSUER": provider.issuer,
            # Its redirect address is of loopback, with any port.
            "OIDC_CLIENT_ID": "local",
            "OIDC_REDIRECT_URL": f"{site}/session/oidc/callback",
            "OIDC_NAME": "Real",
            "OIDC_ROLES": ",".join(f"{claim}={role}" for claim, role in ROLES.items()),
        }
        server.start()
        try:
            page = await open_tab(f"{site}/ui/?status=FAILED")
            await page.get_by_role("link", name="Sign in with Real").click()
            await expect(page).to_have_title("Who are you?")
            await page.get_by_role("link", name="otto").click()

            # Back where one was going, signed in by the cookie alone.
            await expect(page).to_have_url(f"{site}/ui/?status=FAILED")
            await expect_mode(page, "Live")
            await page.goto(f"{site}/ui/")
            await type_and_create(page, "of a person")
            await expect_status(row_of(page, "of a person"), "COMPLETED")

            menu = page.get_by_role("button", name="Signed in as otto of a test")
            await menu.click()
            await page.get_by_role("menuitem", name="My account").click()
            await expect(page.get_by_role("main")).to_contain_text("otto of a test")

            await menu.click()
            await page.get_by_role("menuitem", name="Sign out", exact=True).click()
            await expect(page.get_by_label("API key")).to_be_visible()
            await page.reload()
            await expect(page.get_by_role("link", name="Sign in with Real")).to_be_visible()
            assert [one["name"] for one in await page.context.cookies(site) if "jp_" in str(one.get("name"))] == []
        finally:
            server.stop()


def _end_all_sessions(server: Served, key: str) -> None:
    request = urllib.request.Request(
        f"{server.url}/session?everywhere=true", headers={"authorization": f"Bearer {key}"}, method="DELETE"
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 204
