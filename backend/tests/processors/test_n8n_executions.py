"""The n8n processor asks the fake n8n what became of an execution, and stops it."""

from typing import Any

import pytest

from job_processor.core.outcome import Accepted, Failed, Outcome, Succeeded
from job_processor.processors.base import Finding, Reconciler
from job_processor.processors.model.answer import SURROGATES_REPLACED
from job_processor.processors.n8n.processor import N8nOptions, N8nProcessor
from tests.n8n import fake_n8n
from tests.n8n.fake_executions import ExecutionStatus
from tests.n8n.fake_n8n import FakeN8n
from tests.processors.given import JOB_ID, MAX_RESULT_BYTES, attempt, dispatch, opened, surroundings
from tests.processors.n8n_fake import n8n, processor
from tests.processors.rogue import Behaviour, Rogue, answer, compressed, reset

__all__ = ["n8n"]


# --- the reconciler --------------------------------------------------------------------------------


async def became(n8n: FakeN8n, behaviour: fake_n8n.Behaviour, **options: Any) -> Outcome | None:
    return (await found(n8n, behaviour, **options)).outcome


async def found(n8n: FakeN8n, behaviour: fake_n8n.Behaviour, **options: Any) -> Finding:
    n8n.script(behaviour)
    async with opened(processor(n8n, **options)) as under_test:
        assert isinstance(under_test, Reconciler)
        accepted = await under_test.run(dispatch())
        assert isinstance(accepted, Accepted)
        finding = await under_test.reconcile(JOB_ID, attempt(accepted.execution_id))
        assert finding is not None
        return finding


async def found_in_a_record(status: str, item: object) -> Finding | None:
    """What an n8n says that has an execution 7 in this state, with this output of the node that we read."""
    runs = {"Callback body": [{"data": {"main": [[{"json": item}]]}}]}
    execution = {"status": status, "data": {"resultData": {"runData": runs}}}
    async with Rogue(answer(200, execution)).serve() as rogue:
        options = N8nOptions(url=rogue.url, api_url=rogue.url, api_key_env="N8N_KEY")
        async with opened(N8nProcessor(options, surroundings())) as under_test:
            return await under_test.reconcile(JOB_ID, attempt("7"))


async def test_a_result_that_was_never_delivered_is_fetched(n8n: FakeN8n) -> None:
    finished = fake_n8n.accept_and_forget(ExecutionStatus.SUCCESS, result='{"answer": 42}')
    assert await became(n8n, finished) == Succeeded('{"answer": 42}')


async def test_a_result_whose_delivery_failed_is_fetched_too(n8n: FakeN8n) -> None:
    undelivered = fake_n8n.accept_and_forget(ExecutionStatus.ERROR, result="done")
    assert await became(n8n, undelivered) == Succeeded("done")


@pytest.mark.parametrize("most", [2_048, 3 * MAX_RESULT_BYTES])
async def test_what_a_callback_may_bring_may_be_fetched(n8n: FakeN8n, most: int) -> None:
    result = "ä" * (most // 2)
    execution = fake_n8n.accept_and_forget(ExecutionStatus.SUCCESS, result=result)
    assert await became(n8n, execution, max_result_bytes=most) == Succeeded(result)


async def test_a_result_longer_than_a_callback_may_bring_is_not_fetched_either(n8n: FakeN8n) -> None:
    most = fake_n8n.accept_and_forget(ExecutionStatus.SUCCESS, result="x" * MAX_RESULT_BYTES)
    assert await became(n8n, most) == Succeeded("x" * MAX_RESULT_BYTES)

    beyond = await became(n8n, fake_n8n.accept_and_forget(ExecutionStatus.SUCCESS, result="x" * (MAX_RESULT_BYTES + 1)))

    assert isinstance(beyond, Failed)
    assert (beyond.error.code, beyond.retryable) == ("answer_too_large", False)


@pytest.mark.parametrize("status", [ExecutionStatus.RUNNING, ExecutionStatus.WAITING])
async def test_an_execution_under_way_gets_more_time(n8n: FakeN8n, status: ExecutionStatus) -> None:
    assert await became(n8n, fake_n8n.accept_and_forget(status)) == Accepted(120_000, "1")


@pytest.mark.parametrize("status", [ExecutionStatus.RUNNING, ExecutionStatus.WAITING])
async def test_what_an_execution_under_way_has_built_and_not_delivered_is_taken(
    n8n: FakeN8n, status: ExecutionStatus
) -> None:
    """We were down when it called back, and it waits to try again."""
    assert await became(n8n, fake_n8n.accept_and_forget(status, result="done")) == Succeeded("done")

    failed = await became(n8n, fake_n8n.accept_and_forget(status, error="no model"))

    assert isinstance(failed, Failed)
    assert (failed.error.code, failed.retryable) == ("n8n_error", True)
    assert failed.error.message == "n8n says that execution 2 ended with an error: no model"


@pytest.mark.parametrize(
    "item",
    [{}, {"body": "not JSON"}, {"body": "{}"}, {"result": None}],
)
@pytest.mark.parametrize("status", ["new", "running", "waiting"])
async def test_an_execution_that_has_built_nothing_for_us_yet_gets_more_time(status: str, item: object) -> None:
    finding = await found_in_a_record(status, item)
    assert finding == Finding(f"Asked n8n about execution 7: it still works on it ({status}).", Accepted(120_000, "7"))


@pytest.mark.parametrize(
    ("behaviour", "code", "words"),
    [
        (fake_n8n.accept_and_forget(ExecutionStatus.CRASHED), "n8n_crashed", "execution 1 crashed"),
        (fake_n8n.accept_and_forget(ExecutionStatus.CANCELED), "n8n_canceled", "execution 1 was stopped"),
        (fake_n8n.accept_and_forget(ExecutionStatus.ERROR, error="model is down"), "n8n_error", "model is down"),
        (fake_n8n.accept_and_forget(ExecutionStatus.SUCCESS, error="no model"), "n8n_error", "no model"),
        (fake_n8n.accept_and_forget(ExecutionStatus.SUCCESS), "n8n_result_lost", "kept no result"),
    ],
)
async def test_an_execution_that_ended_badly_is_told_in_words(
    n8n: FakeN8n, behaviour: fake_n8n.Behaviour, code: str, words: str
) -> None:
    outcome = await became(n8n, behaviour)
    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.retryable) == (code, True)
    assert words in outcome.error.message


async def test_an_unknown_execution_is_unknown(n8n: FakeN8n) -> None:
    async with opened(processor(n8n)) as under_test:
        finding = await under_test.reconcile(JOB_ID, attempt("999"))
        words = "Asked n8n about execution 999: it does not know it (HTTP 404: Not Found)."
        assert finding == Finding(words, outcome=None, answered=True)
        assert await under_test.reconcile(JOB_ID, attempt(None)) is None


async def test_whether_it_can_be_asked_is_known_beforehand(n8n: FakeN8n) -> None:
    assert processor(n8n).can_reconcile
    assert not N8nProcessor(N8nOptions(url=n8n.url), surroundings()).can_reconcile


async def test_flows_of_one_n8n_share_its_executions_whatever_their_paths(n8n: FakeN8n) -> None:
    def at(url: str) -> str:
        return N8nProcessor(N8nOptions(url=url), surroundings()).instance

    assert at("http://n8n:5678/webhook/a") == at("http://n8n:5678/webhook/b?x=1")
    assert at("http://n8n:5678/webhook/a") != at("http://n8n:5679/webhook/a")


@pytest.mark.parametrize("status", ["running", "success"])
async def test_a_record_of_another_job_says_nothing_of_ours(status: str) -> None:
    """The n8n that is asked is not the one that the job was given to."""
    item = {"body": '{"result": "x", "jobId": "another"}'}
    finding = await found_in_a_record(status, item)
    assert finding is not None
    assert finding.outcome is None
    assert (
        finding.words == "Asked n8n about execution 7: it knows it as another job's. Is api_url the n8n of this flow?"
    )


@pytest.mark.parametrize(
    ("behaviour", "over"),
    [
        (fake_n8n.accept_and_forget(ExecutionStatus.CRASHED), True),
        (fake_n8n.accept_and_forget(ExecutionStatus.CANCELED), True),
        (fake_n8n.accept_and_forget(ExecutionStatus.SUCCESS, result="done"), True),
        (fake_n8n.accept_and_forget(ExecutionStatus.SUCCESS, error="no model"), True),
        # Its last node may have given the work to somebody who calls back later.
        (fake_n8n.accept_and_forget(ExecutionStatus.SUCCESS), False),
        (fake_n8n.accept_and_forget(ExecutionStatus.RUNNING), False),
    ],
)
async def test_whether_a_callback_can_still_come_is_told(
    n8n: FakeN8n, behaviour: fake_n8n.Behaviour, over: bool
) -> None:
    finding = await found(n8n, behaviour)
    assert finding.ended is over
    assert finding.words.startswith("Asked n8n about execution 1: it ")


async def test_an_id_never_becomes_another_address() -> None:
    async with Rogue(reset).serve() as rogue:
        options = N8nOptions(url=rogue.url, api_url=rogue.url, api_key_env="N8N_KEY")
        async with opened(N8nProcessor(options, surroundings())) as under_test:
            for odd in ("../users", "7?x=1", "", "7/stop"):
                assert await under_test.reconcile(JOB_ID, attempt(odd)) is None
                assert await under_test.cancel(JOB_ID, attempt(odd)) is None
        assert rogue.requests == []


@pytest.mark.parametrize(
    ("behaviour", "answered", "words"),
    [
        (answer(401, {"message": "unauthorized"}), True, "refuses the key of api_key_env (HTTP 401: unauthorized)"),
        (answer(500), False, "answered HTTP 500"),
        (answer(404, {"message": "Not Found"}), True, "does not know it (HTTP 404: Not Found)"),
        (answer(404, "<html>Cannot GET /api/v1/executions/7</html>"), False, "does not know it (HTTP 404"),
        (answer(503, {"message": "Database is not ready!"}), False, "answered HTTP 503: Database is not ready!"),
        (answer(200, "<html>"), False, "answered with something that is not an execution"),
        (answer(200, [1]), False, "answered with something that is not an execution"),
        (answer(200, {"status": "unheard of"}), True, "says 'unheard of' of it, which tells nothing"),
        (answer(200, {"status": ["success"]}), True, "which tells nothing"),
        (compressed(200), True, "could not be read"),
        (reset, False, "could not be reached"),
    ],
)
async def test_where_n8n_cannot_tell_that_is_what_is_known(behaviour: Behaviour, answered: bool, words: str) -> None:
    async with Rogue(behaviour).serve() as rogue:
        options = N8nOptions(url=rogue.url, api_url=rogue.url, api_key_env="N8N_KEY")
        async with opened(N8nProcessor(options, surroundings())) as under_test:
            finding = await under_test.reconcile(JOB_ID, attempt("7"))
    assert finding is not None
    assert (finding.outcome, finding.answered, finding.ended) == (None, answered, False)
    assert words in finding.words
    request = rogue.requests[0]
    assert request.target == "/api/v1/executions/7?includeData=true"
    assert request.headers["x-n8n-api-key"] == "fake-api-key"


@pytest.mark.parametrize(
    ("item", "outcome"),
    [
        ({"result": "plain"}, Succeeded("plain")),
        ({"result": {"a": "é"}}, Succeeded('{"a": "é"}')),
        ({"body": '{"result": "x"}'}, Succeeded("x")),
        ({"body": '{"result": "\\ud800"}'}, Succeeded("\ufffd", note=SURROGATES_REPLACED)),
        ({"result": "a\ud800"}, Succeeded("a\ufffd", note=SURROGATES_REPLACED)),
        (
            {"body": '{"result": {"n": 1.50, "big": 1e400, "s": "\\u00e9"}}'},
            Succeeded('{"n": 1.50, "big": 1e400, "s": "\\u00e9"}'),
        ),
        ({"body": '{"result": [' + "9" * 5000 + "]}"}, Succeeded("[" + "9" * 5000 + "]")),
        ({"body": '{"result": "\ud800"}'}, Succeeded("\ufffd", note=SURROGATES_REPLACED)),
        ({"body": '\ufeff{"result": [1]}'}, Succeeded("[1]")),
        ({"body": "not JSON"}, None),
        ({}, None),
    ],
)
async def test_any_node_that_builds_a_result_will_do(item: object, outcome: Succeeded | None) -> None:
    runs = {"Mine": [{"data": {"main": [[{"json": item}]]}}]}
    execution = {"status": "success", "data": {"resultData": {"runData": runs}}}
    async with Rogue(answer(200, execution)).serve() as rogue:
        options = N8nOptions(url=rogue.url, api_url=rogue.url, api_key_env="N8N_KEY", result_node="Mine")
        async with opened(N8nProcessor(options, surroundings())) as under_test:
            finding = await under_test.reconcile(JOB_ID, attempt("7"))
    assert finding is not None
    told = finding.outcome
    if outcome is None:
        assert isinstance(told, Failed)
        assert told.error.code == "n8n_result_lost"
    else:
        assert told == outcome


# --- cancel ----------------------------------------------------------------------------------------


async def test_a_cancel_stops_the_execution(n8n: FakeN8n) -> None:
    async with opened(processor(n8n)) as under_test:
        await under_test.run(dispatch())
        assert await under_test.cancel(JOB_ID, attempt("1")) == "n8n stopped execution 1."
        assert n8n.executions["1"].status is ExecutionStatus.CANCELED
        again = await under_test.cancel(JOB_ID, attempt("1"))
    assert again is not None
    assert "did not stop execution 1 (HTTP 409" in again


async def test_a_cancel_that_reaches_nobody() -> None:
    options = N8nOptions(url="http://127.0.0.1:1", api_url="http://127.0.0.1:1", api_key_env="N8N_KEY")
    async with opened(N8nProcessor(options, surroundings())) as under_test:
        assert await under_test.cancel(JOB_ID, attempt("1")) == "n8n could not be reached to stop execution 1."


async def test_a_cancel_that_n8n_is_not_told_of_says_that_it_goes_on() -> None:
    """In the hand-over nobody knows what to stop; without a key nobody may."""
    options = N8nOptions(url="http://127.0.0.1:1")
    async with opened(N8nProcessor(options, surroundings())) as under_test:
        said = await under_test.cancel(JOB_ID, attempt(None))
        assert said == "n8n had not accepted the job yet; it may have started it, and continue."
        said = await under_test.cancel(JOB_ID, attempt("7"))
        assert said == "n8n was not asked to stop (api_key_env is not set): execution 7 continues."
