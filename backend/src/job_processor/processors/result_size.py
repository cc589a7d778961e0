"""How large a result may be, whichever way it comes: ``MAX_RESULT_BYTES``, as a callback's. Pure."""

from job_processor.core.job import JobError
from job_processor.core.outcome import Failed


def size(text: str) -> int:
    """Bytes of UTF-8. Half of a surrogate pair counts as a character."""
    return len(text.encode("utf-8", "surrogatepass"))


def too_large(what: str, most: int) -> JobError:
    """``what``: the subject of the sentence (the answer, the result)."""
    return JobError("answer_too_large", f"{what} is longer than {most:,} bytes (MAX_RESULT_BYTES).")


def refused(text: str, what: str, most: int, partial: str | None = None) -> Failed | None:
    """The failed attempt that a result beyond ``most`` bytes is: another would bring as much. ``None``: it fits."""
    if size(text) <= most:
        return None
    return Failed(too_large(what, most), retryable=False, partial=partial)
