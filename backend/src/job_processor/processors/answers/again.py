"""Finds in an answer that the processor wants the job again later. Pure.

Only an answer that says nothing else counts: the same words inside a longer answer may be a result.
"""

import msgspec

from job_processor.core.outcome import Deferred, again, is_again_seconds

_LONGEST = 500
"""Maximum bytes of such an answer; longer ones are not parsed."""


class _Again(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    again_in_seconds: float
    job_id: str | None = None


def again_in(body: bytes, job_id: str, now: int, *, must_name_job: bool = False) -> Deferred | None:
    """The outcome of ``{"jobId": …, "againInSeconds": 30}``; ``None`` for any other answer, for another job and for a
    number that is out of bounds.

    ``must_name_job``: an answer without ``jobId`` does not count. ``now``: milliseconds since 1970.
    """
    if len(body) > _LONGEST:
        return None
    try:
        asked = msgspec.json.decode(body, type=_Again)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if asked.job_id != job_id and (must_name_job or asked.job_id is not None):
        return None
    return again(asked.again_in_seconds, now) if is_again_seconds(asked.again_in_seconds) else None
