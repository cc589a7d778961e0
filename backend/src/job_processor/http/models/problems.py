"""Problem details (RFC 9457)."""

from job_processor.http.models.types import WireOut


class FieldError(WireOut):
    field: str
    message: str


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
