"""How much of its past a job keeps: enough to see what was tried, and no more than one record can hold."""

from job_processor.core.events import Event, Happened
from job_processor.core.job import Attempt, AttemptEnd

HISTORY_LIMIT = 200
"""Entries a job keeps; beyond it repeated put-backs go, then the oldest after the first (``submitted``)."""
ATTEMPTS_LIMIT = 50
"""Attempts a job keeps in full; beyond it repeated put-backs go, then the oldest. Numbers are never reused."""


def remember(past: tuple[Event, ...], event: Event) -> tuple[Event, ...]:
    """The history with one more entry, within its limit."""
    history = (*past, event)
    if len(history) <= HISTORY_LIMIT:
        return history
    for i in range(2, len(history) - 1):
        started = history[i]
        if started.what is Happened.STARTED and history[i - 1].what is history[i + 1].what is Happened.SNOOZED:
            # An outage of hours puts a job back hundreds of times: that must not push out what was tried before.
            return (*history[:i], *history[i + 2 :])
    return (history[0], *history[-(HISTORY_LIMIT - 1) :])


def room_for_one(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """As in the history, the first of several put-backs stays, and the others go before anything else."""
    if len(attempts) < ATTEMPTS_LIMIT:
        return attempts
    for i in range(1, len(attempts)):
        if attempts[i - 1].end is attempts[i].end is AttemptEnd.SNOOZED:
            return (*attempts[:i], *attempts[i + 1 :])
    return attempts[-(ATTEMPTS_LIMIT - 1) :]
