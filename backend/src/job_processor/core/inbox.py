"""The callback inbox: what reported to us and changed nothing, kept as it came.

A callback that was applied is the job itself (its result, its attempts, its history) and is not kept a second
time; the one exception is a report that names an execution only, whose repetitions must be known as such.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from job_processor.core.callbacks import Answer
from job_processor.core.job import Attempt

KEPT_OF_A_JOB = 50
"""A sender that reports another result each time fills no disk."""
KEPT_WITHOUT_A_JOB = 1_000
"""Of each verdict; beyond it the oldest goes, so that what comes now can still be matched."""
CLOCKS_DIFFER_MS = 5_000
"""By so much the times that two processes stamp may differ: each carries the store's time on by itself."""


KEPT_UNREAD_OF_A_JOB = 10
"""Entries of a job's history that tell of callbacks that could not be read; what comes beyond is only kept."""


class Said(StrEnum):
    """What a callback held."""

    RESULT = "result"
    ERROR = "error"
    UNREADABLE = "unreadable"
    """Nothing that could be read; the content says why, the body holds what came."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One authenticated callback, and how often it came. Times in milliseconds since 1970.

    ``content``: the result byte for byte, the error's words, or why it could not be read. Empty for a duplicate:
    the job has it. ``body``: of an unreadable one the bytes as they came, or their beginning if ``body_cut``; ``None``
    when none were read (and in lists, which bring the size alone). ``content_type``: the header that came with them.
    """

    id: str
    received_at: int
    last_at: int
    verdict: Answer
    said: Said
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
    """A flow of the processor that it comes from, when it named one: whose executions it speaks of."""

    @property
    def mark(self) -> str:
        """The same for each delivery of the same thing: 64 hex digits."""
        # What names its execution alone was kept before its job was known.
        job_id = None if self.verdict is Answer.APPLIED else self.job_id
        # A duplicate's content is left out, and must not be taken for an empty one.
        is_duplicate = self.verdict is Answer.DUPLICATE
        said = (self.said.value, is_duplicate, self.content)
        parts: tuple[object, ...] = (job_id, self.attempt, self.execution_id, self.retryable, *said)
        if self.body is not None:
            # Without a body as before there were any, so that what is kept since then is still known.
            parts = (*parts, hashlib.sha256(self.body).hexdigest())
        if self.flow is not None:
            parts = (*parts, self.flow)
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def takeable(self) -> str | None:
        """The text that a person may accept as the job's result; ``None``: it brought none.

        Of bytes that could not be read it is all of them, as UTF-8, with U+FFFD for what is none.
        """
        if self.verdict is Answer.DUPLICATE:
            return None
        if self.said is Said.RESULT:
            return self.content
        if self.said is Said.UNREADABLE and self.body and not self.body_cut:
            return self.body.decode("utf-8", "replace")
        return None

    @property
    def is_of_a_job(self) -> bool:
        """Is it about a job that we have, or had?"""
        return self.job_id is not None and self.verdict is not Answer.UNKNOWN

    def is_about(self, attempt: Attempt) -> bool:
        """Does it name the attempt's execution, and nothing else, and came since the attempt began?

        Numbers of executions start anew with a new n8n: what was said before we sent anything, or with another
        job's id, is not of ours. Two n8n count alike: whether it speaks of this one is the caller's to say.
        """
        if self.execution_id is None or self.execution_id != attempt.execution_id:
            return False
        if self.verdict is Answer.APPLIED:
            return self.last_at >= attempt.started_at
        return self.job_id is None and self.last_at >= attempt.started_at - CLOCKS_DIFFER_MS


SETTLED = frozenset({Answer.APPLIED, Answer.ACCEPTED})
"""Verdicts that a later delivery of the same callback does not change."""
