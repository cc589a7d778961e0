"""The fake behaves as the real one was seen to, or tests that lean on it prove nothing."""

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, ServerDisconnectedError

from . import fake_answers, fake_n8n
from .fake_executions import ExecutionStatus
from .fake_n8n import Behaviour, FakeN8n
from .receiver import Receiver

TOKEN = "inbound-token"
SECRET = "callback-secret"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver().serve() as receiver:
        yield receiver


@pytest.fixture
async def fake(receiver: Receiver) -> AsyncIterator[FakeN8n]:
    async with FakeN8n(token=TOKEN, secret=SECRET, error_url=receiver.url).serve() as fake:
        yield fake


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession() as client:
        yield client


def dispatch(receiver: Receiver, job_id: str = "a" * 24) -> dict[str, object]:
    return {
        "jobId": job_id,
        "attempt": 2,
        "prompt": "hello",
        "metadata": {},
        "callbackUrl": receiver.url,
        "callbackToken": "t",
    }


async def send(client: ClientSession, fake: FakeN8n, receiver: Receiver, token: str = TOKEN) -> tuple[int, str, str]:
    async with client.post(fake.url, json=dispatch(receiver), headers={"x-n8n-token": token}) as response:
        return response.status, response.content_type, await response.text()


async def test_a_healthy_run_is_accepted_and_calls_back_once(
    client: ClientSession, fake: FakeN8n, receiver: Receiver
) -> None:
    status, _, text = await send(client, fake, receiver)
    await fake.idle()

    assert (status, json.loads(text)) == (202, {"accepted": True, "jobId": "a" * 24, "executionId": "1"})
    result = json.dumps({"answer": "echo: hello"})
    assert receiver.bodies == [{"jobId": "a" * 24, "attempt": 2, "executionId": "1", "result": result}]
    assert [a.secret for a in receiver.arrived] == [SECRET]
    assert [d.status for d in fake.deliveries] == [200]


@pytest.mark.parametrize(
    ("behaviour", "status", "content_type", "words"),
    [
        (fake_answers.starting(), 200, "text/html", "n8n is starting up"),
        (fake_answers.not_published(), 404, "application/json", "is not registered"),
        (fake_answers.wrong_token(), 403, "text/plain", "Authorization data is wrong!"),
        (fake_answers.refused_payload(), 400, "application/json", "required"),
        (fake_answers.server_error(), 500, "application/json", "Internal Server Error"),
        (fake_answers.rate_limited({"Retry-After": "3"}), 429, "text/plain", "Too Many"),
        (fake_answers.accept_another(), 202, "application/json", "0" * 24),
        (fake_answers.accept_without_proof(), 202, "application/json", "Workflow was started"),
    ],
)
async def test_an_answer_without_a_run_calls_nobody_back(
    client: ClientSession,
    fake: FakeN8n,
    receiver: Receiver,
    behaviour: Behaviour,
    status: int,
    content_type: str,
    words: str,
) -> None:
    fake.script(behaviour)
    got = await send(client, fake, receiver)
    await fake.idle()

    assert got[:2] == (status, content_type)
    assert words in got[2]
    assert receiver.bodies == []


async def test_the_script_is_followed_in_turn_and_then_the_usual(
    client: ClientSession, fake: FakeN8n, receiver: Receiver
) -> None:
    fake.script(fake_answers.starting(), fake_answers.not_published())
    statuses = [(await send(client, fake, receiver))[0] for _ in range(4)]
    assert statuses == [200, 404, 202, 202]


async def test_a_wrong_token_is_refused_before_anything_is_recorded(
    client: ClientSession, fake: FakeN8n, receiver: Receiver
) -> None:
    assert (await send(client, fake, receiver, token="wrong"))[0] == 403
    assert fake.received == []


async def test_a_crash_is_reported_by_execution_id_alone_and_again(
    client: ClientSession, fake: FakeN8n, receiver: Receiver
) -> None:
    fake.script(fake_n8n.accept_and_crash(reports=2))
    await send(client, fake, receiver)
    await fake.idle()

    assert len(receiver.bodies) == 2
    assert receiver.bodies[0] == receiver.bodies[1]
    assert receiver.bodies[0] == {
        "executionId": "1",
        "error": fake_n8n.CRASHED,
        "workflow": "Job Processor",
        "lastNode": "Webhook",
    }


async def test_a_callback_may_overtake_its_202_and_come_twice(
    client: ClientSession, fake: FakeN8n, receiver: Receiver
) -> None:
    fake.script(fake_n8n.accept(before_answer=True, deliveries=2))
    await send(client, fake, receiver)
    assert len(receiver.bodies) == 2


async def test_hanging_up_gives_no_answer(client: ClientSession, fake: FakeN8n, receiver: Receiver) -> None:
    fake.script(fake_n8n.hang_up())
    with pytest.raises(ServerDisconnectedError):
        await send(client, fake, receiver)


async def test_the_api_shows_a_finished_run_that_was_never_delivered(
    client: ClientSession, fake: FakeN8n, receiver: Receiver
) -> None:
    fake.script(fake_n8n.accept_and_forget(ExecutionStatus.SUCCESS, result="the answer"))
    await send(client, fake, receiver)
    url = f"{fake.api_url}/api/v1/executions/1?includeData=true"
    key = {"X-N8N-API-KEY": fake.api_key}

    async with client.get(url) as response:
        assert response.status == 401
    async with client.get(url, headers=key) as response:
        execution = await response.json()
    assert execution["status"] == "success"
    item = execution["data"]["resultData"]["runData"]["Callback body"][0]["data"]["main"][0][0]
    assert json.loads(item["json"]["body"])["result"] == "the answer"


async def test_a_running_execution_can_be_stopped_once(
    client: ClientSession, fake: FakeN8n, receiver: Receiver
) -> None:
    fake.script(fake_n8n.accept_and_forget())
    await send(client, fake, receiver)
    url = f"{fake.api_url}/api/v1/executions/1/stop"
    key = {"X-N8N-API-KEY": fake.api_key}

    async with client.post(url, headers=key) as response:
        assert (response.status, (await response.json())["status"]) == (200, "canceled")
    async with client.post(url, headers=key) as response:
        assert response.status == 409
