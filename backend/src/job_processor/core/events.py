"""Past-tense facts. The same values feed a job's history, the log, the metrics and the live stream."""

from dataclasses import dataclass
from enum import StrEnum


class Happened(StrEnum):
    """What a history entry records. Each belongs to one move of the life cycle, but for three that change no state:
    ``CANCEL_ANSWERED``, ``ASKED`` and ``LATE_RESULT``."""

    SUBMITTED = "submitted"
    STARTED = "started"
    ACCEPTED = "accepted"
    SNOOZED = "snoozed"
    ATTEMPT_FAILED = "attempt_failed"
    LEASE_LOST = "lease_lost"
    CALLBACK_OVERDUE = "callback_overdue"
    CALLBACK_UNREADABLE = "callback_unreadable"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CANCEL_ANSWERED = "cancel_answered"
    ASKED = "asked"
    LATE_RESULT = "late_result"
    RETRIED = "retried"
    RESULT_ACCEPTED = "result_accepted"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a job's history. ``at`` is in milliseconds since 1970 (UTC)."""

    at: int
    what: Happened
    attempt: int | None = None
    detail: str | None = None
