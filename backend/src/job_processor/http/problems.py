"""Errors as RFC 9457 problem details, from one table. Nothing of the request is ever echoed."""

import errno
from collections.abc import Mapping, Sequence

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from job_processor.core import errors
from job_processor.http.models import FieldError, Problem

_encode = msgspec.json.Encoder().encode
PROBLEM_TITLES = {
    400: "The request is not well-formed",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "The request took too long to arrive",
    409: "Conflict with the job's state",
    413: "The body is too large",
    414: "The address is too long",
    415: "The body must be application/json, not encoded",
    416: "There is no such range",
    422: "A field cannot be taken",
    429: "Too many requests",
    431: "The headers are too large",
    500: "Internal error",
    501: "Not implemented",
    503: "The store cannot answer now",
}


class Refused(Exception):
    """A request that is answered with a problem. ``code`` is stable and for programs."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})


def refusal(error: Exception) -> Refused:
    """What an error is to a client. An unknown one is a 500 that says nothing of itself."""
    match error:
        case Refused():
            return error
        case errors.JobNotFound():
            return Refused(404, "job_not_found", "There is no job with this id.")
        case errors.CallbackNotFound():
            return Refused(404, "callback_not_found", "There is no callback with this id.")
        case errors.JobDamaged():
            wanted = "What is stored of this job is damaged and cannot be read; other jobs are not touched by it. "
            return Refused(503, "job_damaged", f"{wanted}A backup may hold it whole; a final job can be deleted.")
        case errors.MoveRefused():
            return Refused(409, "state_conflict", str(error))
        case errors.IdempotencyMismatch():
            return Refused(422, "idempotency_mismatch", "This Idempotency-Key was used before with another body.")
        case errors.InvalidField():
            return invalid(error.field, str(error))
        case errors.StorageFull():
            return Refused(503, "storage_full", "The disk is full; nothing was stored.", headers={"retry-after": "30"})
        case errors.ReadTooLong():
            wanted = "This took longer than one read may; ask for less: a flow, a status, a tag or a time."
            return Refused(503, "read_too_long", wanted, headers={"retry-after": "5"})
        case errors.TooManySearches():
            return Refused(
                503, "too_many_searches", "Other searches are under way; try again.", headers={"retry-after": "2"}
            )
        case errors.StoreUnavailable():
            return Refused(
                503, "store_unavailable", "The store cannot answer now; try again.", headers={"retry-after": "2"}
            )
        case OSError(errno=errno.EMFILE | errno.ENFILE):
            return Refused(
                503,
                "too_many_files",
                "Too many files and connections are open; try again.",
                headers={"retry-after": "5"},
            )
        case HTTPException():
            title = PROBLEM_TITLES.get(error.status_code, "Error")
            return Refused(error.status_code, f"http_{error.status_code}", title, headers=error.headers)
        case _:
            return Refused(500, "internal_error", "Something went wrong here; the request id finds it in the log.")


def invalid(field: str, wanted: str) -> Refused:
    """A 422 for one field: what is wanted of it, not what came."""
    return Refused(422, "invalid_field", f"{field}: {wanted}", [FieldError(field=field, message=wanted)])


def response(refused: Refused, request_id: str) -> Response:
    title = PROBLEM_TITLES.get(refused.status, "Error")
    if refused.status == 503 and refused.code.startswith("too_many"):
        title = "Too much at once"
    problem = Problem(
        type="about:blank",
        title=title,
        status=refused.status,
        detail=refused.detail,
        error=refused.detail,
        code=refused.code,
        request_id=request_id,
        errors=refused.errors,
    )
    headers = dict(refused.headers)
    if refused.status == 401:
        headers.setdefault("www-authenticate", "Bearer")
    return Response(_encode(problem), refused.status, headers, "application/problem+json")
