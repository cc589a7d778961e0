"""What happened over time: each change of a job adds a tally; tallies are added up by flow and minute, hour and day.

Durations are kept as histograms, because percentiles cannot be added up and the buckets of a histogram can. The upper
bounds of the buckets grow by a fixed factor, so that a percentile is at most ``RELATIVE_ERROR`` off, at any length.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from job_processor.core.job import IN_FLIGHT, Job, Spent, State

RELATIVE_ERROR: Final = 0.05
MAX_CODES: Final = 50
"""Different error codes of one row, so that it stays small; failures with further ones count as ``OTHER``."""
OTHER: Final = "other"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
KEEP_MS: Final = {MINUTE: 2 * DAY, HOUR: 90 * DAY, DAY: 730 * DAY}
"""How long the rows of each length are kept."""
_FACTOR = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LONGEST_MS = 10 * 365 * DAY
BOUNDS: Final = (0, *(_FACTOR**n for n in range(1 + math.ceil(math.log(_LONGEST_MS) / math.log(_FACTOR)))))
"""The upper bound of each bucket in milliseconds; the first is for 0 alone. A changed factor needs new names of the
stages, or old histograms would be read wrongly."""


class Stage(StrEnum):
    """What a duration is of. SCHEDULED: of jobs with a later start; PROCESSING: of jobs whose processor called back.
    TOTAL: queued, handing over and processing."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    HANDING_OVER = "handingOver"
    PROCESSING = "processing"
    TOTAL = "total"


@dataclass(slots=True)
class Tally:
    """Counts of what happened. ``failed``: by error code. ``retried``: FAILED and CANCELLED jobs that a person put
    back; ``attempts_retried``: attempts that failed and were followed by another. ``oldest_ms``: for how long the
    oldest due job had waited, at most; ``None``: nobody looked. ``durations``: jobs by stage and bucket."""

    completed: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    cancelled: int = 0
    retried: int = 0
    attempts_retried: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    oldest_ms: int | None = None
    durations: dict[str, dict[int, int]] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        self.completed += other.completed
        self.cancelled += other.cancelled
        self.retried += other.retried
        self.attempts_retried += other.attempts_retried
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        if other.oldest_ms is not None:
            self.oldest_ms = max(self.oldest_ms or 0, other.oldest_ms)
        for code, count in other.failed.items():
            known = code in self.failed or len(self.failed) < MAX_CODES
            self.failed[code if known else OTHER] = self.failed.get(code if known else OTHER, 0) + count
        for stage, buckets in other.durations.items():
            mine = self.durations.setdefault(stage, {})
            for bucket, count in buckets.items():
                mine[bucket] = mine.get(bucket, 0) + count


def tally(before: Job, after: Job) -> Tally | None:
    """What a change adds to the series; ``None``: nothing."""
    found = Tally()
    used = _count_tokens(found, before, after)
    if after.is_final and (not before.is_final or after.state is not before.state):
        match after.state:
            case State.COMPLETED:
                found.completed = 1
            case State.CANCELLED:
                found.cancelled = 1
            case _:
                found.failed = {OTHER if after.error is None else after.error.code: 1}
        if not before.is_final:
            found.durations = _durations(after.spent, handed_over=after.attempt > 0)
    elif before.is_final and not after.is_final:
        found.retried = 1
    elif before.state in IN_FLIGHT and after.failures > before.failures:
        found.attempts_retried = 1
    elif not used:
        return None
    return found


def _count_tokens(found: Tally, before: Job, after: Job) -> bool:
    """Each attempt's tokens, when they become known."""
    if after.attempts is before.attempts or all(one.usage is None for one in after.attempts):
        return False
    counted = {one.number for one in before.attempts if one.usage is not None}
    usages = [one.usage for one in after.attempts if one.usage is not None and one.number not in counted]
    found.prompt_tokens = sum(usage.prompt_tokens or 0 for usage in usages)
    found.completion_tokens = sum(usage.completion_tokens or 0 for usage in usages)
    return bool(found.prompt_tokens or found.completion_tokens)


def _durations(spent: Spent, *, handed_over: bool) -> dict[str, dict[int, int]]:
    found = {Stage.QUEUED.value: {bucket(spent.queued): 1}, Stage.TOTAL.value: {bucket(spent.working): 1}}
    if spent.scheduled:
        found[Stage.SCHEDULED.value] = {bucket(spent.scheduled): 1}
    if handed_over:
        found[Stage.HANDING_OVER.value] = {bucket(spent.handing_over): 1}
    if spent.processing:
        found[Stage.PROCESSING.value] = {bucket(spent.processing): 1}
    return found


def bucket(ms: int) -> int:
    """The bucket of a duration."""
    return min(bisect_left(BOUNDS, ms), len(BOUNDS) - 1)


def percentile(buckets: Mapping[int, int], share: float) -> int | None:
    """The duration in milliseconds that this share of the jobs did not exceed; ``None``: there is no job."""
    rank = math.ceil(share * sum(buckets.values()))
    for number in sorted(buckets):
        rank -= buckets[number]
        if rank <= 0:
            # The middle of the bucket: as far, in proportion, from its lower as from its upper bound.
            return round(2 * BOUNDS[number] / (1 + _FACTOR)) if number > 1 else int(BOUNDS[number])
    return None


@dataclass(frozen=True, slots=True)
class Row:
    """What happened to the jobs of a flow in ``span`` milliseconds from ``at`` on."""

    span: int
    at: int
    flow: str
    tally: Tally

    @property
    def id(self) -> str:
        return row_id(self.span, self.at, self.flow)


_LETTERS = {MINUTE: "m", HOUR: "h", DAY: "d"}
_SPANS = {letter: span for span, letter in _LETTERS.items()}


def row_id(span: int, at: int, flow: str) -> str:
    """A name of a row; those of one span sort by time."""
    return f"{_LETTERS[span]}-{at:015d}-{flow}"


def row_of_id(found: str) -> tuple[int, int, str]:
    """(span, at, flow) of a ``row_id``."""
    letter, at, flow = found.split("-", 2)
    return _SPANS[letter], int(at), flow


def start_of(span: int, at: int) -> int:
    """The start of the span that a time is in (UTC)."""
    return at - at % span


@dataclass(slots=True)
class Collected:
    """Rows added up: by bucket of ``step`` milliseconds, and by flow."""

    step: int
    buckets: dict[int, Tally] = field(default_factory=dict)
    flows: dict[str, Tally] = field(default_factory=dict)

    def add(self, at: int, flow: str, found: Tally) -> None:
        self.buckets.setdefault(start_of(self.step, at), Tally()).add(found)
        self.flows.setdefault(flow, Tally()).add(found)


def spread(added: Iterable[tuple[int, str, Tally]]) -> dict[tuple[int, int, str], Tally]:
    """Tallies of moments, added up for each row that they belong to: (span, at, flow)."""
    rows: dict[tuple[int, int, str], Tally] = {}
    for at, flow, found in added:
        for span in KEEP_MS:
            rows.setdefault((span, start_of(span, at), flow), Tally()).add(found)
    return rows
