"""The comparison of two jobs."""

from typing import Any

from msgspec import UNSET, UnsetType

from job_processor.core.job import State
from job_processor.http.models.jobs import VerdictOut
from job_processor.http.models.types import (
    JobId,
    WireOut,
)


class Side(WireOut):
    """One side of a comparison. The tokens are those of its last answer, the cost that of all its attempts."""

    id: JobId
    flow: str
    status: State
    result: str | None
    result_verdict: VerdictOut | None
    seconds: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_micros: int | None


class Difference(WireOut):
    """A difference of two JSON results. ``path``: JSON Pointer (RFC 6901); a side without a value there is absent."""

    path: str
    left: Any | UnsetType = UNSET
    right: Any | UnsetType = UNSET


class Comparison(WireOut):
    """Two jobs and the differences of their results. ``sameResult``: the same text, or equal JSON values."""

    left: Side
    right: Side
    same_prompt: bool
    same_result: bool
    differences: list[Difference]
