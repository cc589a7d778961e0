"""A verdict does not depend on the Python that gives it: each version must find what is written down."""

import json
import re
from pathlib import Path

import job_processor
from tests.results.verdicts import PLACE, found

SOURCE = Path(job_processor.__file__).parent


def test_this_python_finds_what_every_other_one_finds() -> None:
    written = json.loads(PLACE.read_text())
    here = found()
    assert here["texts"] == written["texts"]
    assert here["seeded"] == written["seeded"]


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Before 3.11.4 it keeps what its last, failed round had read: ``(?>(?:…)*)`` says the same and is right."""
    repeated = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\})\+")
    assert repeated.search(r"(?:a)?+")
    found = [
        f"{path.relative_to(SOURCE)}:{number}"
        for path in SOURCE.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if repeated.search(line)
    ]
    assert found == []
