"""Finds a Chromium and starts it. A developer's own browser will do; so will Playwright's.

As a program (``python -m tests.e2e.browser``) it tells whether there is one that starts: the exit code is 0.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # One process for all tabs of a site, so that a tab need not load and compile the page's code again.
    "--process-per-site",
    # A tab lives for seconds: to optimize its code takes longer than the optimized code saves. Code that is compiled
    # while it arrives is compiled for each tab anew.
    "--js-flags=--no-opt --no-maglev --no-script-streaming",
    # The same pictures on every machine, whatever its settings of fonts and screens are.
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--force-color-profile=srgb",
]
# The first takes half the processor time of the others: it has no window, tabs or extensions to draw.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def installed() -> str | None:
    """The path of a browser on this machine."""
    given = os.environ.get("CHROMIUM_PATH")
    if given:
        return given
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def available(playwright: Playwright) -> str | None:
    own = playwright.chromium.executable_path
    return installed() or (own if Path(own).exists() else None)


@asynccontextmanager
async def launched() -> AsyncIterator[Browser | None]:
    """The browser, or ``None`` where there is none."""
    async with async_playwright() as playwright:
        path = available(playwright)
        if path is None:
            yield None
            return
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def keep_process(context: BrowserContext) -> None:
    """Opens a tab that shows nothing, so that the process that has compiled the page's code does not end with its last
    tab."""
    kept = await context.new_page()
    await kept.route("**/*", lambda route: route.fulfill(body="", content_type="text/html"))
    await kept.goto("http://127.0.0.1/")


async def _main() -> None:
    async with launched() as browser:
        if browser is None:
            raise SystemExit("no Chromium on this machine")
        print(browser.version)


if __name__ == "__main__":
    asyncio.run(_main())
