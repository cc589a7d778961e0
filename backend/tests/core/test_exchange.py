"""What an attempt's record says of its request and of what answered it."""

import pytest
from msgspec import structs

from job_processor.core.claiming import claim
from job_processor.core.exchange import EndedBy, Exchange
from job_processor.core.job import Attempt, AttemptEnd, Job, JobError, Lease
from job_processor.core.outcome import (
    Accepted,
    Cancelled,
    Deferred,
    Expired,
    Failed,
    Outcome,
    Reported,
    ResultAccepted,
    Signal,
    Succeeded,
)
from tests.core.given import BAD, NOW, after, calls_back, pending, running, says

SENT = Exchange("POST https://processor.example/work", 30_000)
SEEN = Exchange(SENT.sent_to, SENT.timeout_ms, 120, 202, 34)
FAILED = Failed(JobError("http_500", "no"))


def sent(known: Exchange | None = SENT) -> Job:
    return claim(pending(), Lease("t1", "w1", NOW + 30_000), NOW, exchange=known)


def told(outcome: Outcome, exchange: Exchange | None = SEEN) -> Reported:
    return Reported(outcome, 1, "t1", exchange=exchange)


def newest(job: Job) -> Attempt:
    return job.attempts[-1]


def test_where_it_is_sent_is_recorded_before_it_is_sent() -> None:
    assert newest(sent()).exchange == SENT


@pytest.mark.parametrize("execution", [None, "exec-1"])
def test_an_acceptance_records_the_response_and_ends_nothing(execution: str | None) -> None:
    waiting = after(sent(), told(Accepted(60_000, execution)))

    assert (newest(waiting).exchange, newest(waiting).execution_id) == (SEEN, execution)


def test_an_acceptance_without_a_response_leaves_what_is_known() -> None:
    assert newest(after(sent(), told(Accepted(60_000, "exec-1"), None))).exchange == SENT


@pytest.mark.parametrize("outcome", [Succeeded("r"), FAILED, Deferred(NOW, "rate_limited", "later")])
def test_an_outcome_of_the_response_is_recorded_with_it(outcome: Outcome) -> None:
    by_response = structs.replace(SEEN, ended_by=EndedBy.RESPONSE)

    assert newest(after(sent(), told(outcome, by_response))).exchange == by_response


@pytest.mark.parametrize("outcome", [Failed(JobError("timeout", "No answer.")), Deferred(NOW, "shutdown", "stop")])
@pytest.mark.parametrize("known", [None, structs.replace(SENT, request_bytes=120), SEEN])
def test_what_no_response_told_is_not_ended_by_one(outcome: Outcome, known: Exchange | None) -> None:
    assert newest(after(sent(), told(outcome, known))).exchange == (known or SENT)


@pytest.mark.parametrize(
    "outcome",
    [
        Succeeded("r"),
        Failed(JobError("python_error", "ValueError: no")),
        Failed(JobError("python_result", "not JSON"), retryable=False),
        Deferred(NOW, "again", "later"),
    ],
)
def test_what_a_function_returns_or_raises_ends_its_attempt(outcome: Outcome) -> None:
    assert newest(after(sent(), told(outcome, None))).exchange == structs.replace(SENT, ended_by=EndedBy.RESPONSE)


@pytest.mark.parametrize("outcome", [Succeeded("r"), BAD, Deferred(NOW, "again", "later")])
def test_a_callback_ends_what_was_accepted(outcome: Outcome) -> None:
    waiting = after(sent(), told(Accepted(60_000)))

    assert newest(after(waiting, calls_back(outcome))).exchange == structs.replace(SEEN, ended_by=EndedBy.CALLBACK)


def test_a_callback_may_come_before_the_response() -> None:
    assert newest(after(sent(), calls_back(Succeeded("r")))).exchange == structs.replace(
        SENT, ended_by=EndedBy.CALLBACK
    )


@pytest.mark.parametrize("outcome", [Succeeded("r"), BAD])
def test_the_answer_to_a_reconcile_call_ends_it(outcome: Outcome) -> None:
    waiting = after(sent(), told(Accepted(60_000)))
    found = Reported(outcome, 1, "t1", asked="n8n says so")

    assert newest(after(waiting, found)).exchange == structs.replace(SEEN, ended_by=EndedBy.RECONCILE)


@pytest.mark.parametrize("signal", [Cancelled(), Expired()])
def test_what_the_processor_did_not_end_is_ended_by_nothing_of_it(signal: Signal) -> None:
    waiting = after(sent(), told(Accepted(60_000)))

    ended = newest(after(waiting, signal, NOW + 60_000))
    assert ended.end in (AttemptEnd.CANCELLED, AttemptEnd.OVERDUE)
    assert ended.exchange == SEEN


def test_a_late_callback_is_what_ended_it_after_all() -> None:
    overdue = after(after(sent(), told(Accepted(60_000))), Expired(), NOW + 60_000)

    assert newest(after(overdue, calls_back(Succeeded("r"), 1))).exchange == structs.replace(
        SEEN, ended_by=EndedBy.CALLBACK
    )


def test_an_accepted_result_changes_nothing_of_it() -> None:
    cancelled = after(after(sent(), told(Accepted(60_000))), Cancelled())

    assert newest(after(cancelled, ResultAccepted("r", attempt=1))).exchange == SEEN


def test_an_attempt_of_an_older_version_stays_without_one() -> None:
    assert newest(after(running(), says(Succeeded("r"), "t1"))).exchange is None
    assert newest(after(sent(None), calls_back(BAD))).exchange is None
