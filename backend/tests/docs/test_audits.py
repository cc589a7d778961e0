"""The tables of what audits found: a row for each, and each names tests that there are, or says why there is none."""

import re

import pytest

from tests.docs.pages import text
from tests.docs.shown_by import TESTS, check_shown

WANTED = [
    *(f"B{n}" for n in range(1, 24)),
    *(f"b{n}" for n in range(1, 18)),
    *(f"M1.{n}" for n in range(1, 20)),
    *(f"M1.20{letter}" for letter in "abcdefghij"),
    "M2",
    *(f"M4.{n}" for n in range(1, 9)),
    "M5",
    "M6",
    *(f"A{n}" for n in range(1, 13)),
    *(f"A13.{n}" for n in range(1, 13)),
    "A-C",
    *(f"D-C{n}" for n in range(1, 8)),
    *(f"D-H{n}" for n in range(1, 12)),
    *(f"D-M{n}" for n in range(1, 19)),
    "D-L",
    "D-Q1",
    "D-Q2",
]


def _rows() -> dict[str, list[str]]:
    """Of each row by its number, what was found, what is now, and what shows it."""
    said = text("docs/reliability.md").partition("\n## Found by audits\n")[2]
    found: dict[str, list[str]] = {}
    for line in said.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0] in WANTED:
            assert cells[0] not in found, f"{cells[0]} has two rows"
            found[cells[0]] = cells[1:]
    return found


def test_every_finding_has_a_row() -> None:
    assert [name for name in WANTED if name not in _rows()] == []


@pytest.mark.parametrize("name", WANTED)
def test_a_row_names_tests_that_there_are_or_says_why_not(name: str) -> None:
    _, now, shown = _rows()[name]
    assert now, "it is not said what was done"
    check_shown(shown)


def test_every_file_of_tests_that_the_page_names_is_there() -> None:
    there = {path.name for path in TESTS.rglob("test_*.py")}
    assert set(re.findall(r"\btest_\w+\.py\b", text("docs/reliability.md"))) - there == set()
