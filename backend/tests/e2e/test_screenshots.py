"""The key screens look as they did. ``make references`` renews what they are compared with."""

import pytest
from playwright.async_api import Page

from tests.e2e.pictures import compared, shrunk
from tests.e2e.screenshots import KEY_SCREENS, REFERENCES, SCREENSHOTS, Shot
from tests.e2e.stories import Stage, Told, opened, picture

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")

SPOTS_AT_MOST = 12
"""Of 4 x 4 pixels. An icon has 16 spots, and what is missing or has another colour differs in all of them."""

NO_CHANGE = {
    "letters between two pixels": "main { transform: translateX(0.3px); }",
    "a colour that nobody could tell": "main { filter: brightness(0.98); }",
}
CHANGES = {
    "another colour of a state": "[data-status] { filter: hue-rotate(120deg); }",
    "a part that moved by 4 pixels": "main { position: relative; top: 4px; }",
    "icons that are missing": "main svg { visibility: hidden; }",
    "larger letters": "main { font-size: 15px; } main p, main dd { font-size: 15px !important; }",
    "another font": "main * { font-family: monospace !important; }",
}

_STYLE = """(css) => {
    const sheet = (window.changed ??= new CSSStyleSheet());
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets.filter((one) => one !== sheet), sheet];
}"""

_WITH_TEXT = """//body//*[text()[normalize-space()] or self::input or self::textarea or self::select
  or not(node()) and not(ancestor-or-self::*[local-name() = 'svg'])]"""
"""XPath. Without children, because CSS may draw a sign there. To ask for the fonts of all elements takes a third of the
tests' time."""


@pytest.mark.parametrize("shot", KEY_SCREENS, ids=[shot.name for shot in KEY_SCREENS])
async def test_a_key_screen_looks_as_it_did(on: Stage, of: Told, shot: Shot) -> None:
    async with opened(on, of, *shot) as page:
        assert await _fonts_of_the_machine(page) == set()
        png = await picture(page, whole=False)
        found = await shrunk(page, png)
        reference = (REFERENCES / f"{shot.name}.png").read_bytes()
        difference = await compared(page, found, reference)
    if not 0 <= difference.spots <= SPOTS_AT_MOST:
        SCREENSHOTS.mkdir(exist_ok=True)
        (SCREENSHOTS / f"{shot.name}.png").write_bytes(png)
        pytest.fail(f"{difference}: see screenshots/{shot.name}.png. If it is as it should be, run `make references`.")


async def test_there_is_a_reference_for_each_key_screen_and_no_other() -> None:
    assert {path.stem for path in REFERENCES.iterdir()} == {shot.name for shot in KEY_SCREENS}


async def test_changes_that_a_person_would_see_are_found_and_no_others(on: Stage, of: Told) -> None:
    async with opened(on, of, "job-malformed", 1440, "light") as page:
        before = await shrunk(page, await picture(page, whole=False))
        spots = {}
        for what, style in {**NO_CHANGE, **CHANGES}.items():
            await page.evaluate(_STYLE, style)
            spots[what] = (await compared(page, before, await shrunk(page, await picture(page, whole=False)))).spots
    missed = {what for what in CHANGES if spots[what] <= SPOTS_AT_MOST}
    alarms = {what for what in NO_CHANGE if spots[what] > SPOTS_AT_MOST}
    assert (missed, alarms) == (set(), set()), spots


async def _fonts_of_the_machine(page: Page) -> set[str]:
    """Those that the text in the page is drawn with, and that do not come with the page."""
    session = await page.context.new_cdp_session(page)
    await session.send("DOM.enable")
    await session.send("CSS.enable")
    await session.send("DOM.getDocument")
    search = await session.send("DOM.performSearch", {"query": _WITH_TEXT})
    assert search["resultCount"] > 0
    results = {"searchId": search["searchId"], "fromIndex": 0, "toIndex": search["resultCount"]}
    nodes = (await session.send("DOM.getSearchResults", results))["nodeIds"]
    found = set()
    for node in nodes:
        fonts = (await session.send("CSS.getPlatformFontsForNode", {"nodeId": node}))["fonts"]
        found |= {font["familyName"] for font in fonts if not font["isCustomFont"]}
    await session.detach()
    return found
