"""docs/results.md: its tables of warnings and repairs are what is tested."""

import re
from pathlib import Path

import pytest

from job_processor.core.verdict import ResultKind, WarningCode
from job_processor.results import examine

PAGE = Path(__file__).parents[3] / "docs" / "results.md"
_ROW = re.compile(r"^\| `(?P<left>.*)` \| (?P<right>.*) \|$", re.MULTILINE)


def rows(title: str) -> list[tuple[str, str]]:
    _, _, section = PAGE.read_text(encoding="utf-8").partition(f"\n## {title}\n")
    section = section.partition("\n## ")[0]
    return [(row["left"].replace("⏎", "\n"), row["right"]) for row in _ROW.finditer(section)]


WARNINGS, REPAIRS = rows("Warnings"), rows("Repairs")


def test_the_tables_are_there() -> None:
    assert (len(WARNINGS) >= 15, len(REPAIRS) >= 20) == (True, True)


@pytest.mark.parametrize(("raw", "told"), WARNINGS)
def test_a_warning_of_the_page(raw: str, told: str) -> None:
    verdict = examine(raw)
    assert verdict.kind is ResultKind.JSON
    assert [f"`{warning.code.value}`" for warning in verdict.warnings] == ([] if told == "none" else [told])


@pytest.mark.parametrize(("raw", "told"), REPAIRS)
def test_a_repair_of_the_page(raw: str, told: str) -> None:
    verdict = examine(raw)
    assert verdict.kind is ResultKind.MALFORMED
    if told == "none":
        assert verdict.repaired is None
        return
    assert verdict.repaired is not None
    said = f"`{verdict.repaired.text}`"
    if verdict.repaired.cut:
        said += ", cut"
    if verdict.repaired.dropped is not None:
        said += f", dropped `{verdict.repaired.dropped}`"
    assert said == told


def test_every_warning_and_kind_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in (*WarningCode, *ResultKind):
        assert f"`{name.value}`" in page
