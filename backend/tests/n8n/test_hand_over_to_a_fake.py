"""Our backend as a process, handing over to the fake: each fault of n8n, as a client sees it in the end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from . import fake_answers, fake_n8n
from .backend import Backend
from .fake_executions import ExecutionStatus
from .fake_n8n import Behaviour, FakeN8n
from .processes import free_ports, until
from .scenario import check_completed_once, details, flow, happened, with_api

pytestmark = pytest.mark.waits

TOKEN = "inbound-token"
SECRET = "callback-secret-0123456789abcdef"
API_KEY = "fake-api-key"


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    backend = Backend(tmp_path, free_ports(1), {"WEBHOOK_SECRET": SECRET, "N8N_TOKEN": TOKEN, "N8N_API_KEY": API_KEY})
    yield backend
    await backend.stop()


@pytest.fixture
async def fake(backend: Backend) -> AsyncIterator[FakeN8n]:
    error_url = f"{backend.url}/webhook/callback"
    async with FakeN8n(token=TOKEN, secret=SECRET, api_key=API_KEY, error_url=error_url).serve() as fake:
        yield fake


@pytest.mark.parametrize(
    ("behaviour", "kind", "words"),
    [
        pytest.param(fake_answers.starting(), "outage", "starting", id="web page"),
        pytest.param(fake_answers.not_published(), "misconfigured", "not published", id="404"),
        pytest.param(fake_answers.wrong_token(), "misconfigured", "403", id="403"),
    ],
)
async def test_lane_trouble_costs_no_attempt(
    backend: Backend, fake: FakeN8n, behaviour: Behaviour, kind: str, words: str
) -> None:
    """The lane closes and says why, opens by itself, and the job completes as if nothing had been."""
    fake.script(behaviour)
    await backend.start(flow(fake.url))
    ids = await backend.submit(["hello"])

    async def snoozed() -> bool:
        return "snoozed" in happened(await backend.job(ids[0]))

    await until("the job is put back", snoozed, seconds=10, pause=0.02)
    await backend.all_final(1, seconds=20)
    [job] = await backend.jobs(ids)
    check_completed_once([job])
    assert job["failures"] == 0
    assert (job["attempts"][0]["error"] or {})["code"] == kind
    assert words in details(job)
    await backend.lane_opens()


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        pytest.param(fake_answers.accept_another(), '"jobId"', id="another job"),
        pytest.param(fake_answers.accept_without_proof(), "Workflow was started", id="no proof"),
    ],
)
async def test_a_success_without_the_proof_has_run_something_and_counts(
    backend: Backend, fake: FakeN8n, behaviour: Behaviour, words: str
) -> None:
    """It is one failed attempt; the lane closes, opens by itself, and the next attempt completes the job."""
    # The callback overtakes the 202, so that the job is final before the lane is open.
    fake.script(behaviour, fake_n8n.accept(before_answer=True))
    await backend.start(flow(fake.url))
    ids = await backend.submit(["hello"])
    await backend.all_final(1, seconds=20)
    [job] = await backend.jobs(ids)
    check_completed_once([job])
    assert job["failures"] == 1
    assert (job["attempts"][0]["error"] or {})["code"] == "not_accepted"
    assert words in details(job)
    await backend.lane_opens()


async def test_a_crash_is_another_attempt_and_its_echoes_are_nothing(backend: Backend, fake: FakeN8n) -> None:
    fake.script(fake_n8n.accept_and_crash(reports=3))
    await backend.start(flow(fake.url))
    ids = await backend.submit(["hello"])
    await backend.all_final(1, seconds=20)
    await fake.idle()
    [job] = await backend.jobs(ids)
    check_completed_once([job])
    assert job["failures"] == 1
    assert fake_n8n.CRASHED in details(job)
    assert all(d.status is not None and d.status < 300 for d in fake.deliveries), "n8n would send it again"


async def test_a_crash_report_may_overtake_the_acceptance(backend: Backend, fake: FakeN8n) -> None:
    """The execution id is not known to us yet. The report is kept, and counts as soon as the acceptance names it:
    the callback's deadline, minutes away, is no answer."""
    fake.script(fake_n8n.accept_and_crash(before_answer=True))
    await backend.start(flow(fake.url, callback_timeout=120))
    ids = await backend.submit(["hello"])

    async def known() -> bool:
        return (await backend.job(ids[0]))["failures"] == 1

    await until("the crash is known", known, seconds=10)
    assert [d.status for d in fake.deliveries if "jobId" not in d.body] == [202]


async def test_duplicates_and_early_callbacks_complete_once(backend: Backend, fake: FakeN8n) -> None:
    fake.script(
        fake_n8n.accept(before_answer=True),
        fake_n8n.accept(deliveries=4),
        fake_n8n.accept(before_answer=True, deliveries=3),
    )
    await backend.start(flow(fake.url))
    ids = await backend.submit(["one", "two", "three"])
    await backend.all_final(3, seconds=20)
    await fake.idle()
    check_completed_once(await backend.jobs(ids))
    assert [d.status for d in fake.deliveries] == [200] * 8


async def test_an_answer_that_never_came_may_have_run(backend: Backend, fake: FakeN8n) -> None:
    """The first try hung up; the second is accepted. One result, whichever brings it."""
    fake.script(fake_n8n.hang_up())
    await backend.start(flow(fake.url))
    ids = await backend.submit(["hello"])
    await backend.all_final(1, seconds=30)
    check_completed_once(await backend.jobs(ids))


async def test_silence_is_overdue_and_tried_again(backend: Backend, fake: FakeN8n) -> None:
    fake.script(fake_n8n.accept_and_forget())
    await backend.start(flow(fake.url, callback_timeout=1))
    ids = await backend.submit(["hello"])
    await backend.all_final(1, seconds=30)
    [job] = await backend.jobs(ids)
    check_completed_once([job])
    assert "callback_overdue" in happened(job)
    assert [received.attempt for received in fake.received] == [1, 2]


async def test_what_n8n_holds_and_could_not_deliver_is_taken(backend: Backend, fake: FakeN8n) -> None:
    """The run waits to call back again: its result is there, and the callback is overdue."""
    result = '{"answer": "echo: hello"}'
    fake.script(fake_n8n.accept_and_forget(ExecutionStatus.WAITING, result=result))
    await backend.start(flow(fake.url, callback_timeout=1, more=with_api(fake.api_url)))
    ids = await backend.submit(["hello"])
    await backend.all_final(1, seconds=30)
    [job] = await backend.jobs(ids)
    check_completed_once([job])
    assert [received.attempt for received in fake.received] == [1]
    assert "the result it had was taken" in details(job)


@pytest.mark.parametrize(
    ("api_url", "words"),
    [(None, "n8n stopped execution 1."), ("http://127.0.0.1:1", "n8n could not be reached to stop execution 1.")],
)
async def test_the_history_says_what_n8n_made_of_a_cancel(
    backend: Backend, fake: FakeN8n, api_url: str | None, words: str
) -> None:
    fake.script(fake_n8n.accept_and_forget())
    await backend.start(flow(fake.url, more=with_api(api_url or fake.api_url)))
    [job_id] = await backend.submit(["hello"])
    await backend.in_flight(1)
    await backend.cancel(job_id)

    async def told() -> bool:
        return "cancel_answered" in happened(await backend.job(job_id))

    await until("the history says what n8n answered", told, seconds=15, pause=0.02)
    job = await backend.job(job_id)
    assert (job["status"], happened(job)[-2:]) == ("CANCELLED", ["cancelled", "cancel_answered"])
    assert words in details(job)


async def test_what_n8n_lost_is_known_as_soon_as_it_is_back(backend: Backend, fake: FakeN8n) -> None:
    """It crashed, tells nobody, and its callback is due in ten minutes. The next job finds it starting, then well."""
    fake.script(fake_n8n.accept_and_forget(), fake_answers.starting())
    await backend.start(flow(fake.url, callback_timeout=600, more=with_api(fake.api_url)))
    [lost] = await backend.submit(["hello"])
    await backend.in_flight(1)
    fake.executions["1"].status = ExecutionStatus.CRASHED
    await backend.submit(["another"])
    await backend.all_final(2, seconds=30)
    job = await backend.job(lost)
    check_completed_once([job])
    assert happened(job)[:5] == ["submitted", "started", "accepted", "asked", "attempt_failed"]
    assert "Asked n8n about execution 1: it says that it crashed." in details(job)


async def test_a_cancel_in_the_hand_over_says_that_n8n_may_go_on(backend: Backend, fake: FakeN8n) -> None:
    fake.script(fake_n8n.slow(10))
    await backend.start(flow(fake.url, more=with_api(fake.api_url)))
    [job_id] = await backend.submit(["hello"])

    async def handed_over() -> bool:
        return len(fake.received) == 1

    await until("n8n has the request", handed_over, seconds=10, pause=0.02)
    await backend.cancel(job_id)

    async def told() -> bool:
        return "cancel_answered" in happened(await backend.job(job_id))

    await until("the history says it", told, seconds=15, pause=0.02)
    assert "it may have started it, and continue" in details(await backend.job(job_id))


async def test_a_result_after_a_cancel_corrects_what_was_said_of_it(backend: Backend, fake: FakeN8n) -> None:
    fake.script(fake_n8n.accept_and_forget())
    await backend.start(flow(fake.url, more=with_api(fake.api_url)))
    [job_id] = await backend.submit(["hello"])
    await backend.in_flight(1)
    await backend.cancel(job_id)

    async def told() -> bool:
        return "cancel_answered" in happened(await backend.job(job_id))

    await until("n8n said that it stopped", told, seconds=15, pause=0.02)
    received = fake.received[0]
    body = {"jobId": job_id, "attempt": 1, "executionId": received.execution_id, "result": "after all"}
    assert [await fake.call_back(received.callback_url, body) for _ in range(2)] == [409, 409]
    job = await backend.job(job_id)
    assert (job["status"], happened(job)[-3:]) == ("CANCELLED", ["cancelled", "cancel_answered", "late_result"])
    assert "the run was not stopped in time" in details(job)


async def test_two_n8n_that_count_alike_are_told_apart(backend: Backend, fake: FakeN8n) -> None:
    """Both have an execution 1. A report counts for the n8n that it names, and for none when it names none."""
    other = FakeN8n(token=TOKEN, secret=SECRET, api_key=API_KEY, error_url=f"{fake.error_url}?flow=other")
    fake.script(fake_n8n.accept_and_forget())
    other.script(fake_n8n.accept_and_forget())
    async with other.serve():
        flows = flow(fake.url) + flow(other.url).split("\n", 3)[3].replace("flows.n8n", "flows.other")
        await backend.start(flows)
        [mine] = await backend.submit(["mine"])
        await backend.in_flight(1)
        [theirs] = await backend.submit(["theirs"], flow="other")
        await backend.in_flight(2)
        await fake.report_crash("1")
        assert [(await backend.job(one))["failures"] for one in (mine, theirs)] == [0, 0]
        await other.report_crash("1")
        assert [(await backend.job(one))["failures"] for one in (mine, theirs)] == [0, 1]
