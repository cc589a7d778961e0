"""Recognises the answer with which a processor asks to get the job again later. Pure.

The whole answer must be this request, because the same text inside a longer answer may be part of a result.
"""

import msgspec

from job_processor.core.outcome import Deferred, again, is_again_seconds

_MAX_BYTES = 500
"""Maximum bytes of such an answer; longer ones are not parsed."""


class _Again(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    again_in_seconds: float
    job_id: str | None = None


def again_in(body: bytes, job_id: str, now: int, *, must_name_job: bool = False) -> Deferred | None:
    """The outcome "put back" for ``{"jobId": …, "againInSeconds": 30}``; ``None`` for any other answer, another job, or
    a number out of range.

    ``must_name_job``: an answer without ``jobId`` does not count. ``now``: milliseconds since 1970.
    """
    if len(body) > _MAX_BYTES:
        return None
    try:
        asked = msgspec.json.decode(body, type=_Again)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if asked.job_id != job_id and (must_name_job or asked.job_id is not None):
        return None
    return again(asked.again_in_seconds, now) if is_again_seconds(asked.again_in_seconds) else None
