"""A verdict does not depend on the Python that gives it: each version must find what is written down."""

import json

from tests.results.verdicts import PLACE, found


def test_this_python_finds_what_every_other_one_finds() -> None:
    written = json.loads(PLACE.read_text())
    here = found()
    assert here["texts"] == written["texts"]
    assert here["seeded"] == written["seeded"]
