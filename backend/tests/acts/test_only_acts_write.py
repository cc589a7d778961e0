"""Jobs, callbacks and lanes are written by acts alone: HTTP and workers read the store, and call acts."""

import ast
from pathlib import Path

import job_processor

SOURCE = Path(job_processor.__file__).parent
WRITES = frozenset({"add", "apply", "delete", "claim", "extend", "prune", "keep", "settle", "forget", "put_lane"})
"""The verbs of ``store.base`` that write. ``beat`` is not one: it is a worker's own sign of life."""


def writes_of(path: Path) -> list[str]:
    """The calls of a writing verb on something named ``store``."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in WRITES:
            on = node.value
            name = on.attr if isinstance(on, ast.Attribute) else on.id if isinstance(on, ast.Name) else ""
            if name.strip("_") == "store":
                found.append(f"{path.relative_to(SOURCE)}:{node.lineno} {node.attr}")
    return found


def test_only_acts_write_the_store() -> None:
    rooms = ("http", "workers")
    assert [one for room in rooms for path in sorted((SOURCE / room).rglob("*.py")) for one in writes_of(path)] == []


def test_every_writing_verb_is_called_by_an_act() -> None:
    called = {one.split()[-1] for path in (SOURCE / "acts").rglob("*.py") for one in writes_of(path)}
    assert called == WRITES
