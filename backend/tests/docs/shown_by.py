"""The cells of tables that name tests: those tests are there."""

import re
from pathlib import Path

from tests.docs.pages import ROOT

TESTS = Path(__file__).parents[1]
_NAMED = re.compile(r"`([a-z0-9_/]+\.py)::(test_\w+)`")
# Tests in Terraform's language, below infrastructure/.
_RUNS = re.compile(r"`([a-z0-9_/]+\.tftest\.hcl)::(\w+)`")


def check_shown(shown: str) -> None:
    """Assert that the cell names at least one test, all of which there are, or says why there is none."""
    named, runs = _NAMED.findall(shown), _RUNS.findall(shown)
    assert named or runs or re.match(r"none: .{4,}", shown), "neither a test nor a reason"
    for file, test in named:
        source = (TESTS / file).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {test}\(", source, re.MULTILINE), f"{file} has no {test}"
    for file, run in runs:
        assert f'run "{run}"' in (ROOT / "infrastructure" / file).read_text(encoding="utf-8"), f"{file} has no {run}"
