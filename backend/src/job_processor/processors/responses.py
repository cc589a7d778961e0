"""What an answer means: for the job, for the lane, and for how long. The one place that decides it. Pure.

In: a status, headers and a body, or an error found inside an answer that looked like a success. Out: a HandOver, or
``None`` for a plain success. The table of what means what is in docs/flows-and-processors.md, and is what the test of
this module runs through.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from job_processor.core.job import JobError
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Failed, HandOver, LaneClosed, LaneFault, lane_closed
from job_processor.processors import refusals
from job_processor.processors.error_body import Said, decoded, gather, is_error, read
from job_processor.processors.refusals import NOTHING_SENT, Sent
from job_processor.processors.retry_after import retry_at
from job_processor.processors.words import QUOTE_LIMIT, one_line

__all__ = [
    "NOTHING_SENT",
    "QUOTE_LIMIT",
    "Sent",
    "after_text",
    "detail_of",
    "error_means",
    "means",
    "one_line",
    "quoted",
    "refused_in",
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
# The statuses by which a server may refuse what a job asks for, for good. Others below 500, of which many are of one
# vendor's own making (424, 460, 498, 499), speak of the moment.
_OF_THE_JOB: Final = frozenset({400, 406, 413, 414, 416, 418, 422, 451})
_UPSTREAM: Final = 424
"""The server has asked another one, which failed (Hugging Face, Bedrock, SageMaker)."""
_OPTION_STATUSES: Final = frozenset({400, 404, 422})
# The statuses under which words, and not only codes, are searched.
_FILTER_STATUSES: Final = frozenset({400, 403, 406, 422, 451, 498})
_LENGTH_STATUSES: Final = frozenset({400, 413, 422, 424, 500})
_CREDIT_STATUSES: Final = frozenset({400, 401, 403, 412, 429})
_ACCOUNT_STATUSES: Final = frozenset({400, 412, None})
_LOAD_STATUSES: Final = frozenset({498, 500, 503, None})


@dataclass(frozen=True, slots=True)
class _Answer:
    """``status``: what it counts as; ``None``: an error that names none. ``told``: it in words, for people."""

    status: int | None
    headers: Mapping[str, str]
    said: Said
    told: str
    sent: Sent
    now: int

    @property
    def until(self) -> int | None:
        return retry_at(self.headers, self.now, self.said)

    @property
    def code(self) -> str:
        return "answer_broken" if self.status is None else f"http_{self.status}"


def means(status: int, headers: Mapping[str, str], body: bytes, now: int, sent: Sent = NOTHING_SENT) -> HandOver | None:
    """What an answer with this status means; ``None``: it is a success (2xx), and the body is the caller's to read.

    ``headers`` find names whatever their case; ``now`` in milliseconds since 1970; ``sent``: what the request named
    of the flow's options.
    """
    if 200 <= status < 300:
        return None
    said = read(body)
    told = f"HTTP {status}: {said.words}" if said.words else f"HTTP {status}"
    return _decided(_Answer(_counted(status, said), headers, said, told, sent, now))


def error_means(
    status: int, headers: Mapping[str, str], error: object, now: int, sent: Sent = NOTHING_SENT
) -> HandOver:
    """What an error means (as decoded JSON, or as text) that came where a success should be: in a 200, in an event.

    It counts as if the answer had had the status that it names, by number or by code.
    """
    said = gather(error)
    counted = _counted(None, said)
    about = "an error" if counted is None else f"error {counted}"
    told = f"{about} in an answer with HTTP {status}"
    return _decided(_Answer(counted, headers, said, f"{told}: {said.words}" if said.words else told, sent, now))


def refused_in(status: int, headers: Mapping[str, str], body: bytes, now: int) -> HandOver | None:
    """What the error in the body of a 2xx means; ``None``: there is none, or none that names a status."""
    try:
        value = decoded(body)
    except (ValueError, RecursionError):
        return None
    if not is_error(value) or _counted(None, gather(value)) is None:
        return None
    return error_means(status, headers, value, now)


def detail_of(over: HandOver) -> str:
    """It in words: what the lane would show, else what is said of the job."""
    if isinstance(over.lane, (LaneClosed, LaneFault)):
        return over.lane.detail
    return over.job.error.message if isinstance(over.job, Failed) else ""


def quoted(body: bytes) -> str:
    """The words of an error, short and on one line; empty when there are none for people to read."""
    return read(body).words


def _counted(status: int | None, said: Said) -> int | None:
    """The status to go by. A gateway's 5xx that carries another server's 4xx counts as that; what only the words name
    counts where an error came inside an answer: "request failed with status 404" may be said of anything."""
    if status is not None:
        statuses = [status, *said.statuses] if status >= 500 else [status]
    else:
        named = refusals.status_of_names(said)
        statuses = [*said.statuses, *said.spoken, *(() if named is None else (named,))]
    if not statuses:
        return None
    if statuses[0] >= 500:
        return next((s for s in statuses if 400 <= s < 500), statuses[0])
    return statuses[0]


def _decided(answer: _Answer) -> HandOver:
    status, said = answer.status, answer.said
    if status is not None and 300 <= status < 400:
        return _closed(answer, Trouble.MISCONFIGURED, f"It redirects elsewhere, which is not followed ({answer.told}).")
    return (
        _about_the_job(answer)
        or _about_the_account(answer)
        or _about_an_option(answer)
        or _about_load(answer)
        or _by_status(answer, status, said)
    )


def _about_the_job(answer: _Answer) -> HandOver | None:
    status, said = answer.status, answer.said
    if refusals.is_out_of_credit(said, words=False, timed=False) or status == 402:
        return None
    if refusals.is_filtered(said, words=status is None or status in _FILTER_STATUSES):
        return _refused("content_filter", f"The content filter refused the prompt ({answer.told}).")
    if status in (413, 414):
        return _refused("too_long", f"The prompt is too long ({answer.told}).")
    if status == 429:
        if refusals.is_too_large_for_the_limit(said):
            return _refused("too_long", f"The request alone is more than the limit allows ({answer.told}).")
        return None
    if (status is None or status in _LENGTH_STATUSES) and refusals.is_too_long(said, answer.sent):
        return _refused("too_long", f"The prompt is too long for the model ({answer.told}).")
    return None


def _about_the_account(answer: _Answer) -> HandOver | None:
    status, said = answer.status, answer.said
    words = status is None or status in _CREDIT_STATUSES
    timed = bool(said.delays_ms) or retry_at({}, answer.now, Said(text=said.text)) is not None
    if status == 402 or refusals.is_out_of_credit(said, words=words, timed=timed):
        detail = f"The account behind it has no credit left ({answer.told})."
        # A time is not waited for: it is that of a limit, and no credit comes by waiting.
        return _closed(answer, Trouble.OUT_OF_CREDIT, detail, retryable=True, timed=False)
    if status == 400 and refusals.has_bad_key(said):
        return _closed(answer, Trouble.MISCONFIGURED, f"It {_CONFIGURATION[401]} ({answer.told}).")
    if status in _ACCOUNT_STATUSES and refusals.is_wrong_place(said, answer.sent):
        return _closed(answer, Trouble.MISCONFIGURED, f"It does not serve this account or address ({answer.told}).")
    return None


def _about_an_option(answer: _Answer) -> HandOver | None:
    if answer.status not in _OPTION_STATUSES:
        return None
    option = refusals.option_at_fault(answer.said, answer.sent)
    if option is None:
        return None
    return _closed(answer, Trouble.MISCONFIGURED, f"It refuses the option {option} of this flow ({answer.told}).")


def _about_load(answer: _Answer) -> HandOver | None:
    status, said = answer.status, answer.said
    if status == 429 or (status == 403 and refusals.is_limit(said)):
        detail = f"It asks for fewer requests ({answer.told})."
        return _closed(answer, Trouble.RATE_LIMITED, detail, retryable=True, timed=True)
    if status == 529 or (status in _LOAD_STATUSES and refusals.is_overloaded(said)):
        detail = f"It is overloaded ({answer.told})."
        return _closed(answer, Trouble.RATE_LIMITED, detail, retryable=True, timed=True)
    if status in (503, None) and refusals.is_starting(said):
        detail = f"It is starting ({answer.told})."
        return _closed(answer, Trouble.OUTAGE, detail, retryable=True, timed=True)
    if status == 503 and answer.until is not None:
        detail = f"It asks to come back later ({answer.told})."
        return _closed(answer, Trouble.RATE_LIMITED, detail, retryable=True, timed=True)
    return None


def _by_status(answer: _Answer, status: int | None, said: Said) -> HandOver:
    if status in _CONFIGURATION:
        return _closed(answer, Trouble.MISCONFIGURED, f"It {_CONFIGURATION[status]} ({answer.told}).")
    if status is not None and 400 <= status < 500 and status != _UPSTREAM and not refusals.is_broken(said):
        error = JobError(answer.code, f"It refused the job ({answer.told}).")
        is_bad_answer = refusals.is_bad_answer(said)
        return HandOver(Failed(error, retryable=is_bad_answer or status not in _OF_THE_JOB, partial=said.generated))
    return HandOver(Failed(JobError(answer.code, answer.told)), LaneFault(answer.told))


def _refused(code: str, message: str) -> HandOver:
    return HandOver(Failed(JobError(code, message), retryable=False))


def _closed(
    answer: _Answer, trouble: Trouble, detail: str, *, retryable: bool = False, timed: bool = False
) -> HandOver:
    """The lane closes. The job may be the cause all the same: then it failed, with the same words."""
    against_job = Failed(JobError(answer.code, detail), retryable=retryable)
    return lane_closed(trouble, detail, answer.until if timed else None, against_job)


def after_text(over: HandOver, partial: Failed) -> HandOver:
    """What an error means that came after some of an answer: a failed attempt, for the answer was begun and paid.

    ``partial``: carries the text and the usage; the words and the lane are the error's.
    """
    failed = over.job if isinstance(over.job, Failed) else over.against_job
    error = partial.error if failed is None else failed.error
    retryable = isinstance(over.lane, LaneClosed) or failed is None or failed.retryable
    job = replace(partial, error=error, retryable=retryable)
    return HandOver(job, over.lane, None)
