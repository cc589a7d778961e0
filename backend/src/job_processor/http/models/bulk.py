"""Bulk actions."""

from typing import Annotated

from msgspec import Meta

from job_processor.core.bulk import BulkKind, BulkState
from job_processor.http.models.types import JobId, JsonObject, Time, WireOut


class BulkCount(WireOut):
    """How many jobs a bulk action would take. ``more``: there are more than ``count``, which is as far as is
    counted."""

    count: int
    more: bool


class BulkActionOut(WireOut):
    """One act on all jobs that match a query. ``query``: the filters it was started with.

    ``matched``: how many jobs matched when it started, and exactly how many it took once it is DONE; ``more``: there
    were more than were counted. ``done``: jobs that were acted on. ``skipped`` and ``failed``: numbers of jobs that
    were not, by a code that says why. ``waitsFor``: a code, while it makes no progress.
    """

    id: JobId
    action: BulkKind
    status: BulkState
    query: JsonObject
    flow: str | None
    reason: str | None
    limit: int | None
    created_at: Time
    updated_at: Time
    ended_at: Time | None
    matched: int
    more: bool
    done: int
    skipped: Annotated[dict[str, int], Meta(description="numbers of jobs, by code")]
    failed: Annotated[dict[str, int], Meta(description="numbers of jobs, by code")]
    waits_for: str | None
