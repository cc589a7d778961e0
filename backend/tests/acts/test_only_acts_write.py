"""In a running process jobs, callbacks and lanes are written by acts alone; everything else reads the store."""

import ast
from pathlib import Path

import job_processor
from job_processor.store.base import Store

SOURCE = Path(job_processor.__file__).parent
WRITES = frozenset(
    {
        "add",
        "add_batch",
        "cancel_batch",
        "end_batch",
        "complete_batches",
        "prune_batches",
        "apply",
        "delete",
        "claim",
        "extend",
        "prune",
        "keep_callback",
        "set_callback_verdict",
        "reject_callback",
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
        "save_webhook_endpoint",
        "delete_webhook_endpoint",
        "add_delivery",
        "relay_notices",
        "claim_deliveries",
        "save_delivery",
        "prune_deliveries",
        "save_bulk_action",
        "prune_bulk_actions",
        "note_waiting",
        "roll_up_series",
        "prune_series",
    }
)
"""The verbs of a store that write a job, a callback, a lane, a key, a session, a permit, a bulk action, a
webhook, the audit or the series."""
OWN = frozenset({"record_heartbeat", "put_series"})
"""A worker's own heartbeat; and what copies and backups alone write."""
READS = frozenset(
    {
        "full_keys",
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
        "count_by_state",
        "groups",
        "is_searchable",
        "is_being_deleted",
        "count_waiting",
        "ahead",
        "queue_seconds",
        "overdue",
        "list_waiting",
    }
    | {"get_callback", "list_callbacks", "count_callbacks", "lanes", "workers", "since", "watch"}
    | {"batch_of_key", "get_batch", "list_batches", "count_batches", "refused_lines", "jobs_of_batch"}
    | {"batches_to_tend"}
    | {"api_keys", "sessions", "sessions_of", "list_audit"}
    | {"webhook_endpoints", "due_lanes", "get_delivery", "list_deliveries"}
    | {"get_bulk_action", "bulk_action_of_key", "open_bulk_actions", "list_bulk_actions"}
    | {"series", "series_of_keys", "series_since", "list_series"}
)
WRITERS = frozenset({"acts", "store", "transfer"})
"""``transfer`` fills a store from a backup or another store; nobody else uses it then."""


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
