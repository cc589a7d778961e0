"""Size limits of a job's history, attempts and partial answers, so that a job always fits into one record."""

from msgspec import structs

from job_processor.core.events import Event, EventKind
from job_processor.core.job import Attempt, AttemptEnd

HISTORY_LIMIT = 200
"""Maximum history entries per job. Repeated snoozes are dropped first, then the oldest after ``submitted``."""
ATTEMPTS_LIMIT = 50
"""Maximum attempts kept per job. Repeated snoozes are dropped first, then the oldest. Numbers are never reused."""

PARTIAL_LIMIT = 65_536
"""Maximum characters kept of a partial answer (the text received before an answer failed)."""
PARTIALS_LIMIT = 4
"""Maximum attempts per job that keep their partial answer, the newest; with the longest result they fit into one
record."""
BULK_ACTIONS_LIMIT = 8
"""Maximum ids of bulk actions kept per job, the newest. A bulk action that is resumed after a crash looks for its own
id only in the jobs of its current group, so a few suffice."""


def append_bulk_action(past: tuple[str, ...], action_id: str) -> tuple[str, ...]:
    """``past`` with the id of a bulk action that acted on the job, trimmed to ``BULK_ACTIONS_LIMIT``."""
    return (*past, action_id)[-BULK_ACTIONS_LIMIT:]


def append_event(past: tuple[Event, ...], event: Event) -> tuple[Event, ...]:
    """The history with ``event`` appended, trimmed to ``HISTORY_LIMIT``."""
    history = (*past, event)
    if len(history) <= HISTORY_LIMIT:
        return history
    for i in range(2, len(history) - 1):
        started = history[i]
        if started.what is EventKind.STARTED and history[i - 1].what is history[i + 1].what is EventKind.SNOOZED:
            # A long outage snoozes a job hundreds of times; these entries must not displace real attempts.
            return (*history[:i], *history[i + 2 :])
    return (history[0], *history[-(HISTORY_LIMIT - 1) :])


def append_answer(past: tuple[Event, ...], event: Event) -> tuple[Event, ...]:
    """As ``append_event``, but keeps only the first and the newest of a run of identical entries."""
    if len(past) >= 2 and all(_is_same(one, event) for one in past[-2:]):
        past = past[:-1]
    return append_event(past, event)


def _is_same(one: Event, other: Event) -> bool:
    return (one.what, one.attempt, one.detail) == (other.what, other.attempt, other.detail)


def trim_attempts(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """The attempts, one less if ``ATTEMPTS_LIMIT`` is reached: without a repeated snooze, else without the oldest."""
    if len(attempts) < ATTEMPTS_LIMIT:
        return attempts
    for i in range(1, len(attempts)):
        if attempts[i - 1].end is attempts[i].end is AttemptEnd.SNOOZED:
            return (*attempts[:i], *attempts[i + 1 :])
    return attempts[-(ATTEMPTS_LIMIT - 1) :]


def cut_partial(text: str | None) -> str | None:
    """The partial answer truncated to ``PARTIAL_LIMIT`` characters, with a mark at its end; ``None`` if it is empty."""
    if text is None or len(text) <= PARTIAL_LIMIT:
        return text or None
    mark = f"\n… (cut here: {len(text)} characters came)"
    return text[: PARTIAL_LIMIT - len(mark)] + mark


def shorten_partials(attempts: tuple[Attempt, ...], characters: int) -> tuple[Attempt, ...]:
    """The attempts with each partial answer truncated to ``characters``, for lists of jobs."""
    if all(attempt.partial is None or len(attempt.partial) <= characters for attempt in attempts):
        return attempts
    return tuple(a if a.partial is None else structs.replace(a, partial=a.partial[:characters]) for a in attempts)


def keep_newest_partials(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """The attempts, of which only the newest ``PARTIALS_LIMIT`` with a partial answer keep it."""
    with_partial = [attempt.number for attempt in attempts if attempt.partial is not None]
    dropped = set(with_partial[:-PARTIALS_LIMIT])
    return (
        tuple(structs.replace(a, partial=None) if a.number in dropped else a for a in attempts) if dropped else attempts
    )
