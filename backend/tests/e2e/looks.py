"""How tests find their way about the page, and what they wait for."""

from playwright.async_api import Locator, Page, expect


async def type_and_create(page: Page, prompt: str) -> None:
    await page.get_by_label("Prompt", exact=True).fill(prompt)
    await page.get_by_role("button", name="Create job").click()


def row_of(page: Page, prompt: str) -> Locator:
    return page.locator("[data-job]", has=page.get_by_role("link", name=prompt))


async def expect_status(row: Locator, status: str) -> None:
    await expect(row.locator(f'[data-status="{status}"]').first).to_be_visible()


async def sign_in(page: Page, key: str) -> None:
    """Fill in the sign-in that the page shows."""
    await page.get_by_label("API key").fill(key)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Signed in as")).to_be_visible()


async def expect_mode(page: Page, word: str) -> None:
    await expect(page.get_by_test_id("live-light")).to_have_text(word)


async def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    width: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width
