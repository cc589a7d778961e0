"""An existing workflow with Respond to Webhook in a real n8n, unchanged, behind an ``http`` flow."""

import json

import pytest

from .backend import Backend
from .existing_workflow import add_existing_workflow
from .real_n8n import RealN8n
from .scenario import happened, prompts

pytestmark = [pytest.mark.n8n, pytest.mark.timeout(600)]


def flow(url: str, more: str = "") -> str:
    return f"""
default_flow = "existing"

[flows.existing]
processor = "http"
url = "{url}"
headers_env = {{ x-n8n-token = "N8N_TOKEN" }}
max_attempts = 2
backoff_base_seconds = 0
{more}
"""


async def test_an_unchanged_workflow_answers_with_the_result(n8n: RealN8n, backend: Backend) -> None:
    """51 prompts; for one the workflow ends without an answer: that one FAILED, 50 COMPLETED, the lane is open."""
    url = add_existing_workflow(n8n)
    await n8n.start()
    await backend.start(flow(url))

    ids = await backend.submit([*prompts(25), "[empty] job", *prompts(25)])
    await backend.all_final(len(ids), seconds=120, failures=True)
    jobs = await backend.jobs(ids)

    [empty] = [job for job in jobs if job["status"] == "FAILED"]
    assert empty["prompt"] == "[empty] job"
    assert empty["error"] is not None
    assert (empty["error"]["code"], empty["error"]["message"]) == (
        "empty_answer",
        "It answered 200 with an empty body.",
    )
    for job in jobs:
        if job is not empty:
            assert (job["status"], happened(job)) == ("COMPLETED", ["submitted", "started", "completed"])
            words = {"summary": f"You said: {job['prompt']}", "characters": len(job["prompt"])}
            assert json.loads(job["result"] or "") == words
    assert (await backend.lane("existing"))["state"] == "open"

    # The submission itself may bring the answer; a text is taken as it is, an error as a failed attempt.
    for prompt, status, result, code in (
        ('[text] say "ä 😀"\n', "COMPLETED", 'You said: [text] say "ä 😀"\n', None),
        ("[fail] this", "FAILED", None, "http_500"),
    ):
        asked = {"prompt": prompt}
        async with backend.client.post("/jobs", json=asked, headers={"prefer": "wait=30"}) as response:
            told = await response.json()
        assert (response.status, told["status"], told["result"]) == (201, status, result)
        assert (told["error"] or {}).get("code") == code

    # And a part of the answer may be the result.
    await backend.stop()
    await backend.start(flow(url, 'take = "/summary"'))
    async with backend.client.post("/jobs", json={"prompt": "a part"}, headers={"prefer": "wait=30"}) as response:
        told = await response.json()
    assert (told["status"], told["result"]) == ("COMPLETED", "You said: a part")


async def test_a_workflow_that_answers_at_once_is_told_to_wait(n8n: RealN8n, backend: Backend) -> None:
    """Respond: Immediately, which is n8n's default: no job takes "Workflow was started" for its result."""
    url = add_existing_workflow(n8n, respond="onReceived")
    await n8n.start()
    await backend.start(flow(url))

    async with backend.client.post("/jobs", json={"prompt": "a"}, headers={"prefer": "wait=30"}) as response:
        job = await response.json()
    lane = await backend.lane("existing")

    assert (job["status"], job["result"]) == ("FAILED", None)
    assert job["error"]["code"] == "no_result"
    assert (lane["state"], lane["kind"]) == ("closed", "misconfigured")
    assert "Respond to Webhook" in (lane["detail"] or "")
