"""Kept callbacks."""

from job_processor.core.callbacks import Answer as Verdict
from job_processor.core.inbox import Said
from job_processor.http.models.types import JobId, Time, WireOut


class KeptCallback(WireOut):
    """A callback that changed nothing, as it came. ``content`` beyond 4 KiB is cut in lists.

    ``said``: result, error or unreadable. ``deliveries``: how often the same came. Of one that could not be read
    ``content`` says why, and ``body`` is what came, as text with U+FFFD for what is no UTF-8; lists leave it out and
    bring its size alone. ``bodyTruncated``: only its beginning is kept.
    """

    id: JobId
    received_at: Time
    last_received_at: Time
    deliveries: int
    verdict: Verdict
    said: Said
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
