"""The tables of docs/security.md about OWASP's lists: every risk and section has a row, and its tests are there."""

import re

import pytest

from tests.docs.pages import text
from tests.docs.shown_by import check_shown

RISKS = [f"API{n}" for n in range(1, 11)]
# The sections of ASVS 5.0.0 with requirements of level 1 or 2, by chapter.
SECTIONS = {
    1: [1, 2, 3, 4, 5],
    2: [1, 2, 3, 4],
    3: [2, 3, 4, 5, 7],
    4: [1, 2, 3, 4],
    5: [1, 2, 3, 4],
    6: [1, 2, 3, 4, 5, 6, 8],
    7: [1, 2, 3, 4, 5, 6],
    8: [1, 2, 3, 4],
    9: [1, 2],
    10: [1, 2, 3, 4, 5, 6, 7],
    11: [1, 2, 3, 4, 5, 6],
    12: [1, 2, 3],
    13: [1, 2, 3, 4],
    14: [1, 2, 3],
    15: [1, 2, 3],
    16: [1, 2, 3, 4, 5],
    17: [1, 2, 3],
}
WANTED = [*RISKS, *(f"V{chapter}.{section}" for chapter, sections in SECTIONS.items() for section in sections)]


def _rows() -> dict[str, tuple[str, str]]:
    """Of each risk and section, what is done and what shows it."""
    said = text("docs/security.md").partition("\n## OWASP\n")[2]
    found: dict[str, tuple[str, str]] = {}
    for line in said.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        for name in re.findall(r"\b(?:API|V)\d+(?:\.\d+)?\b", cells[0]) if len(cells) == 3 else ():
            assert name not in found, f"{name} has two rows"
            found[name] = (cells[1], cells[2])
    return found


def test_there_is_a_row_for_each_and_for_nothing_else() -> None:
    assert sorted(_rows()) == sorted(WANTED)


@pytest.mark.parametrize("name", WANTED)
def test_a_row_names_tests_that_there_are_or_says_why_not(name: str) -> None:
    done, shown = _rows()[name]
    assert done
    check_shown(shown)
