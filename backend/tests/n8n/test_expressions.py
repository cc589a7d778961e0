"""What the shipped workflows say and when they stop trying, by their own expressions."""

import json
from typing import Any

import pytest

from .expressions import evaluated, parameter, workflow

MAIN, ERRORS = "job-processor", "job-processor-error"
HOOK = {"Webhook": {"body": {"jobId": "0" * 24, "attempt": 1}}}
FACE = "\U0001f600"


def callback_body(item: dict[str, Any]) -> dict[str, Any]:
    said = evaluated(
        parameter(MAIN, "Callback body", "assignments", "assignments", 0, "value"),
        HOOK,
        json=item,
        execution={"id": "7"},
    )
    found: dict[str, Any] = json.loads(said)
    return found


def crash_body(message: str) -> dict[str, Any]:
    trigger = {"execution": {"id": "7", "error": {"message": message}, "lastNodeExecuted": "n"}, "workflow": {}}
    body = parameter(ERRORS, "Report crash", "jsonBody")
    # While n8n starts, and tells of crashes, $('…') knows no node: what it would bring must be in $json at first.
    said = evaluated(body, {}, json=trigger, runIndex=0)
    assert said == evaluated(body, {"Error Trigger": trigger}, json={"statusCode": 503}, runIndex=1)
    found: dict[str, Any] = json.loads(said)
    return found


def last_error(message: str) -> str:
    said = evaluated(
        parameter(MAIN, "Next delivery", "assignments", "assignments", 1, "value"), json={"error": {"message": message}}
    )
    assert isinstance(said, str)
    return said


@pytest.mark.parametrize("before", range(4))
def test_no_text_is_cut_through_a_character(before: int) -> None:
    for limit, said in (
        (500, lambda text: callback_body({"error": {"message": text}})["error"]),
        (500, lambda text: crash_body(text)["error"]),
        (300, last_error),
    ):
        text = "x" * (limit - 3 + before) + FACE + "y" * 10
        cut = said(text)
        # Half a pair would be no text in UTF-8.
        cut.encode()
        assert text.startswith(cut)
        assert limit - 1 <= len(cut.encode("utf-16-le")) // 2 <= limit


def test_whatever_is_cut_in_the_workflows_is_cut_between_characters() -> None:
    for name in (MAIN, ERRORS):
        text = json.dumps(workflow(name))
        cuts = text.count(".slice(") + text.count(".substring(") + text.count(".substr(")
        assert cuts == text.count("[\\\\uD800-\\\\uDBFF]$/, '')")


DELIVERED, GIVES_UP, AGAIN = 0, 1, 2


@pytest.mark.parametrize(
    ("status", "then"),
    [
        (200, DELIVERED),
        (202, DELIVERED),
        (409, DELIVERED),
        *((status, GIVES_UP) for status in (400, 404, 410, 413, 415, 422)),
        *((status, AGAIN) for status in (401, 408, 429, 500, 502, 503)),
    ],
)
def test_a_callback_is_sent_again_only_where_that_can_help(status: int, then: int) -> None:
    assert evaluated(parameter(MAIN, "Delivered?", "output"), json={"statusCode": status}) == then


@pytest.mark.parametrize(
    ("status", "run", "again"),
    [
        *((status, 0, 0) for status in (200, 202, 400, 404, 409, 410, 413, 422)),
        *((status, 0, 1) for status in (401, 408, 429, 500, 503)),
        (503, 3, 1),
        (503, 4, 0),
    ],
)
def test_a_crash_report_is_sent_again_only_where_that_can_help(status: int, run: int, again: int) -> None:
    output = parameter(ERRORS, "Come again?", "output")
    assert evaluated(output, json={"statusCode": status}, runIndex=run) == again


def test_an_answer_is_no_failure_of_the_node_that_would_repeat_it() -> None:
    """n8n's own repetition knows no difference between statuses: it is for what gets no answer at all."""
    for name, node in ((MAIN, "Send callback"), (ERRORS, "Report crash")):
        [found] = [one for one in workflow(name)["nodes"] if one["name"] == node]
        assert found["parameters"]["options"]["response"]["response"] == {"fullResponse": True, "neverError": True}


@pytest.mark.parametrize("name", [MAIN, ERRORS])
def test_every_connection_leads_to_a_node(name: str) -> None:
    made = workflow(name)
    names = {node["name"] for node in made["nodes"]}
    assert len(names) == len(made["nodes"]) == len({node["id"] for node in made["nodes"]})
    for source, outputs in made["connections"].items():
        assert source in names
        assert {target["node"] for output in outputs["main"] for target in output} <= names
