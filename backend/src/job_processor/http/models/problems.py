"""Problem details (RFC 9457)."""

from job_processor.http.models.types import WireOut


class FieldError(WireOut, omit_defaults=True):
    """``line``: of a batch, from 1."""

    field: str
    message: str
    line: int | None = None


class Problem(WireOut):
    """Problem details (RFC 9457). ``error``: the same as ``detail``, for older clients."""

    type: str
    title: str
    status: int
    detail: str
    error: str
    code: str
    request_id: str
    errors: list[FieldError] = []
