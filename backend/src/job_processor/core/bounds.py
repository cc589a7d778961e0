"""How much of its past a job keeps: enough to see what was tried, and no more than one record can hold."""

from dataclasses import replace

from job_processor.core.events import Event, Happened
from job_processor.core.job import Attempt, AttemptEnd

HISTORY_LIMIT = 200
"""Entries a job keeps; beyond it repeated put-backs go, then the oldest after the first (``submitted``)."""
ATTEMPTS_LIMIT = 50
"""Attempts a job keeps in full; beyond it repeated put-backs go, then the oldest. Numbers are never reused."""

PARTIAL_LIMIT = 65_536
"""Characters that are kept of an answer that ended badly."""
PARTIALS_LIMIT = 4
"""Attempts of a job that keep theirs: the newest. With the longest result a job still fits in one record."""


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


def remember_answer(past: tuple[Event, ...], event: Event) -> tuple[Event, ...]:
    """The history with one more answer. Of the same answer given many times in a row, the first and the newest stay."""
    if len(past) >= 2 and all(_is_same(one, event) for one in past[-2:]):
        past = past[:-1]
    return remember(past, event)


def _is_same(one: Event, other: Event) -> bool:
    return (one.what, one.attempt, one.detail) == (other.what, other.attempt, other.detail)


def room_for_one(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """As in the history, the first of several put-backs stays, and the others go before anything else."""
    if len(attempts) < ATTEMPTS_LIMIT:
        return attempts
    for i in range(1, len(attempts)):
        if attempts[i - 1].end is attempts[i].end is AttemptEnd.SNOOZED:
            return (*attempts[:i], *attempts[i + 1 :])
    return attempts[-(ATTEMPTS_LIMIT - 1) :]


def bounded_partial(text: str | None) -> str | None:
    """What is kept of an answer that ended badly: its beginning, with a mark when there was more."""
    if text is None or len(text) <= PARTIAL_LIMIT:
        return text or None
    mark = f"\n… (cut here: {len(text)} characters came)"
    return text[: PARTIAL_LIMIT - len(mark)] + mark


def clipped_partials(attempts: tuple[Attempt, ...], characters: int) -> tuple[Attempt, ...]:
    """The attempts with at most so many characters of each answer that ended badly: for lists."""
    if all(attempt.partial is None or len(attempt.partial) <= characters for attempt in attempts):
        return attempts
    return tuple(a if a.partial is None else replace(a, partial=a.partial[:characters]) for a in attempts)


def newest_partials(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """The attempts, of which only the newest few still carry what came of their answers."""
    carrying = [attempt.number for attempt in attempts if attempt.partial is not None]
    dropped = set(carrying[:-PARTIALS_LIMIT])
    return tuple(replace(a, partial=None) if a.number in dropped else a for a in attempts) if dropped else attempts
