"""A tally of the series as a stored value. Shared by the drivers."""

import msgspec

from job_processor.core.series import Tally


class Stored(msgspec.Struct, array_like=True, frozen=True):
    """The fields of a tally. A new one gets a default, at the end."""

    completed: int
    failed: dict[str, int]
    cancelled: int
    retried: int
    attempts_retried: int
    prompt_tokens: int
    completion_tokens: int
    oldest_ms: int | None
    durations: dict[str, dict[int, int]]
    cost: int = 0
    verdicts: dict[str, int] = {}


def stored(tally: Tally) -> Stored:
    return Stored(
        tally.completed,
        tally.failed,
        tally.cancelled,
        tally.retried,
        tally.attempts_retried,
        tally.prompt_tokens,
        tally.completion_tokens,
        tally.oldest_ms,
        tally.durations,
        tally.cost,
        tally.verdicts,
    )


def tally_of(found: Stored) -> Tally:
    return Tally(*msgspec.structs.astuple(found))
