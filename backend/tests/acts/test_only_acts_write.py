"""In a running process jobs, callbacks and lanes are written by acts alone; everything else reads the store."""

import ast
from pathlib import Path

import job_processor
from job_processor.store.base import Store

SOURCE = Path(job_processor.__file__).parent
WRITES = frozenset(
    {
        "add",
        "apply",
        "delete",
        "claim",
        "extend",
        "prune",
        "keep_callback",
        "set_callback_verdict",
        "prune_callbacks",
        "save_lane",
        "save_api_key",
        "mark_keys_used",
        "prune_api_keys",
        "add_session",
        "mark_sessions_seen",
        "end_sessions",
        "prune_sessions",
        "record",
        "prune_audit",
        "take_permits",
    }
)
"""The verbs of a store that write a job, a callback, a lane, a key, a session, a permit or the audit."""
OWN = frozenset({"record_heartbeat"})
"""A worker's own sign of life."""
READS = frozenset(
    {
        "info",
        "now",
        "open",
        "close",
        "ping",
        "get",
        "find_execution",
        "list",
        "counts",
        "count",
        "count_waiting",
        "queue_seconds",
        "overdue",
        "list_waiting",
    }
    | {"get_callback", "list_callbacks", "lanes", "workers", "since", "watch"}
    | {"api_keys", "sessions", "sessions_of", "list_audit"}
)
WRITERS = frozenset({"acts", "store", "transfer.py", "transfer_access.py"})
"""``transfer.py`` and ``transfer_access.py`` fill a store from a backup or another store; nobody else uses it then."""


def writes_of(path: Path) -> list[str]:
    """The calls of a writing verb on something that is a store by its name."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in WRITES:
            on = node.value
            name = on.attr if isinstance(on, ast.Attribute) else on.id if isinstance(on, ast.Name) else ""
            if name.strip("_") == "store":
                found.append(f"{path.relative_to(SOURCE)}:{node.lineno} {node.attr}")
    return found


def test_every_verb_of_a_store_is_known_to_write_or_to_read() -> None:
    verbs = {name for one in Store.__mro__ for name in vars(one) if not name.startswith("_")}
    assert verbs == WRITES | OWN | READS


def test_only_acts_write_the_store() -> None:
    others = [
        path
        for path in sorted(SOURCE.rglob("*.py"))
        if path.relative_to(SOURCE).parts[0] not in WRITERS and "ui" not in path.parts
    ]
    assert len(others) > 100
    assert [one for path in others for one in writes_of(path)] == []


def test_every_writing_verb_is_called_by_an_act() -> None:
    called = {one.split()[-1] for path in (SOURCE / "acts").rglob("*.py") for one in writes_of(path)}
    assert called == WRITES
