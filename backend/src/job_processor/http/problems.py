"""Errors as problem details (RFC 9457). They never echo anything from the request."""

import errno
from collections.abc import Mapping, Sequence

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from job_processor.core import errors
from job_processor.http.models import FieldError, Problem
from job_processor.oidc.errors import ProviderUnavailable

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
    414: "The URL is too long",
    415: "The body must be application/json, not encoded",
    416: "Range not satisfiable",
    422: "A field is invalid",
    429: "Too many requests",
    431: "The headers are too large",
    500: "Internal error",
    501: "Not implemented",
    503: "The store is unavailable",
}


class RequestRefused(Exception):
    """A request that is answered with a problem document. ``code``: stable, for programs; ``detail``: for people."""

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


def refusal(error: Exception) -> RequestRefused:
    """The problem for an exception. An unknown exception is a 500 without details."""
    match error:
        case RequestRefused():
            return error
        case errors.JobNotFound():
            return RequestRefused(404, "job_not_found", "There is no job with this id.")
        case errors.CallbackNotFound():
            return RequestRefused(404, "callback_not_found", "There is no callback with this id.")
        case errors.KeyNotFound():
            return RequestRefused(404, "key_not_found", "There is no API key with this id.")
        case errors.EndpointNotFound():
            return RequestRefused(404, "endpoint_not_found", "There is no webhook endpoint with this id.")
        case errors.DeliveryNotFound():
            return RequestRefused(404, "delivery_not_found", "There is no delivery of a webhook with this id.")
        case errors.BulkActionNotFound():
            return RequestRefused(404, "bulk_action_not_found", "There is no bulk action with this id.")
        case errors.TooManyBulkActions():
            return RequestRefused(409, "too_many_bulk_actions", str(error))
        case errors.BatchNotFound():
            return RequestRefused(404, "batch_not_found", "There is no batch with this id.")
        case errors.LinesRefused():
            return _lines_refused(error)
        case errors.SessionNotFound():
            return RequestRefused(404, "session_not_found", "There is no session with this id.")
        case errors.JobDamaged():
            detail = "This job's record in the store is damaged and cannot be read; other jobs are not affected. "
            return RequestRefused(503, "job_damaged", f"{detail}Restore it from a backup, or delete it if it is final.")
        case errors.MoveRefused():
            return RequestRefused(409, "state_conflict", str(error))
        case errors.IdempotencyMismatch():
            return RequestRefused(
                422, "idempotency_mismatch", "This Idempotency-Key was used before with another body."
            )
        case errors.TooManyWaiting():
            return RequestRefused(429, "too_many_waiting", str(error), headers={"retry-after": "5"})
        case errors.StoreBusy(seconds=seconds):
            detail = "The store is behind with its writes; the job was not stored. Try again."
            return RequestRefused(503, "store_busy", detail, headers={"retry-after": str(seconds)})
        case errors.InvalidField():
            return invalid(error.field, str(error))
        case errors.StorageFull():
            return RequestRefused(
                503, "storage_full", "The disk is full; nothing was stored.", headers={"retry-after": "30"}
            )
        case errors.ReadTooLong():
            detail = "The query timed out; narrow it by flow, status, tag or time."
            return RequestRefused(503, "read_too_long", detail, headers={"retry-after": "5"})
        case errors.TooManySearches():
            return RequestRefused(
                503, "too_many_searches", "Too many searches are running; try again.", headers={"retry-after": "2"}
            )
        case errors.SearchIncomplete():
            detail = "Older jobs are still being made searchable; try again, or filter by flow, status, tag or time."
            return RequestRefused(503, "search_incomplete", detail, headers={"retry-after": "30"})
        case errors.StoreUnavailable():
            return RequestRefused(
                503, "store_unavailable", "The store is unavailable; try again.", headers={"retry-after": "2"}
            )
        case ProviderUnavailable():
            return RequestRefused(
                503, "provider_unavailable", "The identity provider does not answer.", headers={"retry-after": "10"}
            )
        case OSError(errno=errno.EMFILE | errno.ENFILE):
            return RequestRefused(
                503,
                "too_many_files",
                "Too many files and connections are open; try again.",
                headers={"retry-after": "5"},
            )
        case HTTPException():
            title = PROBLEM_TITLES.get(error.status_code, "Error")
            return RequestRefused(error.status_code, f"http_{error.status_code}", title, headers=error.headers)
        case _:
            return RequestRefused(
                500, "internal_error", "An internal error; look for the request id in the server's log."
            )


def invalid(field: str, message: str) -> RequestRefused:
    """A 422 for one field. ``message``: what is expected of its value."""
    return RequestRefused(422, "invalid_field", f"{field}: {message}", [FieldError(field=field, message=message)])


def _lines_refused(error: errors.LinesRefused) -> RequestRefused:
    first = error.lines[0]
    where = f"line {first.line}: {first.field}: " if first.field else f"line {first.line}: "
    told = [FieldError(field=one.field or "line", message=one.message, line=one.line) for one in error.lines]
    return RequestRefused(
        422, "invalid_lines", f"{error} Nothing was stored. The first is {where}{first.message}", told
    )


def response(refused: RequestRefused, request_id: str) -> Response:
    title = PROBLEM_TITLES.get(refused.status, "Error")
    if refused.code == "store_busy":
        title = "The store is busy"
    elif refused.status == 503 and refused.code.startswith("too_many"):
        title = "Too many at once"
    elif refused.code == "too_many_bulk_actions":
        title = "Too many bulk actions"
    elif refused.code == "provider_unavailable":
        title = "The identity provider is unavailable"
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
