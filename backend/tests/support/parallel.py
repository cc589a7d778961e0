"""What of the tests runs beside what, when several processes share them (pytest-xdist)."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file stay together, for what they share; and one browser at a time is what a machine can bear."""
    for item in items:
        place = item.path.relative_to(TESTS)
        name = place.parts[0] if place.parts[0] == "e2e" else str(place)
        item.add_marker(pytest.mark.xdist_group(name))
