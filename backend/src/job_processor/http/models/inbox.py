"""Callbacks in the inbox."""

from job_processor.core.callbacks import CallbackVerdict as Verdict
from job_processor.core.inbox import CallbackContent
from job_processor.http.models.types import JobId, Time, WireOut


class CallbackCounts(WireOut):
    """How many kept callbacks have each verdict. Of each the newest ``countedTo`` are looked at, so that this number
    means that many or more."""

    by_verdict: dict[str, int]
    counted_to: int


class KeptCallback(WireOut):
    """A callback that changed no job, as received. ``content`` is cut to 4 KiB in lists.

    ``said``: result, error or unreadable. ``deliveries``: how often the same callback was received. Of an unreadable
    callback ``content`` is the reason, and ``body`` the body as text, with U+FFFD for invalid UTF-8; in lists ``body``
    is null and only ``bodyBytes`` is given. ``bodyTruncated``: only the beginning of the body was kept.
    """

    id: JobId
    received_at: Time
    last_received_at: Time
    deliveries: int
    verdict: Verdict
    said: CallbackContent
    job_id: JobId | None
    attempt: int | None
    execution_id: str | None
    flow: str | None
    content: str
    content_truncated: bool
    content_bytes: int
    content_type: str | None
    body: str | None
    body_bytes: int | None
    body_truncated: bool
