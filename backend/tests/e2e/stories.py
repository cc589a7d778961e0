"""Opens the page's stories (``frontend/stories``): every screen in every state, its API answered from fixtures.

Nothing of the machine is in what they show: the time is the stories' own and stands still, the time zone is UTC, and
the fonts come with the page.
"""

import subprocess
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import Browser, BrowserContext, Locator, Page, Request, expect

from job_processor import __file__ as package
from tests.docs.pages import ROOT
from tests.e2e.browser import keep_process
from tests.support.waiting import until

NODE = ROOT / ".venv" / "bin" / "node"
UI = Path(package).parent / "ui"
HEIGHTS = {1440: 900, 390: 844}
"""Of the windows, by their widths."""
SHOWN_WITHIN_MS = 30_000
STREAMS = {"events", "export"}
"""Requests whose answer may stay open."""
LOADING = '[role="status"][aria-label^="Loading"]'
AT_THE_END = """@media (max-width: 48em) {
  body { position: relative }
  header:has(> * > nav) { position: static !important }
  nav[aria-label="Main"] { position: absolute !important }
}"""
"""Puts the bar at the bottom of a phone's window to the end of the page."""
Scheme = Literal["light", "dark"]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person does: exactly one of these."""

    press: str = ""
    click: str = ""
    look: str = ""
    line: Literal["", "cut"] = ""


class Story(msgspec.Struct, frozen=True):
    name: str
    path: str
    shows: str
    steps: tuple[Step, ...] = ()


class _All(msgspec.Struct, frozen=True):
    now: int
    stories: tuple[Story, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """The stories by name, where they are served, and the time at which they happen, in milliseconds."""

    url: str
    now: int
    stories: Mapping[str, Story]


@contextmanager
def told() -> Iterator[Told]:
    """Serves them as long as they are needed."""
    command = [str(NODE), "stories/serve.ts", str(UI)]
    with subprocess.Popen(command, cwd=ROOT / "frontend", stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, "the stories are not served: what is wrong stands above"
            with urllib.request.urlopen(f"{url}stories.json", timeout=20) as answer:
                found = msgspec.json.decode(answer.read(), type=_All)
            yield Told(url, found.now, {story.name: story for story in found.stories})
        finally:
            process.terminate()


@dataclass
class _Line:
    """The requests of a page that are not answered yet."""

    open: set[Request] = field(default_factory=set)

    def watch(self, page: Page) -> None:
        page.on("request", self._asked)
        page.on("requestfinished", self._answered)
        page.on("requestfailed", self._answered)

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).path.rpartition("/")[2] not in STREAMS:
            self.open.add(request)

    def _answered(self, request: Request) -> None:
        self.open.discard(request)


Stage = Mapping[int, BrowserContext]


@asynccontextmanager
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    """Where stories are opened, by the width of the window: the narrow one is touched. Each compiles the code once."""
    async with AsyncExitStack() as stack:
        contexts = {}
        for width, height in HEIGHTS.items():
            contexts[width] = await browser.new_context(
                viewport={"width": width, "height": height},
                has_touch=width == min(HEIGHTS),
                reduced_motion="reduce",
                locale="en-GB",
                timezone_id="UTC",
            )
            stack.push_async_callback(contexts[width].close)
            contexts[width].set_default_timeout(SHOWN_WITHIN_MS)
            await keep_process(contexts[width])
        yield contexts


@asynccontextmanager
async def opened(on: Stage, of: Told, name: str, width: int, scheme: Scheme) -> AsyncIterator[Page]:
    """The page as the story shows it, once nothing changes any more."""
    story = of.stories[name]
    page = await on[width].new_page()
    line = _Line()
    line.watch(page)
    await page.clock.set_fixed_time(of.now)
    await page.emulate_media(color_scheme=scheme)
    try:
        await page.goto(f"{of.url}{story.name}/ui/{story.path}")
        await _loaded(page, line)
        for step in story.steps:
            await _do(page, step)
        await expect(page.get_by_text(story.shows).locator("visible=true").first).to_be_visible(timeout=SHOWN_WITHIN_MS)
        await _loaded(page, line)
        yield page
    finally:
        await on[width].set_offline(False)
        await page.evaluate("localStorage.clear()")
        await page.close()


async def picture(page: Page, *, whole: bool) -> bytes:
    """A PNG of the window, or of the ``whole`` page if no dialog covers it, once two in a row are the same."""
    whole = whole and await page.get_by_role("dialog").count() == 0
    if whole:
        # Where the page was scrolled to, its head would stand in the middle of the picture.
        await page.evaluate("window.scrollTo(0, 0)")
    last = b""

    async def same() -> bytes | None:
        nonlocal last
        before, last = (
            last,
            await page.screenshot(animations="disabled", full_page=whole, style=AT_THE_END if whole else None),
        )
        return last if last == before else None

    return await until(same, "a page that holds still", SHOWN_WITHIN_MS / 1_000)


async def _loaded(page: Page, line: _Line) -> None:
    async def quiet() -> bool:
        return not line.open and await page.locator(LOADING).count() == 0 and await page.locator("h1").count() > 0

    await until(quiet, f"all of {page.url}", SHOWN_WITHIN_MS / 1_000)
    await page.evaluate("document.fonts.ready")


_PRESSED: tuple[Literal["button", "tab", "link", "switch"], ...] = ("button", "tab", "link", "switch")


async def _do(page: Page, step: Step) -> None:
    if step.press:
        await page.keyboard.press(step.press)
    elif step.click:
        named = [page.get_by_role(role, name=step.click, exact=True) for role in _PRESSED]
        await reduce(Locator.or_, named).locator("visible=true").first.click()
    elif step.look:
        seen = page.get_by_text(step.look, exact=True).locator("visible=true").first
        await seen.evaluate("(element) => element.scrollIntoView({block: 'start'})")
    elif step.line:
        await page.context.set_offline(True)
