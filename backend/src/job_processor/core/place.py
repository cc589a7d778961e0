"""When a waiting job is expected to start: from its place in the queue, and how many jobs its flow ended lately."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from job_processor.core.series import MINUTE, Tally
from job_processor.core.waiting import WaitingFor

LATELY_MS: Final = 10 * MINUTE
"""The time by which it is judged how many jobs a flow ends."""
MOST_AHEAD: Final = 1_000
"""Jobs ahead that are counted; with more, it is said that there are more."""
_HOUR, _DAY = 60 * MINUTE, 24 * 60 * MINUTE
_SHORTEST_MS = 10_000
_FLOWING = frozenset({"worker", "concurrency", "rate", "shared_concurrency", "shared_rate", "shared_tokens"})
"""What a job waits for while its flow goes on starting others."""

_CLOSED = "When it starts is not known: its lane is closed."
_WHEN = {
    "paused": "It starts when its flow is resumed.",
    "key_concurrency": "It starts when its key may have another job.",
    "key_rate": "It starts when its key may have another job.",
    "no_flow": "It starts when its flow is defined again.",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """``at``: when the job is expected to start, in milliseconds since 1970; with more jobs ahead than are counted: not
    before then. ``None``: not known. ``detail`` says it, and why, for people."""

    at: int | None
    detail: str


def ends_per_minute(lately: Mapping[int, Tally], now: int) -> float | None:
    """How many attempts a flow ended in a minute, since the first one that ended lately; ``None``: none did.

    ``lately``: what happened in each minute of ``LATELY_MS``, by its start.
    """
    ends = {at: one.completed + sum(one.failed.values()) + one.attempts_retried for at, one in lately.items()}
    since = min((at for at, n in ends.items() if n), default=None)
    return None if since is None else sum(ends.values()) * MINUTE / max(now - since, _SHORTEST_MS)


def expected_start(ahead: int, more: bool, per_minute: float | None, waits: WaitingFor | None, now: int) -> Expected:
    """``ahead``: jobs that go first, at most; ``more``: these and others. ``waits``: what the job waits for, if that is
    known."""
    place = _place(ahead, more)
    if waits is not None and waits.kind not in _FLOWING:
        return Expected(None, f"{place} {_WHEN.get(waits.kind, _CLOSED)}")
    free = waits is not None and waits.kind == "worker"
    if not ahead and not more and free:
        return Expected(now, f"{place} A worker takes it now.")
    if not per_minute:
        return Expected(None, f"{place} When it starts is not known: its flow ended no job in the last 10 minutes.")
    # One more must end where no place is free.
    left = round((ahead + (0 if free else 1)) * MINUTE / per_minute)
    than = "more than" if more else "about"
    return Expected(now + left, f"{place} It should start in {than} {_words(left)}.")


def _place(ahead: int, more: bool) -> str:
    if more:
        return f"More than {ahead:,} jobs are ahead."
    if not ahead:
        return "It is next."
    return "At most 1 job is ahead." if ahead == 1 else f"At most {ahead:,} jobs are ahead."


def _words(ms: int) -> str:
    if ms < MINUTE:
        return f"{max(1, round(ms / 1000))} s"
    if ms < 2 * _HOUR:
        return f"{round(ms / MINUTE)} min"
    return f"{round(ms / _HOUR)} h" if ms < 2 * _DAY else f"{round(ms / _DAY)} days"
