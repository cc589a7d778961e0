"""The interface of a store: protocols by subject, and a few methods of its own. ``tests/store_suite`` specifies every
driver.

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
from job_processor.store.base.groups import Group, GroupBy, Grouped
from job_processor.store.base.jobs import (
    Added,
    Ahead,
    Claim,
    Claimed,
    Counts,
    Held,
    IdempotencyKey,
    Jobs,
    Summary,
    WaitingQuery,
    earliest,
)
from job_processor.store.base.lanes import Lanes
from job_processor.store.base.permits import Permits
from job_processor.store.base.query import ID_AHEAD_MS, Facet, FacetKind, Phrase, Query
from job_processor.store.base.search import with_search
from job_processor.store.base.series import KeysQuery, Series, SeriesQuery
from job_processor.store.base.store import Inspection, Store, StoreInfo, Worker
from job_processor.store.base.webhooks import DeliveryQuery, Webhooks

__all__ = [
    "Access",
    "Added",
    "Ahead",
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
    "Facet",
    "FacetKind",
    "Group",
    "GroupBy",
    "Grouped",
    "Held",
    "earliest",
    "ID_AHEAD_MS",
    "IdempotencyKey",
    "InboxQuery",
    "Inspection",
    "Jobs",
    "CallbackSummary",
    "KeysQuery",
    "Lanes",
    "Notice",
    "Permits",
    "Phrase",
    "Query",
    "Resync",
    "Series",
    "SeriesQuery",
    "Store",
    "StoreInfo",
    "Summary",
    "Webhooks",
    "Worker",
    "with_search",
]
