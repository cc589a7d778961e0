"""The rows of the series by flow and time, and sums of them.

The usage of each key is in separate rows, named by flow and key (``key_row``). Because there may be many keys, these
rows exist only for days.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from msgspec import structs

from job_processor.core.job import Job
from job_processor.core.series import DAY, HOUR, KEEP_MS, MINUTE, QUARTER, Counted, Tally, start_of

KEEP_KEYS_MS: Final = 90 * DAY
"""Retention of the rows of keys (ms)."""


def rows_of(job: Job, counted: Counted) -> Iterator[tuple[str, Counted]]:
    """The names of the rows in which a change of this job is counted, each with its share of the counts.

    Tokens and cost count for the flow whose processor used them. In rows of keys they count for the job's own flow, so
    that an API key limited to the fallback flow does not see keys of other flows' jobs.
    """
    if not counted.prompt_tokens and not counted.completion_tokens:
        yield job.flow, counted
        return
    flow = counted.used_by or job.flow
    used = Counted("", "", counted.prompt_tokens, counted.completion_tokens, (), counted.cost)
    if flow == job.flow:
        yield flow, counted
    else:
        yield flow, used
        if counted.what:
            yield job.flow, structs.replace(counted, prompt_tokens=0, completion_tokens=0, cost=0)
    if job.key is not None:
        yield key_row(job.flow, job.key), used


def key_row(flow: str, key: str) -> str:
    """The name of the rows of a key in a flow. Unique, because names of flows contain no slash."""
    return f"{flow}/{key}"


def is_of_key(name: str) -> bool:
    return "/" in name


@dataclass(frozen=True, slots=True)
class Row:
    """The tally of a flow for the ``span`` milliseconds from ``at`` (ms since 1970). ``flow``: the name of a flow, or a
    ``key_row``."""

    span: int
    at: int
    flow: str
    tally: Tally

    @property
    def id(self) -> str:
        return row_id(self.span, self.at, self.flow)


_KEYS = "k"
_LETTERS = {MINUTE: "m", QUARTER: "q", HOUR: "h", DAY: "d"}
_SPANS = {letter: span for span, letter in _LETTERS.items()} | {_KEYS: DAY}


def row_id(span: int, at: int, flow: str) -> str:
    """The id of a row. Ids of one span sort by time; those of keys have a prefix of their own."""
    return _id(_KEYS if is_of_key(flow) else _LETTERS[span], at, flow)


def _id(letter: str, at: int, flow: str) -> str:
    return f"{letter}-{at:015d}-{flow}"


def ids_of_keys(since: int, until: int) -> tuple[str, str]:
    """The range of ids of the rows of keys, from day ``since`` (inclusive) to day ``until`` (exclusive), in ms."""
    return _id(_KEYS, since, ""), _id(_KEYS, until, "")


def ids_too_old(now: int) -> Iterator[tuple[str, str]]:
    """The ranges of ids of rows whose retention is over, each from a first id (inclusive) to another (exclusive)."""
    for span, keep in KEEP_MS.items():
        yield row_id(span, 0, ""), row_id(span, max(0, now - keep), "")
    yield ids_of_keys(0, max(0, now - KEEP_KEYS_MS))


def row_of_id(found: str) -> tuple[int, int, str]:
    """The tuple (span, at, flow) of a ``row_id``."""
    letter, at, flow = found.split("-", 2)
    return _SPANS[letter], int(at), flow


@dataclass(slots=True)
class Collected:
    """Sums of rows, by bucket of ``step`` milliseconds and by flow."""

    step: int
    buckets: dict[int, Tally] = field(default_factory=dict)
    flows: dict[str, Tally] = field(default_factory=dict)

    def add(self, at: int, flow: str, found: Tally) -> None:
        """Add a row. ``found`` must not be used afterwards, because it may become a sum itself."""
        self.flows.setdefault(flow, Tally()).add(found)
        bucket_at = start_of(self.step, at)
        known = self.buckets.get(bucket_at)
        if known is None:
            self.buckets[bucket_at] = found
        else:
            known.add(found)


@dataclass(slots=True)
class KeysCollected:
    """Sums of the usage of keys, over days and flows. ``flows``: only of these flows; ``None``: of all."""

    flows: frozenset[str] | None
    keys: dict[str, Tally] = field(default_factory=dict)

    def add(self, name: str, found: Tally) -> None:
        """Add a row. ``name``: a ``key_row``."""
        flow, key = name.split("/", 1)
        if self.flows is None or flow in self.flows:
            self.keys.setdefault(key, Tally()).add(found)

    def most(self, limit: int) -> list[tuple[str, Tally]]:
        """Up to ``limit`` keys, by highest cost first, then by most tokens."""
        return heapq.nsmallest(limit, self.keys.items(), key=_by_usage)


def _by_usage(one: tuple[str, Tally]) -> tuple[int, int, str]:
    key, tally = one
    return -tally.cost, -tally.prompt_tokens - tally.completion_tokens, key


def summed_by_row(added: Iterable[tuple[int, str, Tally]]) -> dict[tuple[int, int, str], Tally]:
    """Tallies of moments (at, flow, tally), summed for each row (span, at, flow) that they belong to."""
    rows: dict[tuple[int, int, str], Tally] = {}
    for at, flow, found in added:
        for span in (DAY,) if is_of_key(flow) else KEEP_MS:
            rows.setdefault((span, start_of(span, at), flow), Tally()).add(found)
    return rows
