"""Compares two jobs: where their results differ, the duration and the tokens of each."""

import msgspec

from job_processor.core.job import Job
from job_processor.core.nesting import is_too_deep
from job_processor.http import models, render

MAX_DIFFERENCES = 200
MAX_LEVELS = 64
_ABSENT = object()


def compare(left: Job, right: Job) -> models.Comparison:
    found: list[models.Difference] = []
    a, b = _parsed(left.result), _parsed(right.result)
    if a is not _ABSENT and b is not _ABSENT:
        _walk(a, b, "", found)
    return models.Comparison(
        left=_side(left),
        right=_side(right),
        same_prompt=left.prompt == right.prompt,
        same_result=left.result == right.result or (a is not _ABSENT and b is not _ABSENT and not found),
        differences=found,
    )


def _side(job: Job) -> models.Side:
    usage = next((a.usage for a in reversed(job.attempts) if a.usage is not None), None)
    return models.Side(
        id=job.id,
        flow=job.flow,
        status=job.state,
        result=job.result,
        result_verdict=render.verdict(job.verdict),
        seconds=None if job.duration_ms is None else job.duration_ms / 1000,
        prompt_tokens=None if usage is None else usage.prompt_tokens,
        completion_tokens=None if usage is None else usage.completion_tokens,
        cost_micros=job.cost_micros,
    )


def _parsed(text: str | None) -> object:
    if text is None or is_too_deep(text):
        return _ABSENT
    try:
        value: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return _ABSENT
    return value


def _walk(a: object, b: object, path: str, found: list[models.Difference]) -> None:
    if len(found) >= MAX_DIFFERENCES:
        return
    # Below this depth a path is of no use: differing values are shown whole.
    shallow = path.count("/") <= MAX_LEVELS
    if shallow and isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            step = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            _walk(a.get(key, _ABSENT), b.get(key, _ABSENT), step, found)
    elif shallow and isinstance(a, list) and isinstance(b, list):
        for i in range(max(len(a), len(b))):
            _walk(a[i] if i < len(a) else _ABSENT, b[i] if i < len(b) else _ABSENT, f"{path}/{i}", found)
    elif type(a) is not type(b) or a != b:
        sides = {k: v for k, v in (("left", a), ("right", b)) if v is not _ABSENT}
        found.append(models.Difference(path=path, **sides))
