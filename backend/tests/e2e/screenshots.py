"""Makes pictures of the page's stories: ``make screenshots`` of all, ``make references`` those that are kept.

As a program: ``python -m tests.e2e.screenshots [--references] [NAME ...]``.
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Error

from tests.docs.pages import ROOT
from tests.e2e.browser import launched
from tests.e2e.pictures import shrunk, webp
from tests.e2e.stories import HEIGHTS, Scheme, Stage, Told, opened, picture, stage, told

SCREENSHOTS = ROOT / "screenshots"
"""Not in git."""
REFERENCES = Path(__file__).parent / "references"
DOCS = ROOT / "docs" / "screenshots"
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


class Shot(NamedTuple):
    story: str
    width: int
    scheme: Scheme

    @property
    def name(self) -> str:
        return f"{self.story}-{self.width}-{self.scheme}"


KEY_SCREENS = (
    Shot("list", 1440, "light"),
    Shot("list", 390, "dark"),
    # Not the empty list: its example of a command has the server's port.
    Shot("callbacks-empty", 1440, "dark"),
    Shot("job-malformed", 1440, "light"),
    Shot("job-failed", 390, "light"),
    Shot("flows", 1440, "light"),
    Shot("callbacks", 1440, "dark"),
    Shot("callbacks", 390, "light"),
    Shot("peek-malformed", 1440, "light"),
    Shot("overview", 1440, "light"),
    Shot("new-job", 390, "dark"),
    Shot("sign-in", 1440, "light"),
)
"""Those that ``make test`` compares with ``references/``."""
IN_DOCS = {
    "jobs": Shot("list", 1440, "light"),
    "overview": Shot("overview", 1440, "light"),
    "peek": Shot("peek-malformed", 1440, "light"),
    "flows": Shot("flow-contracts", 1440, "light"),
    "malformed": Shot("job-malformed", 1440, "light"),
    "callbacks": Shot("callbacks", 1440, "dark"),
}
"""Pictures in README and docs, by their names there."""


async def _keep_references(on: Stage, of: Told) -> None:
    canvas = await on[1440].new_page()
    for shot in KEY_SCREENS:
        async with opened(on, of, *shot) as page:
            (REFERENCES / f"{shot.name}.png").write_bytes(await shrunk(canvas, await picture(page, whole=False)))
        print(shot.name)
    for name, shot in IN_DOCS.items():
        async with opened(on, of, *shot) as page:
            (DOCS / f"{name}.webp").write_bytes(await webp(canvas, await picture(page, whole=False)))
        print(f"docs: {name}")


async def _keep_all(on: Stage, of: Told, names: Sequence[str]) -> list[str]:
    """All stories; what could not be shown, in words."""
    SCREENSHOTS.mkdir(exist_ok=True)
    wrong = []
    for story in names or of.stories:
        for width in HEIGHTS:
            try:
                async with opened(on, of, story, width, "light") as page:
                    for scheme in SCHEMES:
                        await page.emulate_media(color_scheme=scheme)
                        shot = Shot(story, width, scheme)
                        (SCREENSHOTS / f"{shot.name}.png").write_bytes(await picture(page, whole=True))
            except (AssertionError, Error) as error:
                wrong.append(f"{story} at {width}")
                print(wrong[-1], error)
        print(story, flush=True)
    return wrong


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", action="store_true", help="the references and the pictures in the docs")
    parser.add_argument("names", nargs="*", help="of stories; none: all")
    arguments = parser.parse_args()
    with told() as of:
        async with launched() as browser:
            if browser is None:
                raise SystemExit("No Chromium: set CHROMIUM_PATH or install one.")
            async with stage(browser) as on:
                if arguments.references:
                    await _keep_references(on, of)
                elif wrong := await _keep_all(on, of, arguments.names):
                    raise SystemExit(f"not shown: {wrong}")


if __name__ == "__main__":
    asyncio.run(main())
