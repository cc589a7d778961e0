"""The callback inbox: what reported to us and changed nothing, kept as it came.

A callback that was applied is the job itself (its result, its attempts, its history) and is not kept a second
time; the one exception is a report that names an execution only, whose repetitions must be known as such.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from job_processor.core.callbacks import Answer

KEPT_OF_A_JOB = 50
"""A sender that reports another result each time fills no disk."""
KEPT_WITHOUT_A_JOB = 1_000


class Said(StrEnum):
    """What a callback held."""

    RESULT = "result"
    ERROR = "error"
    UNREADABLE = "unreadable"
    """Nothing that could be read; the content says why."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One authenticated callback, and how often it came. Times in milliseconds since 1970.

    ``content``: the result byte for byte, or the error's words. Empty for a duplicate: the job has it.
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

    @property
    def mark(self) -> str:
        """The same for each delivery of the same thing: 64 hex digits."""
        # A duplicate's content is left out, and must not be taken for an empty one.
        is_duplicate = self.verdict is Answer.DUPLICATE
        parts = (
            *(self.job_id, self.attempt, self.execution_id, self.said.value, self.retryable),
            *(is_duplicate, self.content),
        )
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def limit(self) -> int:
        """How many of its kind are kept."""
        return KEPT_WITHOUT_A_JOB if self.job_id is None else KEPT_OF_A_JOB


SETTLED = frozenset({Answer.APPLIED, Answer.ACCEPTED})
"""Verdicts that a later delivery of the same callback does not change."""
