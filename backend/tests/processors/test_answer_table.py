"""The table of docs/flows-and-processors.md, row by row: what an answer means, whoever gives it, however it comes."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from multidict import CIMultiDict

from job_processor.core.outcome import Accepted, Failed, LaneClosed
from job_processor.processors.answers.meaning import judge_error, judge_status
from job_processor.processors.model.options import ModelOptions, request_of, sent_of
from job_processor.processors.webhook import WebhookOptions, WebhookProcessor
from tests.docs.pages import text
from tests.processors.answer_words import SENT, described, model_of, run, spoken
from tests.processors.given import NOW, dispatch, surroundings
from tests.processors.rogue import Behaviour, Rogue, answer, events

HEADING = "| from | status | headers | body | means | words |"


@dataclass(frozen=True, slots=True)
class Row:
    source: str
    status: int
    headers: CIMultiDict[str]
    body: str
    means: str
    words: str

    @property
    def json(self) -> Any:
        """The body as JSON; ``None`` when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def _code(cell: str) -> str:
    return cell.strip().strip("`")


def _rows() -> list[Row]:
    lines = iter(text("docs/flows-and-processors.md").splitlines())
    rows = []
    assert any(line == HEADING for line in lines), "the table is not in the document"
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            break
        source, status, headers, body, meaning, words = (cell.strip() for cell in line.strip("|").split("|"))
        named: CIMultiDict[str] = CIMultiDict()
        for header in headers.split("` `") if headers else []:
            name, _, value = _code(header).partition(": ")
            named.add(name, value)
        rows.append(Row(source, int(status), named, _code(body), meaning, words))
    return rows


ROWS = _rows()
EACH = pytest.mark.parametrize("row", ROWS, ids=[f"{r.source} {r.status} {r.means}" for r in ROWS])
IN_ANSWERS = [row for row in ROWS if row.json is not None and row.headers == CIMultiDict() and row.status != 302]


def test_the_table_is_a_generous_one() -> None:
    assert len(ROWS) >= 100
    assert len({row.source for row in ROWS}) >= 15
    assert {row.means.split(":")[0] for row in ROWS} == {"refused", "attempt", "fault", "closed"}


@EACH
def test_what_an_answer_means(row: Row) -> None:
    if 200 <= row.status < 300:
        over = judge_error(row.status, row.headers, row.json, NOW, SENT)
        assert judge_status(row.status, row.headers, row.body.encode(), NOW, SENT) is None
    else:
        found = judge_status(row.status, row.headers, row.body.encode(), NOW, SENT)
        assert found is not None
        over = found
    assert described(over) == row.means
    assert row.words in spoken(over)
    assert len(spoken(over)) < 500
    assert spoken(over).isprintable()


@EACH
def test_a_lane_that_closes_for_an_answer_says_what_it_would_be_of_the_job(row: Row) -> None:
    over = judge_status(row.status, row.headers, row.body.encode(), NOW, SENT)
    if over is None:
        over = judge_error(row.status, row.headers, row.json, NOW, SENT)
    if isinstance(over.lane, LaneClosed):
        assert over.against_job is not None
        assert row.words in over.against_job.error.message
    else:
        assert over.against_job is None


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(answer(200)).serve() as server:
        yield server


def _behaviour(row: Row) -> Behaviour:
    return answer(row.status, row.body.encode(), {"Content-Type": "application/json", **row.headers})


@EACH
@pytest.mark.parametrize("stream", [True, False])
async def test_a_model_flow_takes_it_so(rogue: Rogue, row: Row, stream: bool) -> None:
    rogue.usual = _behaviour(row)
    over = await run(model_of(rogue, stream=stream))
    assert described(over) == row.means
    assert row.words in spoken(over)
    assert len(rogue.requests) == 1


@pytest.mark.parametrize("row", IN_ANSWERS, ids=[f"{r.source} {r.means}" for r in IN_ANSWERS])
async def test_a_model_flow_takes_it_so_from_an_event(rogue: Rogue, row: Row) -> None:
    """Where nothing of an answer had come, an error in the stream counts as if it had been the status."""
    counted = judge_error(200, row.headers, row.json, NOW, SENT)
    rogue.usual = events(json.dumps(row.json), "[DONE]")
    over = await run(model_of(rogue))
    assert described(over) == described(counted)
    assert row.words in spoken(over)


@EACH
async def test_a_webhook_flow_takes_it_so_but_has_no_options_to_be_at_fault(rogue: Rogue, row: Row) -> None:
    rogue.usual = _behaviour(row)
    over = await run(WebhookProcessor(WebhookOptions(url=rogue.url), surroundings()))
    names_an_option = row.means.startswith("closed: misconfigured, ")
    if row.status == 200 and re.search(r'"(code|status)": "?[45]\d\d\b', row.body) is None:
        assert isinstance(over, Accepted)  # It names no status, and may be said of anything.
    elif names_an_option and row.status in (400, 422):
        assert described(over) in (f"refused: http_{row.status}", "refused: too_long")
    elif row.means == "closed: misconfigured" and row.status in (400, 412):
        # An account that is barred may be that of the customer whom the job is about.
        assert described(over) in (row.means, f"refused: http_{row.status}")
    else:
        assert described(over) == ("closed: misconfigured" if names_an_option else row.means)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("Unrecognized request argument supplied: stream_options", "stream_usage"),
        ("Unknown parameter: 'response_format'.", "structured_output"),
        ("max_output_tokens must be at most 8192", "max_tokens"),
        ("unknown field 'top_k'", "extra_body.top_k"),
        ("'stop' is not supported with this model", "stop"),
        ("`seed` is not supported", "seed"),
        ("invalid model", "model"),
        ("Please stop. The model could not read your seed: invalid.", None),
        ("The prompt names temperature", None),
        ("Your top_p is fine, said the model", None),
        ("'frequency_penalty' is not supported", None),
        ("topP must be between 0 and 1", "top_p"),
        ("stop: I cannot, said the model", None),
        ("The account is in your prompt, which is not valid", None),
    ],
)
def test_a_name_in_the_request_is_told_as_the_flows_option(words: str, option: str | None) -> None:
    over = judge_status(400, {}, json.dumps({"error": {"message": words}}).encode(), NOW, SENT)
    assert described(over) == ("refused: http_400" if option is None else f"closed: misconfigured, {option}")


@pytest.mark.parametrize("words", ["The account 7 has been suspended.", "The country is not supported."])
def test_an_endpoint_that_is_no_model_may_speak_of_the_jobs_own_customer(words: str) -> None:
    body = json.dumps({"error": words}).encode()
    assert described(judge_status(400, {}, body, NOW)) == "refused: http_400"
    assert described(judge_status(400, {}, body, NOW, SENT)) == "closed: misconfigured"


def test_what_a_model_had_written_is_kept_where_its_server_threw_it_away() -> None:
    error = {"message": "Failed to generate JSON.", "code": "json_validate_failed", "failed_generation": '{"a": \ud83d'}
    over = judge_status(400, {}, json.dumps({"error": error}).encode(), NOW, SENT)
    assert over is not None
    assert isinstance(over.job, Failed)
    assert (over.job.retryable, over.job.partial) == (True, '{"a": \ufffd')


@pytest.mark.parametrize("status", [s for s in range(400, 500) if s not in (400, 406, 414, 413, 416, 418, 422, 451)])
def test_only_what_speaks_of_the_job_is_its_end(status: int) -> None:
    assert not described(judge_status(status, {}, b"", NOW, SENT)).startswith("refused")


def test_azures_model_is_its_deployment() -> None:
    sent = sent_of(request_of(ModelOptions(), "d-1", dispatch()), "deployment")
    over = judge_status(404, {}, b'{"error": {"code": "DeploymentNotFound", "message": "No such."}}', NOW, sent)
    assert described(over) == "closed: misconfigured, deployment"
    over = judge_status(404, {}, b'{"error": {"message": "The model `gpt-9` does not exist"}}', NOW, sent)
    assert described(over) == "closed: misconfigured, deployment"
