"""What searches find a job by besides its columns: its facets, and the words of its error and metadata.

Shared by the drivers, so that a search finds the same jobs in each.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import msgspec

from job_processor.core.job import Job
from job_processor.core.search_values import MAX_VALUE
from job_processor.core.verdict import ResultKind
from job_processor.store.base import Facet, FacetKind

MAX_METADATA = 50
"""Fields of the metadata that a job can be found by."""
MAX_EXECUTIONS = 100


class _Attempt(msgspec.Struct, frozen=True):
    execution_id: str | None = None


class _Error(msgspec.Struct, frozen=True):
    code: str
    message: str


class _Verdict(msgspec.Struct, frozen=True):
    kind: ResultKind


class Found(msgspec.Struct, frozen=True):
    """The part of a job's record that searches look at, under the names that a ``Job`` has."""

    error: _Error | None = None
    verdict: _Verdict | None = None
    attempts: tuple[_Attempt, ...] = ()
    metadata: Mapping[str, Any] = {}
    replay_of: str | None = None
    key: str | None = None


def facets_of(job: Found | Job) -> list[str]:
    """The job's facets as texts (``text_of``), without duplicates."""
    found: dict[str, None] = {}
    for facet in _facets(job):
        if len(facet.value) <= _MAX_TEXT:
            found[text_of(facet)] = None
    return list(found)


def other_texts(job: Found | Job) -> tuple[str, str]:
    """The text of the error, and that of the metadata."""
    error = "" if job.error is None else f"{job.error.code} {job.error.message}"
    return error, " ".join(_texts(job.metadata)) if job.metadata else ""


def _facets(job: Found | Job) -> Iterable[Facet]:
    if job.error is not None:
        yield Facet(FacetKind.ERROR, job.error.code)
    if job.verdict is not None:
        yield Facet(FacetKind.VERDICT, job.verdict.kind.value)
    if job.replay_of is not None:
        yield Facet(FacetKind.REPLAY_OF, job.replay_of)
    if job.key is not None:
        yield Facet(FacetKind.KEY, job.key)
    for attempt in job.attempts[-MAX_EXECUTIONS:]:
        if attempt.execution_id:
            yield Facet(FacetKind.EXECUTION, attempt.execution_id)
    for name, value in islice(job.metadata.items(), MAX_METADATA):
        if isinstance(value, str | bool | int | float):
            yield Facet(FacetKind.METADATA, f"{name}={_scalar(value)}")


_MAX_TEXT = 2 * MAX_VALUE


def text_of(facet: Facet) -> str:
    """The facet as the drivers keep it."""
    return f"{facet.kind.value}={facet.value}"


def _scalar(value: object) -> str:
    """A value of metadata as text; a bool as JSON has it, ``true`` or ``false``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _texts(value: object) -> Iterable[str]:
    """Names and values, at all depths."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, Mapping):
            for name, inner in one.items():
                yield str(name)
                stack.append(inner)
        elif isinstance(one, list | tuple):
            stack.extend(one)
        elif one is not None:
            yield _scalar(one)
