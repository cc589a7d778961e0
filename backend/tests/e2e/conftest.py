"""A browser for all tests of the page, a server for each file of them; a fresh, watched tab for each test."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect

from job_processor import __file__ as package
from tests.e2e.browser import keep_process, launched
from tests.e2e.looks import WAITS_SECONDS
from tests.e2e.served import Served
from tests.e2e.stories import Stage, Told, stage, told

WIDE = 1440
WAITS_MS = 1_000 * WAITS_SECONDS
expect.set_options(timeout=WAITS_MS)

Scheme = Literal["light", "dark"]
OpenTab = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    if not (Path(package).parent / "ui" / "index.html").exists():
        pytest.fail("The page is not built: run `make build`.")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("served"))
    served.start()
    yield served
    served.stop()


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[Served]:
    """A server of this test alone: nothing in it, and free to be stopped."""
    served = Served(tmp_path)
    served.start()
    yield served
    served.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as found:
        if found is None:
            if os.environ.get("CI") == "true":
                pytest.fail("No Chromium: set CHROMIUM_PATH or install one.")
            pytest.skip("no Chromium on this machine")
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def window(browser: Browser) -> AsyncIterator[BrowserContext]:
    """One for all tests, because a new one would load and compile the page's code again, for seconds."""
    context = await browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(WAITS_MS)
    await keep_process(context)
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_tab(window: BrowserContext, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[OpenTab]:
    """Opens a tab that fails the test on any script error and any breach of the content security policy.

    ``apart``: in a browser of somebody else, who shares no cookies with the other tabs.
    """
    others: list[BrowserContext] = []
    tabs: list[Page] = []
    wrong: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # A request that fails is what some tests are about, and the browser says so by itself.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            wrong.append(message.text)

    def broke(error: Error) -> None:
        wrong.append(str(error))

    async def open_at(
        url: str, *, width: int = WIDE, height: int = 900, scheme: Scheme = "light", apart: bool = False
    ) -> Page:
        if apart:
            others.append(await browser.new_context(reduced_motion="reduce"))
            others[-1].set_default_timeout(WAITS_MS)
        page = await (others[-1] if apart else window).new_page()
        tabs.append(page)
        page.on("console", heard)
        page.on("pageerror", broke)
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme=scheme)
        await page.goto(url)
        return page

    yield open_at
    if request.node.stash.get(FAILED, False):
        for page in tabs:
            focused = await page.evaluate("document.activeElement?.outerHTML.slice(0, 200)")
            print(f"what the tab showed, at {page.url}, with the focus on {focused}:")
            print((await page.inner_text("body"))[:2000])
    await window.unroute_all()
    # Cookies know no ports: another test's server would get them.
    await window.clear_cookies()
    for page in tabs:
        await _forget(page)
        await page.close()
    for other in others:
        await other.close()
    assert wrong == []


async def _forget(page: Page) -> None:
    """What the page stored in the browser goes, so that the next test finds nothing of it."""
    session = await page.context.new_cdp_session(page)
    origin = await page.evaluate("window.origin")
    kinds = "local_storage,indexeddb,service_workers,cache_storage"
    await session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": kinds})
    await session.detach()


@pytest.fixture(scope="module")
def of() -> Iterator[Told]:
    """All stories."""
    with told() as of:
        yield of


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def on(browser: Browser) -> AsyncIterator[Stage]:
    """Where they are shown."""
    async with stage(browser) as found:
        yield found
