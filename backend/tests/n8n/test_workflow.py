"""The workflow we ship, in a real n8n, without our backend: what it answers and what it delivers."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from .conftest import SECRET, TOKEN
from .processes import until
from .real_n8n import RealN8n
from .receiver import Receiver

pytestmark = [pytest.mark.n8n, pytest.mark.timeout(400, func_only=True)]

JOB = "0123456789abcdef01234567"


@pytest.fixture
async def receiver(public_port: int) -> AsyncIterator[Receiver]:
    async with Receiver().serve(public_port) as receiver:
        yield receiver


async def dispatch(
    n8n: RealN8n, receiver: Receiver, prompt: str = "hello", *, token: str = TOKEN, **changes: Any
) -> tuple[int, Any]:
    body = {"jobId": JOB, "attempt": 3, "prompt": prompt, "metadata": {}, "callbackUrl": receiver.url} | changes
    async with (
        ClientSession() as client,
        client.post(n8n.webhook_url, json=body, headers={"x-n8n-token": token}) as response,
    ):
        is_json = response.content_type == "application/json"
        return response.status, await response.json() if is_json else await response.text()


async def arrived(receiver: Receiver, count: int, seconds: float = 15) -> list[dict[str, Any]]:
    async def enough() -> bool:
        return len(receiver.arrived) >= count

    await until(f"{count} requests arrive", enough, seconds, pause=0.05)
    return receiver.bodies


async def test_accepts_then_delivers_the_result(running: RealN8n, receiver: Receiver) -> None:
    status, answer = await dispatch(running, receiver)
    assert status == 202
    assert answer == {"accepted": True, "jobId": JOB, "executionId": answer["executionId"]}

    [body] = await arrived(receiver, 1)
    assert body.keys() == {"jobId", "attempt", "executionId", "result"}
    assert (body["jobId"], body["attempt"], body["executionId"]) == (JOB, 3, answer["executionId"])
    assert '"echo: hello"' in body["result"]
    assert receiver.arrived[0].secret == SECRET


async def test_carries_a_prompt_of_any_characters(running: RealN8n, receiver: Receiver) -> None:
    prompt = 'quotes " \\ braces {{ $json }} ={{ 1 + 1 }} line\nbreak, tab\t, emoji 🙂, \u2028'
    await dispatch(running, receiver, prompt)
    [body] = await arrived(receiver, 1)
    assert json.loads(body["result"])["answer"] == f"echo: {prompt}"


async def test_reports_a_failing_node(running: RealN8n, receiver: Receiver) -> None:
    assert (await dispatch(running, receiver, "[fail]"))[0] == 202
    [body] = await arrived(receiver, 1)
    assert body.keys() == {"jobId", "attempt", "executionId", "error"}
    assert "the prompt asked this workflow to fail" in body["error"]


async def test_reports_a_dead_execution_with_the_job_that_its_error_names(running: RealN8n, receiver: Receiver) -> None:
    _, answer = await dispatch(running, receiver, "[crash]")
    [body] = await arrived(receiver, 1)
    assert body == {
        "jobId": JOB,
        "attempt": 3,
        "executionId": answer["executionId"],
        "error": f"the prompt asked this workflow to crash [job {JOB}, attempt 3]",
        "workflow": "Job Processor",
        "lastNode": "Crash as asked",
    }
    assert receiver.arrived[0].secret == SECRET


async def test_sleeps_as_asked(running: RealN8n, receiver: Receiver) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await dispatch(running, receiver, "[sleep:3] hello")
    await arrived(receiver, 1)
    assert 3 <= loop.time() - began < 12


@pytest.mark.parametrize("changes", [{"jobId": ""}, {"prompt": 7}, {"callbackUrl": "ftp://x"}])
async def test_refuses_what_is_no_dispatch(running: RealN8n, receiver: Receiver, changes: dict[str, Any]) -> None:
    status, answer = await dispatch(running, receiver, **changes)
    assert (status, list(answer)) == (400, ["error"])


async def test_refuses_a_wrong_token(running: RealN8n, receiver: Receiver) -> None:
    assert await dispatch(running, receiver, token="wrong") == (403, "Authorization data is wrong!")


async def test_takes_a_conflict_for_an_answer(running: RealN8n, receiver: Receiver) -> None:
    """409: the job has its result. No second delivery, and no complaint by the error workflow."""
    receiver.statuses.append(409)
    _, answer = await dispatch(running, receiver)
    await arrived(receiver, 1)
    await _ended(running, answer["executionId"], "success")
    assert len(receiver.arrived) == 1


async def test_gives_up_at_once_on_a_refused_body(running: RealN8n, receiver: Receiver) -> None:
    """413: sending it again cannot help. The error workflow says why."""
    receiver.statuses.append(413)
    _, answer = await dispatch(running, receiver)
    bodies = await arrived(receiver, 2)
    assert bodies[1]["executionId"] == answer["executionId"]
    assert (bodies[1]["jobId"], bodies[1]["attempt"]) == (JOB, 3)
    assert bodies[1]["error"] == f"callback not delivered: refused with HTTP 413 [job {JOB}, attempt 3]"


async def test_delivers_again_after_a_server_error(running: RealN8n, receiver: Receiver) -> None:
    """500, then well: the same body once more, after the back-off of 15 s."""
    receiver.statuses.append(500)
    await dispatch(running, receiver)
    first, second = await arrived(receiver, 2, seconds=45)
    assert first == second


async def test_never_sends_the_secret_to_another_host(running: RealN8n, receiver: Receiver) -> None:
    """The credential is bound to 127.0.0.1: an address by another name gets nothing at all."""
    await dispatch(running, receiver, callbackUrl=receiver.url.replace("127.0.0.1", "localhost"))
    await dispatch(running, receiver, attempt=4)
    await arrived(receiver, 1)
    await asyncio.sleep(6)  # nothing to wait for; the first try and its repetition 5 s later lie within
    assert [body["attempt"] for body in receiver.bodies] == [4]


async def test_a_kill_is_reported_by_the_execution_alone_or_not_at_all(running: RealN8n, receiver: Receiver) -> None:
    """SIGKILL: no callback ever. The restarted n8n may report the execution; it does not know its job. Its records say
    that it crashed, or go on to say that it runs: which of all that depends on what its event log held."""
    _, answer = await dispatch(running, receiver, "[sleep:30]")
    await running.kill()
    assert receiver.arrived == []
    await running.start()
    status = await running.execution_status(answer["executionId"])
    reports = [body for body in receiver.bodies if body.get("executionId") == answer["executionId"]]
    print(f"\nn8n's record says {status!r}; reports so far: {len(reports)}")
    assert status in ("crashed", "running")
    assert all("did not finish" in body["error"] and "jobId" not in body for body in receiver.bodies)


async def _ended(n8n: RealN8n, execution_id: str, status: str) -> None:
    async def condition() -> bool:
        return (await n8n.executions()).get(execution_id) == status

    await until(f"execution {execution_id} is {status}", condition, seconds=15)
