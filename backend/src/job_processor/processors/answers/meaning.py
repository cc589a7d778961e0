"""Decides what an HTTP response means for the job and for the lane. Pure.

In: status, headers and body, or an error found in a response that looked like a success. Out: a HandOver, or ``None``
for a success. The table in docs/flows-and-processors.md lists all cases, and this module's test runs through it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import structs

from job_processor.core.job import JobError
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Failed, HandOver, LaneClosed, LaneServerError, lane_closed
from job_processor.outgoing.error_details import ErrorDetails, decoded, gather, is_error, read
from job_processor.outgoing.retry_after import retry_at
from job_processor.outgoing.text import QUOTE_LIMIT, one_line
from job_processor.processors.answers import error_kinds
from job_processor.processors.answers.error_kinds import NOTHING_SENT, SentOptions

__all__ = [
    "NOTHING_SENT",
    "QUOTE_LIMIT",
    "SentOptions",
    "after_partial_answer",
    "detail_of",
    "judge_error",
    "judge_status",
    "one_line",
    "error_text",
    "error_in_success",
]

_CONFIGURATION: Final = {
    401: "says that the credentials are wrong",
    403: "says that the credentials do not allow this",
    404: "says that nothing is found at this address",
    405: "does not take this kind of request at this address",
    407: "is behind a proxy that wants credentials",
    410: "says that this address is gone",
    411: "does not take requests of this form",
    415: "does not take requests of this form",
    417: "does not take requests of this form",
    421: "does not serve this address",
    426: "wants another protocol",
    428: "does not take requests of this form",
    431: "says that the headers are too large",
    494: "says that the headers are too large",
    495: "does not accept the certificate",
    496: "wants a certificate",
    497: "wants TLS",
    511: "is behind a network that wants a sign-in",
}
# Statuses that reject the job for good. Other 4xx, many of them one vendor's own (424, 460, 498, 499), are temporary.
_OF_THE_JOB: Final = frozenset({400, 406, 413, 414, 416, 418, 422, 451})
_UPSTREAM: Final = 424
"""A server behind the one that answers failed (Hugging Face, Bedrock, SageMaker)."""
_OPTION_STATUSES: Final = frozenset({400, 404, 422})
# Statuses for which messages, and not only codes, are considered.
_FILTER_STATUSES: Final = frozenset({400, 403, 406, 422, 451, 498})
_LENGTH_STATUSES: Final = frozenset({400, 413, 422, 424, 500})
_CREDIT_STATUSES: Final = frozenset({400, 401, 403, 412, 429})
_ACCOUNT_STATUSES: Final = frozenset({400, 412, None})
_LOAD_STATUSES: Final = frozenset({498, 500, 503, None})


@dataclass(frozen=True, slots=True)
class _ErrorResponse:
    """``status``: the effective status; ``None``: the error names none. ``summary``: for people."""

    status: int | None
    headers: Mapping[str, str]
    details: ErrorDetails
    summary: str
    sent: SentOptions
    now: int

    @property
    def until(self) -> int | None:
        return retry_at(self.headers, self.now, self.details)

    @property
    def code(self) -> str:
        return "answer_broken" if self.status is None else f"http_{self.status}"


def judge_status(
    status: int, headers: Mapping[str, str], body: bytes, now: int, sent: SentOptions = NOTHING_SENT
) -> HandOver | None:
    """What a response with this status means; ``None`` for a success (2xx), whose body the caller must read.

    ``headers`` must ignore the case of names; ``now`` in milliseconds since 1970; ``sent``: the flow's options in the
    request.
    """
    if 200 <= status < 300:
        return None
    details = read(body)
    summary = f"HTTP {status}: {details.message}" if details.message else f"HTTP {status}"
    return _decide(_ErrorResponse(_effective_status(status, details), headers, details, summary, sent, now))


def judge_error(
    status: int, headers: Mapping[str, str], error: object, now: int, sent: SentOptions = NOTHING_SENT
) -> HandOver:
    """What an error (decoded JSON or text) in a successful response means: in a 200, or in an event of a stream.

    It is judged as if the response had the status that the error names, by number or by code.
    """
    details = gather(error)
    counted = _effective_status(None, details)
    about = "an error" if counted is None else f"error {counted}"
    summary = f"{about} in an answer with HTTP {status}"
    return _decide(
        _ErrorResponse(
            counted, headers, details, f"{summary}: {details.message}" if details.message else summary, sent, now
        )
    )


def error_in_success(status: int, headers: Mapping[str, str], body: bytes, now: int) -> HandOver | None:
    """What the error in the body of a 2xx means; ``None`` if there is none, or it names no status."""
    try:
        value = decoded(body)
    except (ValueError, RecursionError):
        return None
    if not is_error(value) or _effective_status(None, gather(value)) is None:
        return None
    return judge_error(status, headers, value, now)


def detail_of(hand_over: HandOver) -> str:
    """The text for people: the lane's detail, else the job's error message."""
    if isinstance(hand_over.lane, (LaneClosed, LaneServerError)):
        return hand_over.lane.detail
    return hand_over.job.error.message if isinstance(hand_over.job, Failed) else ""


def error_text(body: bytes) -> str:
    """The message of an error response, short and on one line; empty if there is none."""
    return read(body).message


def _effective_status(status: int | None, details: ErrorDetails) -> int | None:
    """The status by which an error is judged.

    A gateway's 5xx with another server's 4xx in its body counts as the 4xx. Statuses in messages count only if the
    error came in a successful response, because "request failed with status 404" may be about anything.
    """
    if status is not None:
        statuses = [status, *details.statuses] if status >= 500 else [status]
    else:
        named = error_kinds.status_of_names(details)
        statuses = [*details.statuses, *details.statuses_in_text, *(() if named is None else (named,))]
    if not statuses:
        return None
    if statuses[0] >= 500:
        return next((s for s in statuses if 400 <= s < 500), statuses[0])
    return statuses[0]


def _decide(response: _ErrorResponse) -> HandOver:
    status, details = response.status, response.details
    if status is not None and 300 <= status < 400:
        return _closed(
            response, Trouble.MISCONFIGURED, f"It redirects elsewhere, which is not followed ({response.summary})."
        )
    return (
        _about_the_job(response)
        or _about_the_account(response)
        or _about_an_option(response)
        or _about_load(response)
        or _by_status(response, status, details)
    )


def _about_the_job(response: _ErrorResponse) -> HandOver | None:
    status, details = response.status, response.details
    if error_kinds.is_out_of_credit(details, words=False, timed=False) or status == 402:
        return None
    if error_kinds.is_filtered(details, words=status is None or status in _FILTER_STATUSES):
        return _refused("content_filter", f"The content filter refused the prompt ({response.summary}).")
    if status in (413, 414):
        return _refused("too_long", f"The prompt is too long ({response.summary}).")
    if status == 429:
        if error_kinds.is_too_large_for_the_limit(details):
            return _refused("too_long", f"The request alone is more than the limit allows ({response.summary}).")
        return None
    if (status is None or status in _LENGTH_STATUSES) and error_kinds.is_too_long(details, response.sent):
        return _refused("too_long", f"The prompt is too long for the model ({response.summary}).")
    return None


def _about_the_account(response: _ErrorResponse) -> HandOver | None:
    status, details = response.status, response.details
    words = status is None or status in _CREDIT_STATUSES
    timed = bool(details.delays_ms) or retry_at({}, response.now, ErrorDetails(text=details.text)) is not None
    if status == 402 or error_kinds.is_out_of_credit(details, words=words, timed=timed):
        detail = f"The account behind it has no credit left ({response.summary})."
        # A retry delay is ignored: it belongs to a rate limit, and waiting brings no credit.
        return _closed(response, Trouble.OUT_OF_CREDIT, detail, retryable=True, timed=False)
    if status == 400 and error_kinds.has_bad_key(details):
        return _closed(response, Trouble.MISCONFIGURED, f"It {_CONFIGURATION[401]} ({response.summary}).")
    if status in _ACCOUNT_STATUSES and error_kinds.is_wrong_place(details, response.sent):
        return _closed(
            response, Trouble.MISCONFIGURED, f"It does not serve this account or address ({response.summary})."
        )
    return None


def _about_an_option(response: _ErrorResponse) -> HandOver | None:
    if response.status not in _OPTION_STATUSES:
        return None
    option = error_kinds.option_at_fault(response.details, response.sent)
    if option is None:
        return None
    return _closed(
        response, Trouble.MISCONFIGURED, f"It refuses the option {option} of this flow ({response.summary})."
    )


def _about_load(response: _ErrorResponse) -> HandOver | None:
    status, details = response.status, response.details
    if status == 429 or (status == 403 and error_kinds.is_limit(details)):
        detail = f"It asks for fewer requests ({response.summary})."
        return _closed(response, Trouble.RATE_LIMITED, detail, retryable=True, timed=True)
    if status == 529 or (status in _LOAD_STATUSES and error_kinds.is_overloaded(details)):
        detail = f"It is overloaded ({response.summary})."
        return _closed(response, Trouble.RATE_LIMITED, detail, retryable=True, timed=True)
    if status in (503, None) and error_kinds.is_starting(details):
        detail = f"It is starting ({response.summary})."
        return _closed(response, Trouble.OUTAGE, detail, retryable=True, timed=True)
    if status == 503 and response.until is not None:
        detail = f"It asks to come back later ({response.summary})."
        return _closed(response, Trouble.RATE_LIMITED, detail, retryable=True, timed=True)
    return None


def _by_status(response: _ErrorResponse, status: int | None, details: ErrorDetails) -> HandOver:
    if status in _CONFIGURATION:
        return _closed(response, Trouble.MISCONFIGURED, f"It {_CONFIGURATION[status]} ({response.summary}).")
    if status is not None and 400 <= status < 500 and status != _UPSTREAM and not error_kinds.is_broken(details):
        error = JobError(response.code, f"It refused the job ({response.summary}).")
        is_bad_answer = error_kinds.is_bad_answer(details)
        return HandOver(Failed(error, retryable=is_bad_answer or status not in _OF_THE_JOB, partial=details.generated))
    return HandOver(Failed(JobError(response.code, response.summary)), LaneServerError(response.summary))


def _refused(code: str, message: str) -> HandOver:
    return HandOver(Failed(JobError(code, message), retryable=False))


def _closed(
    response: _ErrorResponse, trouble: Trouble, detail: str, *, retryable: bool = False, timed: bool = False
) -> HandOver:
    """Close the lane. If the job turns out to be the cause, it fails with the same message.

    ``timed``: use the response's retry delay.
    """
    against_job = Failed(JobError(response.code, detail), retryable=retryable)
    return lane_closed(trouble, detail, response.until if timed else None, against_job)


def after_partial_answer(hand_over: HandOver, partial: Failed) -> HandOver:
    """What an error after a part of an answer means: a failed attempt, because the answer was begun and paid for.

    ``partial``: has the text and the usage; the message and the lane come from the error ``hand_over``.
    """
    failed = hand_over.job if isinstance(hand_over.job, Failed) else hand_over.against_job
    error = partial.error if failed is None else failed.error
    retryable = isinstance(hand_over.lane, LaneClosed) or failed is None or failed.retryable
    job = structs.replace(partial, error=error, retryable=retryable)
    return HandOver(job, hand_over.lane, None)
