"""The commands that each of the store's verbs sends."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from job_processor.core.callbacks import CallbackVerdict
from job_processor.store.base import (
    Store,
)
from tests.store import calls_of_jobs as jobs
from tests.store import calls_of_others as others
from tests.store_suite import given

Verb: TypeAlias = Callable[[Store], Awaitable[object]]
VERBS: dict[str, tuple[Verb, list[str]]] = {
    "add": (jobs.add, ["update jobs"]),
    "add with a key": (jobs.add_with_a_key, ["update keys", "update jobs"]),
    "get": (lambda store: store.get("0" * 24), ["find jobs"]),
    "find_execution": (jobs.find_execution, ["find jobs"] * 2),
    "list": (jobs.list, ["find jobs"] * 9),
    "counts": (
        jobs.counts,
        ["update jobs", "aggregate jobs", "find jobs", "find jobs", "distinct jobs", "aggregate jobs"],
    ),
    "claim": (jobs.claim, ["update jobs", "find lanes", *["find jobs"] * 3, "update jobs"]),
    "claim of keys": (jobs.claim_of_keys, []),
    "claim with limits of keys": (jobs.claim_with_limits_of_keys, []),
    "claim with a shared limit": (jobs.claim_with_a_shared_limit, []),
    "claim that falls back": (jobs.claim_that_falls_back, []),
    "claim with a limit": (
        jobs.claim_with_a_limit,
        [
            "update jobs",
            *("find lanes", "find jobs", "find lanes", *["find jobs"] * 4),
            # The lane is not there yet: tried as an update, then made.
            *("update lanes", "insert lanes", "update jobs"),
        ],
    ),
    "apply": (jobs.apply, ["update jobs", "update jobs"]),
    "apply that loses": (jobs.apply_that_loses, ["update jobs", "update jobs", "update jobs", "find jobs"]),
    "extend": (
        jobs.extend,
        ["update jobs", "find lanes", *["find jobs"] * 3, "update jobs", "update jobs", "find jobs"],
    ),
    "overdue": (jobs.overdue, ["find jobs"] * 4),
    "list_waiting": (jobs.list_waiting, ["find jobs"] * 6),
    "delete": (
        jobs.delete,
        [
            "update jobs",
            "update jobs",
            "find jobs",
            # What happened to it is counted first: the ledger, four rows, and nothing is left.
            *("find seriesMeta", "find jobs", "update seriesMeta", *["find series", "insert series"] * 4),
            *("update jobs", "update seriesMeta", "find jobs"),
            "update jobs",
            "find jobs",
            "update gone",
            "delete callbacks",
            "delete deliveries",
            "delete jobs",
            "delete callbacks",
        ],
    ),
    "prune": (
        jobs.prune,
        [
            *("update jobs", "update jobs", "find jobs"),
            *("find seriesMeta", "find jobs", "update seriesMeta", *["find series", "insert series"] * 4),
            *("update jobs", "update seriesMeta", "update gone", "update jobs", "find jobs", "delete jobs"),
        ],
    ),
    "add_batch": (
        others.add_batch,
        # A chunk, the record, the jobs from the chunk, until there is none left.
        [
            *("update batchChunks", "insert batches", "find batchChunks", "update jobs", "delete batchChunks"),
            *("find batchChunks", "update batches"),
        ],
    ),
    "add_batch again": (others.add_batch_again, []),
    "batches": (others.read_batches, [*["find batches"] * 6, "aggregate jobs", *["find jobs"] * 2]),
    "batches_to_tend, cancel_batch, end_batch, complete_batches": (others.tend_batches, []),
    "prune_batches": (others.prune_batches, []),
    "since": (lambda store: given.position(store), []),
    "changes": (lambda store: store.since(store.now() * 1000, 10), []),
    "keep_callback, set_callback_verdict, reject_callback, prune_callbacks": (others.keep, []),
    "list_callbacks": (others.list_callbacks, ["find callbacks"] * 7),
    "count_callbacks": (others.count_callbacks, ["aggregate callbacks"] * 2 * len(CallbackVerdict)),
    "lanes": (others.lanes, ["find lanes", "update lanes", "insert lanes", "find lanes", "find lanes"]),
    "apply with a record": (
        jobs.apply_with_a_record,
        # The entry, the change, its outcome; the second change is not written, and its entry is taken back.
        [
            "update jobs",
            *("update audit", "update jobs", "update audit"),
            *("update audit", "update jobs", "find jobs", "delete audit"),
        ],
    ),
    "api keys": (others.api_keys, ["insert apiKeys", *["update apiKeys"] * 2, "find apiKeys", "delete apiKeys"]),
    "count_waiting": (jobs.count_waiting, ["aggregate jobs"]),
    "ahead": (jobs.ahead, [*["update jobs"] * 6, *["aggregate jobs"] * 3, *["find jobs"] * 3]),
    "take_permits": (others.take_permits, ["find permits", "update permits"] * 2),
    "sessions": (
        others.sessions,
        ["update sessions", *["find sessions"] * 3, "update sessions", *["delete sessions"] * 2],
    ),
    "audit": (others.audit, ["update audit", *["find audit"] * 8, "delete audit"]),
    "webhooks": (
        others.endpoints_and_deliveries,
        [
            *("insert webhookEndpoints", "update webhookEndpoints", "update webhookEndpoints", "find webhookEndpoints"),
            *("find webhookEndpoints", "delete webhookEndpoints"),
            # A job that ends with a notice, and its relay.
            *("update jobs", "update jobs", "find jobs", "update deliveries", "update jobs", "find batches"),
            # The lane, the end of the lanes; the delivery and its claim; a write that loses.
            *("find deliveries", "find deliveries", "find deliveries", "update deliveries", "update deliveries"),
            *["find deliveries"] * 8,
            "find deliveries",
            # Nothing is old enough to be deleted.
            "delete deliveries",
        ],
    ),
    "bulk actions": (
        others.bulk_actions,
        ["insert bulkActions"] * 2 + ["update bulkActions", "delete bulkActions"] + ["find bulkActions"] * 7,
    ),
    "series": (others.series, []),
    "workers": (others.workers, ["update workers", "find workers"]),
}
