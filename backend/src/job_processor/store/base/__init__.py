"""What we ask of a database: verbs, not queries. ``tests/store_suite`` is the specification of every driver.

The core decides, the store writes: no rule of the life cycle stands in a driver. Every verb may raise
``StoreUnavailable`` (nothing is known to have been written; try again later) or its child ``StorageFull``.
All times are milliseconds since 1970 by the store's own clock (``now``).
"""

from job_processor.store.base.callbacks import Callbacks, InboxQuery, Kept
from job_processor.store.base.changes import Changes, Notice, Resync
from job_processor.store.base.jobs import (
    TEXT_SEARCH_DEPTH,
    Added,
    Awaited,
    Claim,
    Claimed,
    Counts,
    Held,
    IdempotencyKey,
    Jobs,
    Query,
    Summary,
)
from job_processor.store.base.lanes import Lanes
from job_processor.store.base.store import Inspection, Store, StoreInfo, Worker

__all__ = [
    "Added",
    "Awaited",
    "Callbacks",
    "Changes",
    "Claim",
    "Claimed",
    "Counts",
    "Held",
    "IdempotencyKey",
    "InboxQuery",
    "Inspection",
    "Jobs",
    "Kept",
    "Lanes",
    "Notice",
    "Query",
    "Resync",
    "Store",
    "StoreInfo",
    "Summary",
    "TEXT_SEARCH_DEPTH",
    "Worker",
]
