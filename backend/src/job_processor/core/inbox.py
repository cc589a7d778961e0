"""The callback inbox: authenticated callbacks that changed no job, kept as received.

Applied callbacks are not kept, because the job has their content. The exception is a report that names only an
execution id: it is kept, so that a second delivery is recognised as a duplicate.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.job import Attempt

MAX_KEPT_PER_JOB = 50
"""Maximum number of kept callbacks per job, so that a sender of ever new results cannot fill the disk."""
MAX_KEPT_WITHOUT_JOB = 1_000
"""Maximum number of kept callbacks without a job, per verdict; beyond it the oldest is dropped."""
CLOCK_SKEW_MS = 5_000
"""Allowed clock skew between processes, because each extrapolates the store's time on its own."""


MAX_UNREADABLE_EVENTS = 10
"""Maximum number of history entries per job about unreadable callbacks; further ones are only in the inbox."""


class CallbackContent(StrEnum):
    """The content of a callback."""

    RESULT = "result"
    ERROR = "error"
    UNREADABLE = "unreadable"
    """The callback could not be read: ``content`` is the reason, ``body`` the bytes."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One authenticated callback and the number of its deliveries. Times in milliseconds since 1970.

    ``content``: the result byte for byte, the error message, or the reason why the callback could not be read; empty
    for a duplicate, because the job has it. ``body``: the bytes of an unreadable callback, truncated if ``body_cut``;
    ``None``: none were read, or in a list. ``content_type``: the ``Content-Type`` header of an unreadable callback.
    """

    id: str
    received_at: int
    last_at: int
    verdict: CallbackVerdict
    said: CallbackContent
    content: str
    job_id: str | None = None
    attempt: int | None = None
    execution_id: str | None = None
    retryable: bool = True
    deliveries: int = 1
    body: bytes | None = None
    body_cut: bool = False
    content_type: str | None = None
    flow: str | None = None
    """The flow that the sender named, if any; the execution id belongs to this flow's processor."""
    job_flow: str | None = None
    """The flow of the callback's job, for access control. ``None``: no job, or stored by an older version."""

    @property
    def mark(self) -> str:
        """The deduplication key: 64 hex digits (SHA-256), equal for all deliveries of the same callback."""
        # A report with only an execution id is stored before its job is known, so the job id cannot be in its key.
        job_id = None if self.verdict is CallbackVerdict.APPLIED else self.job_id
        # A duplicate has no content; the flag distinguishes it from a callback with empty content.
        is_duplicate = self.verdict is CallbackVerdict.DUPLICATE
        said = (self.said.value, is_duplicate, self.content)
        parts: tuple[object, ...] = (job_id, self.attempt, self.execution_id, self.retryable, *said)
        if self.body is not None:
            # `body` and `flow` are added only if present, so that keys stored by versions without them stay valid.
            parts = (*parts, hashlib.sha256(self.body).hexdigest())
        if self.flow is not None:
            parts = (*parts, self.flow)
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def acceptable_result(self) -> str | None:
        """The text that a person may accept as the job's result; ``None`` if there is none.

        For an unreadable callback, this is the whole body decoded as UTF-8, with U+FFFD for invalid bytes.
        """
        if self.verdict is CallbackVerdict.DUPLICATE:
            return None
        if self.said is CallbackContent.RESULT:
            return self.content
        if self.said is CallbackContent.UNREADABLE and self.body and not self.body_cut:
            return self.body.decode("utf-8", "replace")
        return None

    @property
    def is_about_a_job(self) -> bool:
        """True if the callback names a job that exists or existed."""
        return self.job_id is not None and self.verdict is not CallbackVerdict.UNKNOWN

    def is_about(self, attempt: Attempt) -> bool:
        """True if the callback names only the attempt's execution id and was received after the attempt began.

        Execution ids can repeat, because each n8n instance numbers its executions from 1. So a report that is older
        than the attempt, or names another job, is about another execution. The caller must check that the report comes
        from the same n8n instance.
        """
        if self.execution_id is None or self.execution_id != attempt.execution_id:
            return False
        if self.verdict is CallbackVerdict.APPLIED:
            return self.last_at >= attempt.started_at
        return self.job_id is None and self.last_at >= attempt.started_at - CLOCK_SKEW_MS


FINAL_VERDICTS = frozenset({CallbackVerdict.APPLIED, CallbackVerdict.ACCEPTED, CallbackVerdict.REJECTED})
"""Final verdicts: a later delivery of the same callback does not change them."""
REJECTABLE_VERDICTS = frozenset(
    {CallbackVerdict.LATE, CallbackVerdict.UNREADABLE, CallbackVerdict.DIFFERENT, CallbackVerdict.STALE}
)
"""Verdicts of callbacks that a person may reject. A duplicate adds nothing; an unknown one may still match a job."""
MAX_COUNTED = 1_000
"""Maximum number of callbacks that are counted per verdict, newest first."""
