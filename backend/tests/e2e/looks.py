"""How tests find their way about the page, and what they wait for."""

from playwright.async_api import Locator, Page, expect

from tests.support.waiting import until

WAITS_SECONDS = 30.0
"""How long the page may take to show something. Generous: a busy machine is not a bug."""


async def open_form(page: Page) -> Locator:
    """The field of the prompt in the dialog of a new job, which is opened if it is not."""
    dialog = page.get_by_role("dialog", name="New job")
    if not await dialog.is_visible():
        await page.get_by_role("button", name="New job").click()
    return dialog.get_by_label("Prompt", exact=True)


async def type_and_create(page: Page, prompt: str) -> None:
    await (await open_form(page)).fill(prompt)
    await page.get_by_role("button", name="Create job").click()


def row_of(page: Page, prompt: str) -> Locator:
    return page.locator("[data-job]", has=page.get_by_role("link", name=prompt))


async def expect_status(row: Locator, status: str) -> None:
    await expect(row.locator(f'[data-status="{status}"]').first).to_be_visible()


async def sign_in(page: Page, key: str) -> None:
    """Fill in the sign-in that the page shows."""
    await page.get_by_label("API key").fill(key)
    # Behind the dialog of a session that has ended, the page may still say who was signed in before.
    async with page.expect_response(lambda one: one.request.method == "POST" and one.url.endswith("/session")):
        await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Signed in as")).to_be_visible()


async def expect_mode(page: Page, word: str) -> None:
    await expect(page.get_by_test_id("live-light")).to_have_text(word)


WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BEYOND = """() => [...document.querySelectorAll("*")]
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth)
  .map((one) => one.outerHTML.slice(0, 160))"""


async def expect_no_overflow(page: Page) -> None:
    """The page is not wider than its window.

    Waits: after a change of the window's size, what floats (an open tooltip) is where it was until it closes.
    """

    async def fits() -> bool:
        return bool(await page.evaluate(WIDER) == 0)

    try:
        await until(fits, seconds=5)
    except AssertionError as never:
        wider, beyond = await page.evaluate(WIDER), await page.evaluate(BEYOND)
        raise AssertionError(f"{wider} px wider than the window {page.viewport_size}: {beyond}") from never


async def until_in(page: Page, script: str, arg: object = None) -> None:
    """Wait until a script is true in the page.

    Playwright's ``wait_for_function`` evaluates text in the page from the second look on, which the page's content
    security policy forbids.
    """
    await until(lambda: page.evaluate(script, arg), script, WAITS_SECONDS)
