"""The n8n processor's hand-over to a fake that answers, and misbehaves, as the real one was seen to do."""

import msgspec
import pytest

from job_processor import registry
from job_processor.core.errors import ProcessorUnusable
from job_processor.core.flow import FlowRules
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Accepted, Deferred, HandOver, LaneClosed
from job_processor.flows import Flow
from job_processor.processors.mock import MockOptions
from job_processor.processors.n8n.processor import N8nOptions, N8nProcessor
from tests.n8n import fake_answers, fake_n8n
from tests.n8n.fake_n8n import FakeN8n
from tests.processors.given import JOB_ID, NOW, dispatch, opened, surroundings
from tests.processors.meanings import closed_by, failure, fault_in
from tests.processors.n8n_fake import n8n, processor
from tests.processors.rogue import Behaviour, Rogue, answer, compressed, endless, reset

__all__ = ["n8n"]


async def test_a_proven_acceptance_keeps_the_execution(n8n: FakeN8n) -> None:
    async with opened(processor(n8n)) as under_test:
        assert await under_test.run(dispatch("Hello")) == Accepted(120_000, "1")
    [received] = n8n.received
    assert (received.job_id, received.attempt, received.prompt) == (JOB_ID, 2, "Hello")
    assert received.callback_token == "callback-token"


async def test_a_workflow_may_ask_for_the_job_later() -> None:
    async with (
        Rogue(answer(202, {"jobId": JOB_ID, "againInSeconds": 30})).serve() as rogue,
        opened(N8nProcessor(N8nOptions(url=rogue.url), surroundings())) as under_test,
    ):
        asked = await under_test.run(dispatch())
    assert asked == Deferred(NOW + 30_000, "again", "The processor asked to be given the job again in 30 s.")


@pytest.mark.parametrize(
    ("behaviour", "trouble"),
    [
        (fake_answers.starting(), Trouble.OUTAGE),
        (fake_answers.wrong_token(), Trouble.MISCONFIGURED),
        (fake_answers.rate_limited({"Retry-After": "3"}), Trouble.RATE_LIMITED),
    ],
)
async def test_what_is_not_an_acceptance_is_the_lanes_trouble(
    n8n: FakeN8n, behaviour: fake_n8n.Behaviour, trouble: Trouble
) -> None:
    n8n.script(behaviour)
    async with opened(processor(n8n)) as under_test:
        over = await under_test.run(dispatch())
        assert closed_by(over).trouble is trouble
        # It was answered, so it may have been the job's doing.
        assert isinstance(over, HandOver)
        assert over.against_job is not None
        assert isinstance(await under_test.run(dispatch()), Accepted)  # The next may go through.


@pytest.mark.parametrize(
    "behaviour",
    [
        answer(200, {"message": "Workflow was started"}),
        answer(200, {"accepted": True, "jobId": JOB_ID}),
        answer(202, {"accepted": True, "jobId": "another"}),
        answer(202, {"againInSeconds": 30, "jobId": "another"}),
        answer(202, {"againInSeconds": 30}),
        answer(200, [1]),
        answer(200, "Thank you!"),
        answer(204),
        answer(202, {"accepted": "true", "jobId": JOB_ID}),
        answer(202, {"accepted": 1, "jobId": JOB_ID}),
        answer(202, ""),
        answer(202, b"\xff\xfe\x00"),
        answer(202, "[" * 100_000),
        compressed(202),
        endless,
    ],
)
async def test_what_has_run_something_and_proves_nothing_is_an_attempt_and_closes_the_lane(
    behaviour: Behaviour,
) -> None:
    async with Rogue(behaviour).serve() as rogue:
        under_test = N8nProcessor(N8nOptions(url=rogue.url), surroundings())
        async with opened(under_test):
            over = await under_test.run(dispatch())
    ended = failure(over)
    assert (ended.error.code, ended.retryable) == ("not_accepted", True)
    assert isinstance(over, HandOver)
    assert over.lane == LaneClosed(Trouble.MISCONFIGURED, ended.error.message)
    assert "is this our workflow?" in ended.error.message


@pytest.mark.parametrize("status", [200, 202])
async def test_only_a_start_page_is_free(status: int) -> None:
    page = "<!DOCTYPE html><html><head><title>n8n.io</title></head><body>n8n is starting up</body></html>"
    async with (
        Rogue(answer(status, page)).serve() as rogue,
        opened(N8nProcessor(N8nOptions(url=rogue.url), surroundings())) as under_test,
    ):
        closed = closed_by(await under_test.run(dispatch()))
    assert closed.trouble is Trouble.OUTAGE
    assert "n8n.io: n8n is starting up" in closed.detail


async def test_what_a_workflow_said_in_place_of_the_proof_is_quoted() -> None:
    for body, words in [({"message": "Workflow was started"}, "Workflow was started"), ("Thank you!", "Thank you!")]:
        async with (
            Rogue(answer(200, body)).serve() as rogue,
            opened(N8nProcessor(N8nOptions(url=rogue.url), surroundings())) as under_test,
        ):
            assert words in failure(await under_test.run(dispatch())).error.message


async def test_a_refused_payload_is_about_the_job(n8n: FakeN8n) -> None:
    n8n.script(fake_answers.refused_payload())
    async with opened(processor(n8n)) as under_test:
        outcome = failure(await under_test.run(dispatch()))
    assert (outcome.error.code, outcome.retryable) == ("http_400", False)


@pytest.mark.parametrize("behaviour", [fake_answers.server_error(), fake_n8n.hang_up()])
async def test_a_fault_of_n8n_counts(n8n: FakeN8n, behaviour: fake_n8n.Behaviour) -> None:
    n8n.script(behaviour)
    async with opened(processor(n8n)) as under_test:
        fault_in(await under_test.run(dispatch()))


async def test_an_execution_id_may_be_a_number_or_missing() -> None:
    proof = {"accepted": True, "jobId": JOB_ID}
    ids: list[object] = [None, True, "", "../7", "1" * 65]
    script = [answer(202, {**proof, "executionId": i}) for i in (17, *ids)]
    async with Rogue(reset, script).serve() as rogue:
        under_test = N8nProcessor(N8nOptions(url=rogue.url), surroundings())
        async with opened(under_test):
            assert await under_test.run(dispatch()) == Accepted(120_000, "17")
            for _ in ids:
                assert await under_test.run(dispatch()) == Accepted(120_000, None)


async def test_an_unknown_workflow_may_have_been_switched_off_after_crashes(n8n: FakeN8n) -> None:
    n8n.script(fake_answers.not_published())
    async with opened(processor(n8n)) as under_test:
        handed = await under_test.run(dispatch())
    assert isinstance(handed, HandOver)
    assert isinstance(handed.lane, LaneClosed)
    assert (handed.lane.trouble, "not published" in handed.lane.detail) == (Trouble.MISCONFIGURED, True)
    assert "switched the workflow off" in str(handed.lane.after_crashes)


# --- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"api_url": "http://localhost:5678"}, "must be set together"),
        ({"api_key_env": "N8N_KEY"}, "must be set together"),
        ({"api_url": "localhost:5678", "api_key_env": "N8N_KEY"}, "api_url must begin with"),
        ({"token_env": "MISSING"}, "MISSING is not set"),
        ({"editor_url": "javascript:alert(1)//workflow/7"}, "editor_url must begin with http"),
        ({"editor_url": "https://n8n.example/workflow/7/executions/3"}, "editor_url must be the workflow's address"),
        ({"editor_url": "https://n8n.example/workflow/7?a=b"}, "editor_url must be the workflow's address"),
        ({"editor_url": "https://me:secret@n8n.example/workflow/7"}, "editor_url must not carry a user name"),
    ],
)
def test_settings_that_cannot_be_used(options: dict[str, str], words: str) -> None:
    with pytest.raises(ProcessorUnusable, match=words):
        N8nProcessor(msgspec.convert({"url": "http://localhost/x", **options}, N8nOptions), surroundings())


@pytest.mark.parametrize(
    ("editor", "executions"),
    [
        (None, None),
        ("https://n8n.example/workflow/Xy7_-z", "https://n8n.example/workflow/Xy7_-z/executions"),
        ("http://localhost:5678/n8n/workflow/7/#here", "http://localhost:5678/n8n/workflow/7/executions"),
    ],
)
def test_the_editors_address_says_where_executions_are_seen(editor: str | None, executions: str | None) -> None:
    options = N8nOptions(url="http://localhost/x", editor_url=editor)
    assert registry.executions_url(Flow(FlowRules("main"), "n8n", options)) == executions
    N8nProcessor(options, surroundings())


def test_a_processor_that_starts_nothing_elsewhere_has_no_executions_to_see() -> None:
    assert registry.executions_url(Flow(FlowRules("main"), "mock", MockOptions())) is None
