"""Numbers with their nouns."""

import pytest

from job_processor.core.counted import counted


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs"), (1200, "1,200 jobs"), (1.0, "1 job"), (0.05, "0.05 jobs")],
)
def test_one_has_no_s(number: float, said: str) -> None:
    assert counted(number, "job") == said


def test_a_plural_of_its_own() -> None:
    assert [counted(number, "entry", "entries") for number in (1, 3)] == ["1 entry", "3 entries"]
