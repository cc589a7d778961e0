"""When a result is examined: only if it may change the job, once, and never in the way of anything else."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from job_processor.core.flow import FlowRules, OnInvalidResult
from job_processor.core.job import Json, State, Usage
from job_processor.core.outcome import Cancelled, Reported, ResultAccepted, Succeeded
from job_processor.core.transitions import Change
from job_processor.core.verdict import ResultKind, Verdict, WarningCode
from job_processor.results import Examiners
from tests.http.problems import assert_problem
from tests.support.site import Site, open_site


class Counting(Examiners):
    """Its verdict is the test's; what it was asked is kept."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self.verdict = verdict
        self.asked: list[tuple[str, bool]] = []

    async def examine(self, raw: str, schema: Mapping[str, Json] | None = None, *, stopped: bool = False) -> Verdict:
        self.asked.append((raw, stopped))
        return self.verdict

    async def check_schema(self, schema: Mapping[str, Json]) -> str | None:
        return None


FINE = Verdict(ResultKind.JSON)


def counting(site: Site, verdict: Verdict = FINE) -> Counting:
    site.acts.verdicts._examiners = made = Counting(verdict)
    return made


async def test_what_comes_for_a_final_job_is_compared_and_not_examined(site: Site) -> None:
    examiners = counting(site)
    job = (await site.submit())["id"]
    for result, status in (("r", 200), ("r", 200), ("other", 409)):
        assert (await site.callback({"jobId": job, "result": result})).status == status
    assert examiners.asked == [("r", False)]


async def test_what_is_accepted_for_a_completed_job_is_not_examined(site: Site) -> None:
    examiners = counting(site)
    job = (await site.submit())["id"]
    await site.acts.signals.send(job, Reported(Succeeded("r")))
    assert not (await site.acts.signals.send(job, ResultAccepted("r"))).written
    assert len(examiners.asked) == 1


async def test_a_result_is_examined_once_however_often_somebody_is_faster(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    examiners = counting(site)
    job = (await site.submit())["id"]
    apply, lost = site.store.apply, 3

    async def applied(change: Change) -> bool:
        nonlocal lost
        lost -= 1
        return lost < 0 and await apply(change)

    monkeypatch.setattr(site.store, "apply", applied)
    assert (await site.acts.signals.send(job, Reported(Succeeded("r")))).job.state is State.COMPLETED
    assert len(examiners.asked) == 1


async def test_a_race_lost_to_a_cancel_leaves_the_job_as_it_is(site: Site) -> None:
    counting(site)
    job = (await site.submit())["id"]
    known = await site.stored(job)
    await site.acts.signals.send(job, Cancelled())
    moved = await site.acts.signals.send(job, Reported(Succeeded("r")), known=known)
    assert (moved.written, moved.job.state) == (False, State.CANCELLED)


@pytest.mark.parametrize("what", OnInvalidResult)
async def test_what_could_not_be_checked_completes_its_job(tmp_path: Path, what: OnInvalidResult) -> None:
    """It is not known to be wrong, and another attempt would be examined in vain again."""
    verdict = Verdict(ResultKind.UNCHECKED, note="It took too long.")
    async with open_site(tmp_path, flows=[FlowRules("main", on_invalid_result=what)]) as site:
        examiners = counting(site, verdict)
        job = (await site.submit(resultSchema={"type": "object"}))["id"]
        assert (await site.callback({"jobId": job, "result": "{}"})).status == 200
        done = await site.job(job)
    assert (done["status"], done["result"]) == ("COMPLETED", "{}")
    assert (done["resultVerdict"]["kind"], done["resultVerdict"]["note"]) == ("unchecked", "It took too long.")
    assert len(examiners.asked) == 1


@pytest.mark.parametrize(("reason", "stopped"), [("length", True), ("stop", False), (None, False)])
async def test_why_a_model_stopped_is_part_of_the_question(site: Site, reason: str | None, stopped: bool) -> None:
    examiners = counting(site)
    await site.submit()
    await site.say(await site.claim(), Succeeded("r", usage=Usage(finish_reason=reason)))
    assert examiners.asked == [("r", stopped)]


async def test_valid_json_of_a_model_that_was_stopped_has_a_warning(site: Site) -> None:
    made = (await site.submit())["id"]
    await site.say(await site.claim(), Succeeded('{"a": 1}', usage=Usage(finish_reason="length")))
    job = await site.job(made)
    assert (job["resultVerdict"]["kind"], job["result"]) == ("json", '{"a": 1}')
    [warning] = job["resultVerdict"]["warnings"]
    assert (warning["code"], warning["line"], warning["column"]) == (WarningCode.CUT_OFF.value, 1, 9)


async def test_warnings_cut_and_dropped_are_told(site: Site) -> None:
    twice = (await site.submit())["id"]
    await site.callback({"jobId": twice, "result": '{"a": 1,\n "a": 2}'})
    verdict = (await site.job(twice))["resultVerdict"]
    assert (verdict["kind"], verdict["repaired"], verdict["note"]) == ("json", None, None)
    [warning] = verdict["warnings"]
    assert {k: warning[k] for k in ("code", "path", "line", "column")} == {
        "code": "duplicate_name",
        "path": "/a",
        "line": 2,
        "column": 2,
    }
    cut = (await site.submit())["id"]
    await site.callback({"jobId": cut, "result": '{"a": {"b": "x", "c'})
    repaired = (await site.job(cut))["resultVerdict"]["repaired"]
    assert (repaired["text"], repaired["cut"], repaired["dropped"]) == ('{"a": {"b": "x"}}', True, '"c')


async def test_a_list_holds_of_a_verdict_what_a_row_shows(site: Site) -> None:
    wrong = "[" + ",".join(f"{{'text': '{'x' * 100}', 'n': {i}}}" for i in range(2_000)) + "]"
    for result in (wrong, '{"a":1,"a":2,"b":1,"b":2}'):
        await site.callback({"jobId": (await site.submit())["id"], "result": result})
    odd, malformed = (await site.client.get("/jobs")).json()
    assert (malformed["resultVerdict"]["kind"], malformed["resultVerdict"]["repaired"]) == ("malformed", None)
    assert malformed["resultVerdict"]["error"]["message"]
    assert len(json.dumps(malformed)) < 10_000
    assert [w["path"] for w in odd["resultVerdict"]["warnings"]] == ["/a"]
    assert len((await site.job(malformed["id"]))["resultVerdict"]["repaired"]["text"]) > 100_000


def nested_alternatives(levels: int) -> dict[str, Any]:
    chain = {f"a{i}": {"anyOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(levels)}
    return {"$defs": {**chain, f"a{levels}": {"type": "string"}}, "$ref": "#/$defs/a0"}


async def test_a_schema_that_is_hopeless_on_its_face_is_refused(site: Site) -> None:
    reply = await site.client.post("/jobs", {"prompt": "p", "resultSchema": nested_alternatives(18)})
    assert_problem(reply, 422)
    assert "resultSchema" in reply.text
    assert "alternatives" in reply.text
    assert (await site.client.get("/jobs")).json() == []


async def test_a_schema_that_is_none_is_refused(site: Site) -> None:
    reply = await site.client.post("/jobs", {"prompt": "p", "resultSchema": {"type": "strng"}})
    assert_problem(reply, 422)
    assert "resultSchema" in reply.text
