"""The rows of the series: by flow and time, and what is added up from them.

What the jobs of a key used has rows of its own, of days alone, because there may be many keys. They are named by flow
and key (``key_row``); no flow has such a name.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from msgspec import structs

from job_processor.core.job import Job
from job_processor.core.series import DAY, HOUR, KEEP_MS, MINUTE, QUARTER, Counted, Tally, start_of

KEEP_KEYS_MS: Final = 90 * DAY
"""How long the rows of keys are kept."""


def rows_of(job: Job, counted: Counted) -> Iterator[tuple[str, Counted]]:
    """The names of the rows that a change of this job is counted in, and what each of them gets.

    Tokens and cost are of the flow whose processor used them. Those of a key stay with the job's own flow: a key that
    is limited to the other one sees no keys of its jobs.
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
    """The name of the rows of a key in a flow. The names of flows have no slash."""
    return f"{flow}/{key}"


def is_of_key(name: str) -> bool:
    return "/" in name


@dataclass(frozen=True, slots=True)
class Row:
    """What happened to the jobs of a flow in ``span`` milliseconds from ``at`` on. ``flow``: its name, or the name of
    the rows of a key in it."""

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
    """A name of a row; those of one span sort by time, apart from those of keys."""
    return _id(_KEYS if is_of_key(flow) else _LETTERS[span], at, flow)


def _id(letter: str, at: int, flow: str) -> str:
    return f"{letter}-{at:015d}-{flow}"


def ids_of_keys(since: int, until: int) -> tuple[str, str]:
    """The first id of the rows of keys whose days begin from then on, and the first after them."""
    return _id(_KEYS, since, ""), _id(_KEYS, until, "")


def ids_too_old(now: int) -> Iterator[tuple[str, str]]:
    """The rows that are kept no longer: of each kind the first id, and the first of those that are kept."""
    for span, keep in KEEP_MS.items():
        yield row_id(span, 0, ""), row_id(span, max(0, now - keep), "")
    yield ids_of_keys(0, max(0, now - KEEP_KEYS_MS))


def row_of_id(found: str) -> tuple[int, int, str]:
    """(span, at, flow) of a ``row_id``."""
    letter, at, flow = found.split("-", 2)
    return _SPANS[letter], int(at), flow


@dataclass(slots=True)
class Collected:
    """Rows added up: by bucket of ``step`` milliseconds, and by flow."""

    step: int
    buckets: dict[int, Tally] = field(default_factory=dict)
    flows: dict[str, Tally] = field(default_factory=dict)

    def add(self, at: int, flow: str, found: Tally) -> None:
        """``found`` belongs to the sum from then on."""
        self.flows.setdefault(flow, Tally()).add(found)
        bucket_at = start_of(self.step, at)
        known = self.buckets.get(bucket_at)
        if known is None:
            self.buckets[bucket_at] = found
        else:
            known.add(found)


@dataclass(slots=True)
class KeysCollected:
    """What keys used, added up over days and flows. ``flows``: of these alone; ``None``: of all."""

    flows: frozenset[str] | None
    keys: dict[str, Tally] = field(default_factory=dict)

    def add(self, name: str, found: Tally) -> None:
        """``name``: of a row of a key."""
        flow, key = name.split("/", 1)
        if self.flows is None or flow in self.flows:
            self.keys.setdefault(key, Tally()).add(found)

    def most(self, limit: int) -> list[tuple[str, Tally]]:
        """Up to ``limit`` keys, those with the highest cost first, then those with the most tokens."""
        return heapq.nsmallest(limit, self.keys.items(), key=_spent_least)


def _spent_least(one: tuple[str, Tally]) -> tuple[int, int, str]:
    key, tally = one
    return -tally.cost, -tally.prompt_tokens - tally.completion_tokens, key


def spread(added: Iterable[tuple[int, str, Tally]]) -> dict[tuple[int, int, str], Tally]:
    """Tallies of moments, added up for each row that they belong to: (span, at, flow)."""
    rows: dict[tuple[int, int, str], Tally] = {}
    for at, flow, found in added:
        for span in (DAY,) if is_of_key(flow) else KEEP_MS:
            rows.setdefault((span, start_of(span, at), flow), Tally()).add(found)
    return rows
