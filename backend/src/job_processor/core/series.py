"""What happened over time: each change of a job adds a tally; tallies are added up by flow and time.

Durations are kept as histograms, because percentiles cannot be added up and the buckets of a histogram can. The upper
bounds of the buckets grow by a fixed factor, so that a percentile is at most ``RELATIVE_ERROR`` off, at any length.
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
"""Different error codes of one row, so that it stays small; failures with further ones count as ``OTHER``."""
OTHER: Final = "other"
MINUTE, QUARTER, HOUR, DAY = 60_000, 900_000, 3_600_000, 86_400_000
KEEP_MS: Final = {MINUTE: 2 * DAY, QUARTER: 14 * DAY, HOUR: 90 * DAY, DAY: 730 * DAY}
"""How long the rows of each length are kept."""
_FACTOR = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LONGEST_MS = 10 * 365 * DAY
BOUNDS: Final = (0, *(_FACTOR**n for n in range(1 + math.ceil(math.log(_LONGEST_MS) / math.log(_FACTOR)))))
"""The upper bound of each bucket in milliseconds; the first is for 0 alone. A changed factor needs new names of the
stages, or old histograms would be read wrongly."""


_MIDDLES = (0, 1, *(round(2 * bound / (1 + _FACTOR)) for bound in BOUNDS[2:]))
"""The middle of each bucket: as far, in proportion, from its lower as from its upper bound."""


class Step(StrEnum):
    """The lengths of the buckets of an answer."""

    MINUTE = "1m"
    MINUTES_5 = "5m"
    MINUTES_15 = "15m"
    HOUR = "1h"
    HOURS_6 = "6h"
    DAY = "1d"

    @property
    def ms(self) -> int:
        """Its length in milliseconds."""
        return int(self[:-1]) * {"m": MINUTE, "h": HOUR, "d": DAY}[self[-1]]

    @property
    def span(self) -> int:
        """The rows that it is made of."""
        return max(span for span in KEEP_MS if self.ms % span == 0)


class Stage(StrEnum):
    """What a duration is of. SCHEDULED: of jobs with a later start; PROCESSING: of jobs whose processor called back.
    TOTAL: queued, handing over and processing."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    HANDING_OVER = "handingOver"
    PROCESSING = "processing"
    TOTAL = "total"


_SCHEDULED, _QUEUED, _HANDING_OVER, _PROCESSING, _TOTAL = (stage.value for stage in Stage)


@dataclass(slots=True)
class Tally:
    """Counts of what happened. ``failed``: by error code. ``retried``: FAILED and CANCELLED jobs that a person put
    back; ``attempts_retried``: attempts that failed and were followed by another. ``oldest_ms``: for how long the
    oldest due job had waited, at most; ``None``: nobody looked. ``durations``: jobs by stage and bucket. ``cost``: in
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
    """What one change of a job adds. ``what``: the count that it adds one to; empty: none. ``code``: of a failure.
    ``durations``: by stage and bucket. ``cost``: in micros. ``verdict``: the kind of the verdict on the result; empty:
    the job did not end, or has none. ``used_by``: the flow whose processor used the tokens, if the attempt fell back;
    ``None``: the job's. Small and quickly made, because every end makes one."""

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
    # The durations of a job that had ended were counted then.
    durations = () if had_ended else _durations(after)
    verdict = "" if after.verdict is None else after.verdict.kind.value
    what, code = after.state.value.lower(), ""
    if after.state is State.FAILED:
        code = OTHER if after.error is None else after.error.code
    return Counted(what, code, prompt, completion, durations, cost, verdict, used_by)


def _used(before: Job, after: Job) -> tuple[int, int, int, str | None]:
    """An attempt's tokens (prompt, completion), cost and flow, when they become known: one attempt's by one change."""
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
    """The bucket of a duration."""
    return _SHORT[ms] if 0 <= ms < 4_096 else _bucket(ms)


def percentiles(buckets: Mapping[int, int], shares: Sequence[float]) -> list[int]:
    """The durations in milliseconds that these shares of the jobs did not exceed, the smallest share first. There must
    be a job."""
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
    """The start of the span that a time is in (UTC)."""
    return at - at % span
