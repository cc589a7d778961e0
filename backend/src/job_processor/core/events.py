"""The entries of a job's history."""

from enum import StrEnum

import msgspec


class EventKind(StrEnum):
    """What a history entry records. All are state transitions, except ``FELL_BACK``, ``CALLBACK_UNREADABLE``,
    ``CANCEL_ANSWERED``, ``ASKED`` and ``LATE_RESULT``."""

    SUBMITTED = "submitted"
    FELL_BACK = "fell_back"
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


class Event(msgspec.Struct, frozen=True, gc=False):
    """One entry of a job's history. ``at``: milliseconds since 1970."""

    at: int
    what: EventKind
    attempt: int | None = None
    detail: str | None = None
