"""Errors (RFC 9457)."""

from job_processor.http.models.types import WireOut


class FieldError(WireOut):
    field: str
    message: str


class Problem(WireOut):
    """RFC 9457 problem details; ``error`` is the same in short, for clients of old."""

    type: str
    title: str
    status: int
    detail: str
    error: str
    code: str
    request_id: str
    errors: list[FieldError] = []
