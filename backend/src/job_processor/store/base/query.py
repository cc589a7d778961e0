"""Which jobs a list, a count or an export contains."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from job_processor.core.batch import end_of_jobs
from job_processor.core.ids import first_id_of
from job_processor.core.job import Job, State

ID_AHEAD_MS = 3_600_000
"""How far the time in an id may be ahead of its job's ``created_at``. New ids stay within ``core.ids.MAX_AHEAD_MS``;
ids of older releases did not follow a clock that was set back."""


class FacetKind(StrEnum):
    """What a job can be found by besides its flow, state and tags."""

    ERROR = "error"
    VERDICT = "verdict"
    EXECUTION = "execution"
    REPLAY_OF = "replay-of"
    METADATA = "meta"
    KEY = "key"


class Facet(NamedTuple):
    """A value that a job has. Of METADATA it is ``field=value``."""

    kind: FacetKind
    value: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Consecutive words. ``starts``: the last one is a prefix."""

    text: str
    starts: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Which jobs to list, newest id first. ``None`` or empty: no condition.

    ``before``: the id after which the page starts. ``after``: only jobs with a greater id. ``ids``: only these jobs.
    ``flows``: jobs of these flows only, beside ``flow``. ``tags``, ``facets`` and ``phrases``: jobs that have all of
    these; the ``without`` ones: none of these. ``phrases`` are looked for in prompt, result, error and metadata.
    ``created_…`` and ``finished_…``: from, inclusive, and to, exclusive; a job that has not ended has no such time.
    ``id_starts``: a prefix of the id. ``attempts``: from, and to, both inclusive. ``idempotency_key``: as stored.
    ``clip``: characters of prompt and result to return. ``texts``: False: prompt, result and their sizes are not read.
    """

    limit: int = 50
    before: str | None = None
    after: str | None = None
    ids: frozenset[str] | None = None
    states: frozenset[State] = frozenset()
    flow: str | None = None
    flows: frozenset[str] | None = None
    tag: str | None = None
    batch: str | None = None
    tags: frozenset[str] = frozenset()
    facets: frozenset[Facet] = frozenset()
    phrases: tuple[Phrase, ...] = ()
    without_flows: frozenset[str] = frozenset()
    without_tags: frozenset[str] = frozenset()
    without_batches: frozenset[str] = frozenset()
    without_facets: frozenset[Facet] = frozenset()
    without_phrases: tuple[Phrase, ...] = ()
    id_starts: frozenset[str] = frozenset()
    without_id_starts: frozenset[str] = frozenset()
    attempts: tuple[int | None, int | None] = (None, None)
    idempotency_key: str | None = None
    created_after: int | None = None
    created_before: int | None = None
    finished_after: int | None = None
    finished_before: int | None = None
    clip: int = 4096
    texts: bool = True

    @property
    def first_id(self) -> str | None:
        """Lower bound (inclusive) of the ids that can match: an id begins with the time of creation."""
        begins = list(self.id_starts)
        if self.created_after is not None:
            begins.append(first_id_of(self.created_after))
        if self.batch is not None:
            begins.append(self.batch)
        return max(begins, default=None)

    @property
    def end_id(self) -> str | None:
        """Upper bound (exclusive) of the ids that can match."""
        # After all ids with this prefix: "g" is greater than every hex digit.
        ends = [f"{start}g" for start in self.id_starts]
        if self.before is not None:
            ends.append(self.before)
        # A job ends after it was created, so a bound of its end is one of its creation too.
        times = (self.created_before, self.finished_before)
        ends += [first_id_of(before + ID_AHEAD_MS) for before in times if before is not None]
        if self.batch is not None:
            ends.append(end_of_jobs(self.batch))
        return min(ends, default=None)

    @property
    def needs_index(self) -> bool:
        """Whether the query needs fields that jobs of older versions get in the background after an upgrade."""
        return bool(self.facets or self.without_facets or self.phrases or self.without_phrases)

    def still_finds(self, job: Job) -> bool:
        """Does a job that was found still match in the fields that a move changes: state, end, attempts, error,
        verdict?"""
        low, high = self.attempts
        has = {
            Facet(FacetKind.ERROR, "" if job.error is None else job.error.code),
            Facet(FacetKind.VERDICT, "" if job.verdict is None else job.verdict.kind.value),
        }
        wanted = {facet for facet in self.facets if facet.kind in (FacetKind.ERROR, FacetKind.VERDICT)}
        return (
            (not self.states or job.state in self.states)
            and _ended_within(job, self.finished_after, self.finished_before)
            and (low is None or job.attempt >= low)
            and (high is None or job.attempt <= high)
            and wanted <= has
            and not self.without_facets & has
        )


def _ended_within(job: Job, after: int | None, before: int | None) -> bool:
    if after is None and before is None:
        return True
    at = job.finished_at
    return at is not None and (after is None or at >= after) and (before is None or at < before)
