"""The series (time series of what happened): each change of a job adds a tally, and tallies are summed by flow and
time.

Durations are stored as histograms, because buckets can be summed and percentiles cannot. The upper bounds of the
buckets grow by a fixed factor, so that the relative error of a percentile is at most ``RELATIVE_ERROR``.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from job_processor.core.cost import newly_used
from job_processor.core.job import Job, State

RELATIVE_ERROR: Final = 0.05
MAX_CODES: Final = 50
"""Maximum number of different error codes per row, to limit its size; others count as ``OTHER``."""
OTHER: Final = "other"
MINUTE, QUARTER, HOUR, DAY = 60_000, 900_000, 3_600_000, 86_400_000
KEEP_MS: Final = {MINUTE: 2 * DAY, QUARTER: 14 * DAY, HOUR: 90 * DAY, DAY: 730 * DAY}
"""Retention of rows (ms), by the length of their span (ms)."""
_FACTOR = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LONGEST_MS = 10 * 365 * DAY
BOUNDS: Final = (0, *(_FACTOR**n for n in range(1 + math.ceil(math.log(_LONGEST_MS) / math.log(_FACTOR)))))
"""The inclusive upper bound of each bucket in milliseconds; the first bucket contains only 0. Stored histograms depend
on the factor: to change it, give the stages new names."""


_MIDDLES = (0, 1, *(round(2 * bound / (1 + _FACTOR)) for bound in BOUNDS[2:]))
"""The value in milliseconds that stands for each bucket, with the same relative error to both bounds."""


class Step(StrEnum):
    """The possible lengths of a bucket in an answer."""

    MINUTE = "1m"
    MINUTES_5 = "5m"
    MINUTES_15 = "15m"
    HOUR = "1h"
    HOURS_6 = "6h"
    DAY = "1d"

    @property
    def ms(self) -> int:
        """The length in milliseconds."""
        return int(self[:-1]) * {"m": MINUTE, "h": HOUR, "d": DAY}[self[-1]]

    @property
    def span(self) -> int:
        """The span (ms) of the stored rows from which a bucket is summed: the longest one that divides it."""
        return max(span for span in KEEP_MS if self.ms % span == 0)


class Stage(StrEnum):
    """The stage that a duration measures. SCHEDULED: only for jobs with a later start; PROCESSING: only for jobs whose
    processor called back. TOTAL: the sum of queued, handing over and processing."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    HANDING_OVER = "handingOver"
    PROCESSING = "processing"
    TOTAL = "total"


_SCHEDULED, _QUEUED, _HANDING_OVER, _PROCESSING, _TOTAL = (stage.value for stage in Stage)


@dataclass(slots=True)
class Tally:
    """Counts of what happened. ``failed``: jobs by error code. ``retried``: FAILED and CANCELLED jobs that were put
    back by a retry; ``attempts_retried``: failed attempts that were followed by another one. ``oldest_ms``: the maximum
    waiting time of the oldest due job; ``None``: not measured. ``durations``: jobs by stage and bucket. ``cost``: in
    micros (``core.cost``). ``verdicts``: jobs that ended with a result, by the kind of its verdict."""

    completed: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    cancelled: int = 0
    retried: int = 0
    attempts_retried: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    oldest_ms: int | None = None
    durations: dict[str, dict[int, int]] = field(default_factory=dict)
    cost: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)

    def count(self, counted: "Counted") -> None:
        """Add what one change of a job adds."""
        match counted.what:
            case "completed":
                self.completed += 1
            case "failed":
                self._add_failed(counted.code, 1)
            case "cancelled":
                self.cancelled += 1
            case "retried":
                self.retried += 1
            case "attempts_retried":
                self.attempts_retried += 1
        self.prompt_tokens += counted.prompt_tokens
        self.completion_tokens += counted.completion_tokens
        self.cost += counted.cost
        if counted.verdict:
            self.verdicts[counted.verdict] = self.verdicts.get(counted.verdict, 0) + 1
        for stage, number in counted.durations:
            mine = self.durations.setdefault(stage, {})
            mine[number] = mine.get(number, 0) + 1

    def _add_failed(self, code: str, number: int) -> None:
        known = code if code in self.failed or len(self.failed) < MAX_CODES else OTHER
        self.failed[known] = self.failed.get(known, 0) + number

    def add(self, other: "Tally") -> None:
        """Add another tally; of ``oldest_ms`` the maximum is kept."""
        self.completed += other.completed
        self.cancelled += other.cancelled
        self.retried += other.retried
        self.attempts_retried += other.attempts_retried
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.cost += other.cost
        if other.oldest_ms is not None:
            self.oldest_ms = max(self.oldest_ms or 0, other.oldest_ms)
        for code, number in other.failed.items():
            self._add_failed(code, number)
        for verdict, number in other.verdicts.items():
            self.verdicts[verdict] = self.verdicts.get(verdict, 0) + number
        for stage, buckets in other.durations.items():
            mine = self.durations.get(stage)
            if mine is None:
                self.durations[stage] = dict(buckets)
                continue
            get = mine.get
            for of_bucket, number in buckets.items():
                mine[of_bucket] = get(of_bucket, 0) + number


class Counted(msgspec.Struct, frozen=True, gc=False):
    """What one change of a job adds to the series. ``what``: the name of the count to increment; empty: none. ``code``:
    the error code of a failure. ``durations``: pairs of stage and bucket. ``cost``: in micros. ``verdict``: the kind of
    the verdict on the result; empty: the job did not end, or has none. ``used_by``: the fallback flow whose processor
    used the tokens; ``None``: the job's flow."""

    what: str
    code: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    durations: tuple[tuple[str, int], ...] = ()
    cost: int = 0
    verdict: str = ""
    used_by: str | None = None


def count(before: Job, after: Job) -> Counted | None:
    """What a change adds to the series; ``None``: nothing."""
    ended, had_ended = after.finished_at is not None, before.finished_at is not None
    if not ended:
        if had_ended:
            return Counted("retried")
        if after.attempts is before.attempts:
            return None
    prompt, completion, cost, used_by = _used(before, after)
    if not ended:
        what = "attempts_retried" if after.failures > before.failures else ""
        return Counted(what, "", prompt, completion, (), cost, "", used_by) if what or prompt or completion else None
    if had_ended and after.state is before.state:
        return None
    # The durations of a job that had ended before were counted at that end.
    durations = () if had_ended else _durations(after)
    verdict = "" if after.verdict is None else after.verdict.kind.value
    what, code = after.state.value.lower(), ""
    if after.state is State.FAILED:
        code = OTHER if after.error is None else after.error.code
    return Counted(what, code, prompt, completion, durations, cost, verdict, used_by)


def _used(before: Job, after: Job) -> tuple[int, int, int, str | None]:
    """Prompt tokens, completion tokens, cost and flow of the attempt whose usage this change has added, if any."""
    prompt = completion = cost = 0
    flow = None
    for attempt in newly_used(before, after):
        flow = attempt.flow
        assert attempt.usage is not None
        prompt += attempt.usage.prompt_tokens or 0
        completion += attempt.usage.completion_tokens or 0
        cost += attempt.cost_micros or 0
    return prompt, completion, cost, flow


def _durations(job: Job) -> tuple[tuple[str, int], ...]:
    spent = job.spent
    found = [(_QUEUED, bucket(spent.queued)), (_TOTAL, bucket(spent.working))]
    if job.attempt:
        found.append((_HANDING_OVER, bucket(spent.handing_over)))
    if spent.processing:
        found.append((_PROCESSING, bucket(spent.processing)))
    if spent.scheduled:
        found.append((_SCHEDULED, bucket(spent.scheduled)))
    return tuple(found)


def _bucket(ms: int) -> int:
    return min(bisect_left(BOUNDS, ms), len(BOUNDS) - 1)


_SHORT = tuple(map(_bucket, range(4_096)))


def bucket(ms: int) -> int:
    """The index of the bucket of a duration in milliseconds."""
    return _SHORT[ms] if 0 <= ms < 4_096 else _bucket(ms)


def percentiles(buckets: Mapping[int, int], shares: Sequence[float]) -> list[int]:
    """The percentiles of a histogram in milliseconds, for each of ``shares`` (such as 0.95), in ascending order.

    The histogram must not be empty.
    """
    jobs = sum(buckets.values())
    left = [math.ceil(share * jobs) for share in reversed(shares)]
    found: list[int] = []
    seen, next_one = 0, left.pop()
    for number in sorted(buckets):
        seen += buckets[number]
        while seen >= next_one:
            found.append(_MIDDLES[number])
            if not left:
                return found
            next_one = left.pop()
    return found


def start_of(span: int, at: int) -> int:
    """The start (ms since 1970) of the span of ``span`` milliseconds that contains ``at`` (UTC)."""
    return at - at % span
