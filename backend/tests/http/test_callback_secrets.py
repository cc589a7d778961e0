"""What a workflow says of a job in a callback is kept without our secrets; a result is kept as it came."""

import json

import pytest

from job_processor.core.outcome import Accepted
from job_processor.core.redaction import Redactor
from tests.support.site import SECRET, Site

KEY = "sk-live-0123456789abcdefghijklmnop"


async def given(site: Site) -> tuple[str, str]:
    """A job that waits for its callback, and its token."""
    site.acts.callbacks._redactor = Redactor((SECRET, KEY))
    job = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(60_000, "exec-1"))
    return job, site.token(job)


@pytest.mark.parametrize("field", ["error", "progress"])
@pytest.mark.parametrize("is_final", [False, True], ids=["awaited", "late"])
async def test_a_workflow_that_sends_its_input_back_gives_no_secret_away(
    site: Site, field: str, is_final: bool
) -> None:
    job, token = await given(site)
    if is_final:
        await site.client.post(f"/jobs/{job}/cancel")

    words = json.dumps({"callbackToken": token, "headers": {"x-webhook-secret": SECRET, "authorization": KEY}})
    await site.callback({"jobId": job, field: f"The node failed: {words}"}, token=token)

    kept = json.dumps(await site.job(job)) + (await site.client.get(f"/callbacks?jobId={job}")).text
    for secret in (token, token.rpartition(".")[2], SECRET, KEY):
        assert secret not in kept
    assert "The node failed" in kept or is_final


async def test_an_execution_that_crashed_gives_no_secret_away(site: Site) -> None:
    job, token = await given(site)

    await site.callback({"executionId": "exec-1", "error": f"node had {token} and {KEY}"})

    assert (await site.job(job))["attempts"][0]["error"]["message"] == "node had *** and ***"


async def test_an_execution_id_that_holds_a_secret_gives_it_not_away(site: Site) -> None:
    await given(site)

    await site.callback({"executionId": f"run-{KEY}", "error": "crashed"})

    [kept] = (await site.client.get("/callbacks")).json()
    assert (kept["executionId"], kept["content"]) == ("run-***", "crashed")


async def test_a_result_is_kept_byte_for_byte_whatever_it_holds(site: Site) -> None:
    job, token = await given(site)

    reply = await site.callback({"jobId": job, "result": f"{token} {KEY}"}, token=token)

    assert reply.json()["result"] == f"{token} {KEY}"
