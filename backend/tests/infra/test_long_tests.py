"""Every target of the Makefile that checks something is started by a workflow: one that nobody starts breaks unseen."""

import re

import yaml

from tests.packaging.machine import REPOSITORY

BY_HAND = {
    "quick": "a part of make test",
    "lint": "a part of make test",
    "page-weight": "a part of make test",
    "fix": "changes files",
    "references": "changes files",
    "stories": "serves until it is stopped",
    "bench": "floors cannot be held on a machine that is shared",
    "bench-mongo": "floors cannot be held on a machine that is shared",
    "bench-peers": "floors cannot be held on a machine that is shared",
}


def _targets() -> set[str]:
    text = (REPOSITORY / "Makefile").read_text()
    checks = text.partition("## ---- check ----")[2].partition("## ---- keep ----")[0]
    return set(re.findall(r"^([a-z0-9-]+):.*## ", checks, re.MULTILINE))


def _started() -> str:
    """The commands of all workflows, those of a matrix too."""
    found: list[str] = []
    for file in sorted((REPOSITORY / ".github/workflows").glob("*.yml")):
        for job in yaml.safe_load(file.read_text())["jobs"].values():
            found += job.get("strategy", {}).get("matrix", {}).get("command", [])
            found += [step["run"] for step in job.get("steps", []) if "run" in step]
    return "\n".join(found)


def test_every_target_that_checks_is_started_by_a_workflow() -> None:
    targets, started = _targets(), _started()
    assert {"test", "kill-test", "bench"} <= targets
    left = {one for one in targets if not re.search(rf"(?:make |scripts/infra/){one}(?![\w-])", started)}
    assert left == set(BY_HAND)
