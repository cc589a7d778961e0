"""A result that is not what was asked for: the flow keeps it, tries again, or fails."""

import pytest
from msgspec import structs

from job_processor.core.flow import FlowRules, OnInvalidResult
from job_processor.core.job import AttemptEnd, Job, State
from job_processor.core.outcome import Succeeded
from job_processor.core.success import complaint
from job_processor.core.verdict import ParseError, ResultKind, SchemaError, Verdict
from tests.core.given import NOW, after, calls_back, claimed, pending, says, tried

MALFORMED = Verdict(ResultKind.MALFORMED, error=ParseError("Expecting a value", 2, 7))
MISMATCH = Verdict(ResultKind.SCHEMA_MISMATCH, schema_errors=(SchemaError("/a", "is not a number"),))
RIGHT = Verdict(ResultKind.JSON)
WRONG = [MALFORMED, MISMATCH]


def rules(what: OnInvalidResult) -> FlowRules:
    return FlowRules("f", max_attempts=2, on_invalid_result=what)


def asked(what: OnInvalidResult, schema: bool = True) -> Job:
    job = structs.replace(pending(rules=rules(what)), result_schema={"type": "object"} if schema else None)
    return claimed(job, "t1")


@pytest.mark.parametrize("verdict", WRONG)
def test_keep_completes_the_job_with_the_verdict_beside_the_result(verdict: Verdict) -> None:
    done = after(asked(OnInvalidResult.KEEP), says(Succeeded("{", verdict), "t1"), rules=rules(OnInvalidResult.KEEP))

    assert (done.state, done.result, done.verdict) == (State.COMPLETED, "{", verdict)


@pytest.mark.parametrize("verdict", WRONG)
def test_retry_makes_a_new_attempt_that_is_told_what_was_wrong(verdict: Verdict) -> None:
    what = rules(OnInvalidResult.RETRY)
    job = after(asked(OnInvalidResult.RETRY), says(Succeeded("{", verdict), "t1"), rules=what)

    assert (job.state, job.failures, job.attempts[-1].end) == (State.PENDING, 1, AttemptEnd.FAILED)
    assert job.error is not None
    assert (job.error.code, job.error.message) == ("invalid_result", complaint(verdict))
    assert job.result is None


def test_the_last_wrong_answer_is_kept_and_shown_as_wrong() -> None:
    what = rules(OnInvalidResult.RETRY)
    job = after(asked(OnInvalidResult.RETRY), says(Succeeded("one", MALFORMED), "t1"), rules=what)
    job = after(claimed(job, "t2", job.run_at), says(Succeeded("two", MALFORMED), "t2"), job.run_at, rules=what)

    assert (job.state, job.result, job.verdict) == (State.FAILED, "two", MALFORMED)


@pytest.mark.parametrize("verdict", WRONG)
def test_fail_ends_the_job_at_once_and_keeps_the_answer(verdict: Verdict) -> None:
    what = rules(OnInvalidResult.FAIL)
    done = after(asked(OnInvalidResult.FAIL), says(Succeeded("{", verdict), "t1"), rules=what)

    assert (done.state, done.failures, done.result, done.verdict) == (State.FAILED, 1, "{", verdict)


@pytest.mark.parametrize("what", list(OnInvalidResult))
def test_a_right_answer_completes_whatever_the_flow_does_with_wrong_ones(what: OnInvalidResult) -> None:
    assert after(asked(what), says(Succeeded("{}", RIGHT), "t1"), rules=rules(what)).state is State.COMPLETED


@pytest.mark.parametrize("what", list(OnInvalidResult))
def test_without_a_schema_nothing_was_asked_for_and_every_result_is_kept(what: OnInvalidResult) -> None:
    done = after(asked(what, schema=False), says(Succeeded("{", MALFORMED), "t1"), rules=rules(what))

    assert (done.state, done.verdict) == (State.COMPLETED, MALFORMED)


@pytest.mark.parametrize("what", [OnInvalidResult.RETRY, OnInvalidResult.FAIL])
def test_a_wrong_answer_of_an_attempt_that_is_over_costs_the_current_one_nothing(what: OnInvalidResult) -> None:
    job = structs.replace(asked(what), attempt=2)

    assert tried(job, calls_back(Succeeded("{", MALFORMED), 1), NOW, rules(what)) is None


def test_the_complaint_names_the_place() -> None:
    assert complaint(MALFORMED) == "Not valid JSON: Expecting a value (line 2, column 7)."
    assert complaint(MISMATCH) == "The JSON does not fit the schema: /a: is not a number."
