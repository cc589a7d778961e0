"""The size limit of results (``MAX_RESULT_BYTES``), the same for all processors and for callbacks. Pure."""

from job_processor.core.job import JobError
from job_processor.core.outcome import Failed


def size(text: str) -> int:
    """Size in bytes of UTF-8; a lone surrogate counts as three bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def too_large(what: str, max_bytes: int) -> JobError:
    """The error for a result that is too large. ``what``: the subject of the message ("The answer", "The result")."""
    return JobError("answer_too_large", f"{what} is longer than {max_bytes:,} bytes (MAX_RESULT_BYTES).")


def refused(text: str, what: str, max_bytes: int, partial: str | None = None) -> Failed | None:
    """The failure of a result larger than ``max_bytes``; not retryable. ``None`` if it is not too large."""
    if size(text) <= max_bytes:
        return None
    return Failed(too_large(what, max_bytes), retryable=False, partial=partial)
