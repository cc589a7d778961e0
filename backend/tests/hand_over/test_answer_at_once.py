"""``http`` flows the whole way: an endpoint's answer is the result, and a client may have it with its submission."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from yarl import URL

from job_processor.core.flow import FlowRules, OnInvalidResult
from job_processor.processors.base import ProcessorSetup
from job_processor.processors.http.processor import EndpointOptions, EndpointProcessor
from tests.hand_over.stage import RULES, ends, stage, words
from tests.processors.rogue import Rogue, answer, drip
from tests.support.clock import Clock
from tests.support.process import run, server
from tests.support.site import SECRET
from tests.support.waiting import until

CANARY = "canary-of-the-endpoint-0123456789"


@dataclass(slots=True)
class Endpoint:
    """Somebody's service: it answers, or accepts and calls back."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    later: set["asyncio.Task[None]"] = field(default_factory=set)

    async def now(self, request: web.Request) -> web.Response:
        assert request.headers["authorization"] == CANARY
        self.asked.append(await request.json())
        return web.json_response({"answer": {"text": f"You said: {self.asked[-1]['prompt']}"}})

    async def by_callback(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        self.later.add(asyncio.create_task(self._call_back(self.asked[-1])))
        return web.json_response({"executionId": "run-1"}, status=202)

    async def _call_back(self, sent: dict[str, Any]) -> None:
        report = {"jobId": sent["jobId"], "attempt": sent["attempt"], "result": "later"}
        proof = {"authorization": f"Bearer {sent['callbackToken']}"}
        async with ClientSession() as http:

            async def waiting() -> bool:
                async with http.get(URL(sent["callbackUrl"]).with_path(f"/jobs/{sent['jobId']}")) as reply:
                    return bool((await reply.json())["status"] == "WAITING")

            await until(waiting, "the acceptance is recorded")
            async with http.post(sent["callbackUrl"], json=report, headers=proof) as reply:
                assert reply.status == 200, await reply.text()


@pytest.fixture
async def endpoint() -> AsyncIterator[tuple[Endpoint, str]]:
    made = Endpoint()
    app = web.Application()
    app.add_routes([web.post("/now", made.now), web.post("/later", made.by_callback)])
    async with TestServer(app) as served:
        yield made, str(served.make_url("")).rstrip("/")


FLOWS = """
default_flow = "now"

[flows.now]
processor = "http"
url = "{url}/now"
headers_env = {{ Authorization = "ENDPOINT_TOKEN" }}
take = "/answer/text"

[flows.later]
processor = "http"
url = "{url}/later"

[flows.asked]
processor = "http"
url = "{url}/now"
headers_env = {{ Authorization = "ENDPOINT_TOKEN" }}
take = "/answer"

[flows.asked.template]
prompt = "<{{{{prompt}}}}> in {{{{metadata.language}}}}"
"""


async def test_a_real_process_answers_a_submission_with_the_endpoints_answer(
    tmp_path: Path, endpoint: tuple[Endpoint, str]
) -> None:
    made, url = endpoint
    flows = FLOWS.format(url=url)
    async with server(tmp_path, flows, ENDPOINT_TOKEN=CANARY) as process:

        async def submit(**body: object) -> tuple[dict[str, Any], str | None]:
            async with process.http.post("/jobs", json=body, headers={"prefer": "wait=20"}) as reply:
                assert reply.status == 201
                return await reply.json(), reply.headers.get("preference-applied")

        job, applied = await submit(prompt="Hello 😀")
        assert (job["status"], job["result"], applied) == ("COMPLETED", "You said: Hello 😀", "wait=20")
        assert (words(job), ends(job)) == (["submitted", "started", "completed"], ["succeeded"])

        job, _ = await submit(prompt="Hello", flow="later")
        assert (job["status"], job["result"], job["attempts"][0]["executionId"]) == ("COMPLETED", "later", "run-1")
        assert words(job) == ["submitted", "started", "accepted", "completed"]

        job, _ = await submit(prompt='say "no"', flow="asked", metadata={"language": "German"})
        assert json.loads(job["result"]) == {"text": 'You said: <say "no"> in German'}

        async with process.http.get("/flows") as reply:
            told = await reply.text()
    assert len(made.asked) == 3
    code, checked = await run(
        "check", environment={"ENDPOINT_TOKEN": CANARY, "DATA_DIR": str(tmp_path / "data")}, cwd=tmp_path
    )
    assert (code, "flow now: http" in checked) == (0, True)
    for said in (told, checked, process.log.read_text()):
        assert CANARY not in said


async def test_options_that_cannot_be_used_stop_the_start_in_words(tmp_path: Path) -> None:
    flows = '[flows.a]\nprocessor = "http"\nurl = "http://x"\ntemplate = "{"\n'
    flows += '[flows.b]\nprocessor = "http"\nurl = "http://x"\nmethod = "BREW"\n'
    (tmp_path / "flows.toml").write_text(flows)
    code, said = await run("check", environment={"DATA_DIR": str(tmp_path / "data")}, cwd=tmp_path)
    assert code == 2
    assert "flows.toml:8: flows.b.method" in said
    (tmp_path / "flows.toml").write_text(flows.partition("[flows.b]")[0])
    code, said = await run("serve", environment={"DATA_DIR": str(tmp_path / "data")}, cwd=tmp_path)
    assert (code, "flow a: template is not JSON" in said) == (2, True)


# --- in this process ---------------------------------------------------------------------------------


def calling(rogue: Rogue, rules: FlowRules, clock: Clock, **options: Any) -> EndpointProcessor:
    given = msgspec.convert({"url": rogue.url, **options}, EndpointOptions)
    return EndpointProcessor(given, ProcessorSetup(rules, {}, clock.now, SECRET))


async def test_an_empty_answer_is_asked_for_again_and_then_the_job_failed_in_words(
    tmp_path: Path, clock: Clock
) -> None:
    async with (
        Rogue(answer(200)).serve() as rogue,
        stage(tmp_path, clock, RULES, calling(rogue, RULES, clock)) as play,
    ):
        job = await play.in_state((await play.site.submit())["id"], "FAILED")
        lane = await play.lane()
    assert (job["error"]["code"], job["error"]["message"]) == ("empty_answer", "It answered 200 with an empty body.")
    assert ends(job) == ["failed", "failed"]
    assert lane.is_open
    assert [request.headers["x-job-attempt"] for request in rogue.requests] == ["1", "2"]
    assert {request.headers["idempotency-key"] for request in rogue.requests} == {job["id"]}


async def test_an_answer_that_is_not_what_was_asked_for_is_asked_for_anew_as_other_work(
    tmp_path: Path, clock: Clock
) -> None:
    rules = replace(RULES, on_invalid_result=OnInvalidResult.RETRY)
    async with Rogue(answer(200, '{"n": 1}')).serve() as rogue:
        rogue.script = [answer(200, "no JSON")]
        async with stage(tmp_path, clock, rules, calling(rogue, rules, clock)) as play:
            made = await play.site.submit(resultSchema={"type": "object", "required": ["n"]})
            job = await play.in_state(made["id"], "COMPLETED")
    assert job["result"] == '{"n": 1}'
    assert [request.headers["idempotency-key"] for request in rogue.requests] == [job["id"], f"{job['id']}-2"]
    assert "complaint" in rogue.requests[1].json


async def test_a_cancel_cuts_the_request_off(tmp_path: Path, clock: Clock) -> None:
    async with (
        Rogue(drip).serve() as rogue,
        stage(tmp_path, clock, RULES, calling(rogue, RULES, clock)) as play,
    ):
        job = (await play.site.submit())["id"]
        await asyncio.wait_for(rogue.arrived.wait(), 20)
        await play.site.client.post(f"/jobs/{job}/cancel")
        await asyncio.wait_for(rogue.hung_up.wait(), 20)
        assert (await play.site.job(job))["status"] == "CANCELLED"
