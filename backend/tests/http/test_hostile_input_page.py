"""The pages that name tests name tests that are there, and have a row for every fault they answer for."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DOCS = TESTS.parents[1] / "docs"
NAMED = re.compile(r"`([a-z0-9_/]+\.py)::(test_\w+)`")
FILE = re.compile(r"`([a-z0-9_/]+/test_[a-z0-9_]+\.py)`")
PAGES = {
    "hostile-input.md": [f"F{n}" for n in range(1, 12)],
    "flows-and-processors.md": [f"E{n}" for n in range(1, 15)],
}


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_every_test_that_the_page_names_exists(name: str) -> None:
    said = page(name)
    named = NAMED.findall(said)

    missing = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(rf"^(async )?def {test}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(named) > 50
    assert missing == []
    assert [file for file in FILE.findall(said) if not (TESTS / file).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_fault_has_a_row_with_a_test(name: str) -> None:
    rows = [line for line in page(name).splitlines() if line.startswith("| ") and NAMED.search(line)]

    without = [fault for fault in PAGES[name] if not any(re.match(rf"\| {fault}\b", row) for row in rows)]
    assert without == []
