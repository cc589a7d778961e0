"""The expected start of a waiting job, from its place in the queue and the recent throughput of its flow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from job_processor.core.series import MINUTE, Tally
from job_processor.core.waiting import WaitingFor

THROUGHPUT_WINDOW_MS: Final = 10 * MINUTE
"""The window over which the throughput of a flow is measured."""
MAX_AHEAD: Final = 1_000
"""Maximum number of jobs ahead that are counted."""
_HOUR, _DAY = 60 * MINUTE, 24 * 60 * MINUTE
_SHORTEST_MS = 10_000
_FLOWING = frozenset({"worker", "concurrency", "rate", "shared_concurrency", "shared_rate", "shared_tokens"})
"""Kinds of ``waitingOn`` during which the flow still starts jobs, so that throughput gives an estimate."""

_CLOSED = "When it starts is not known: its lane is closed."
_WHEN = {
    "paused": "It starts when its flow is resumed.",
    "key_concurrency": "It starts when its key may have another job.",
    "key_rate": "It starts when its key may have another job.",
    "no_flow": "It starts when its flow is defined again.",
}


@dataclass(frozen=True, slots=True)
class ExpectedStart:
    """``at``: the expected start, in milliseconds since 1970; the earliest one if more jobs are ahead than are counted;
    ``None``: unknown. ``detail``: the same for people, with the reason."""

    at: int | None
    detail: str


def ends_per_minute(lately: Mapping[int, Tally], now: int) -> float | None:
    """The throughput of a flow: attempts that ended per minute, since the first minute with any; ``None``: none ended.

    ``lately``: the tallies of the last ``THROUGHPUT_WINDOW_MS``, by start of their minute (ms since 1970).
    """
    ends = {at: one.completed + sum(one.failed.values()) + one.attempts_retried for at, one in lately.items()}
    since = min((at for at, n in ends.items() if n), default=None)
    return None if since is None else sum(ends.values()) * MINUTE / max(now - since, _SHORTEST_MS)


def expected_start(
    ahead: int, more: bool, per_minute: float | None, waits: WaitingFor | None, now: int
) -> ExpectedStart:
    """The expected start of a job. ``ahead``: maximum number of jobs ahead; ``more``: there are even more.

    ``per_minute``: as ``ends_per_minute``; ``waits``: what the job waits for, if known; ``now``: ms since 1970.
    """
    place = _place(ahead, more)
    if waits is not None and waits.kind not in _FLOWING:
        return ExpectedStart(None, f"{place} {_WHEN.get(waits.kind, _CLOSED)}")
    free = waits is not None and waits.kind == "worker"
    if not ahead and not more and free:
        return ExpectedStart(now, f"{place} A worker takes it now.")
    if not per_minute:
        return ExpectedStart(
            None, f"{place} When it starts is not known: its flow ended no job in the last 10 minutes."
        )
    # Without a free place, one more job must end first.
    left = round((ahead + (0 if free else 1)) * MINUTE / per_minute)
    than = "more than" if more else "about"
    return ExpectedStart(now + left, f"{place} It should start in {than} {_words(left)}.")


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
