"""Parts of the tables of operations that several route modules use."""

from job_processor.http.openapi import Param

BODY_PROBLEMS = (400, 408, 413, 415, 422)
"""Status codes of refused bodies."""
PREFER = Param(
    "Prefer",
    "header",
    "`wait=n`: respond when the job is final, at the latest after n seconds (at most 60); "
    "`Preference-Applied` has the n that was used",
)


def key_param(effect: str) -> Param:
    """The header Idempotency-Key; ``effect``: what sending the same key again does."""
    return Param(
        "Idempotency-Key",
        "header",
        f"1 to 255 visible ASCII characters; {effect}",
        {"type": "string", "pattern": "^[!-~]{1,255}$"},
    )
