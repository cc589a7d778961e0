"""The interface of a store: eight protocols and a few methods of its own. ``tests/store_suite`` specifies every driver.

The core decides, the store writes: no rule of the life cycle is in a driver. Every method may raise
``StoreUnavailable`` (as far as is known nothing was written; try again later) or its child ``StorageFull``. All times
are milliseconds since 1970 by the clock of the store (``now``).
"""

from job_processor.store.base.access import Access
from job_processor.store.base.audit import Audit, AuditQuery
from job_processor.store.base.batches import BatchAdded, Batches, BatchesPruned, BatchQuery, NewBatch
from job_processor.store.base.bulk import Bulk
from job_processor.store.base.callbacks import Callbacks, CallbackSummary, InboxQuery
from job_processor.store.base.changes import Changes, Notice, Resync
from job_processor.store.base.jobs import (
    TEXT_SEARCH_DEPTH,
    Added,
    Claim,
    Claimed,
    Counts,
    Held,
    IdempotencyKey,
    Jobs,
    Query,
    Summary,
    WaitingQuery,
)
from job_processor.store.base.lanes import Lanes
from job_processor.store.base.permits import Permits
from job_processor.store.base.store import Inspection, Store, StoreInfo, Worker
from job_processor.store.base.webhooks import DeliveryQuery, Webhooks

__all__ = [
    "Access",
    "Added",
    "Audit",
    "AuditQuery",
    "BatchAdded",
    "BatchQuery",
    "Batches",
    "BatchesPruned",
    "NewBatch",
    "WaitingQuery",
    "Bulk",
    "Callbacks",
    "Changes",
    "Claim",
    "Claimed",
    "Counts",
    "DeliveryQuery",
    "Held",
    "IdempotencyKey",
    "InboxQuery",
    "Inspection",
    "Jobs",
    "CallbackSummary",
    "Lanes",
    "Notice",
    "Permits",
    "Query",
    "Resync",
    "Store",
    "StoreInfo",
    "Summary",
    "TEXT_SEARCH_DEPTH",
    "Webhooks",
    "Worker",
]
