"""The verdict on a result."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.verdict import ParseError, ResultKind, Verdict
from job_processor.results import examine
from job_processor.results.examination import NO_DETAILS, examine_small, steps
from job_processor.results.repair import SEVERAL
from tests.results.texts import almost_json, json_values

NEEDS_ANSWER = {"type": "object", "required": ["answer"], "properties": {"answer": {"type": "integer"}}}


@given(json_values)
def test_valid_json_is_never_touched(value: object) -> None:
    verdict = examine(json.dumps(value))
    assert (verdict.kind, verdict.error, verdict.repaired) == (ResultKind.JSON, None, None)


@given(st.text() | almost_json, st.none() | st.just(NEEDS_ANSWER))
def test_no_text_makes_it_raise(raw: str, schema: dict[str, object] | None) -> None:
    verdict = examine(raw, schema)  # type: ignore[arg-type]
    assert (verdict.error is not None) == (verdict.kind is ResultKind.MALFORMED)
    if verdict.kind is not ResultKind.MALFORMED:
        assert verdict.repaired is None


@pytest.mark.parametrize(
    "raw",
    [
        "Good morning.",
        "",
        "   ",
        "The set {a, b} has two members, see [1] and [2, p. 7].",
        "[Note] Take care.",
        "[a link](http://example.com) to follow",
        "NaN",
        "```python\nprint(1)\n```",
        "Use {curly} braces",
        "{name}, hello",
        "{{first name}}, hello",
        "{laughs} Well, yes.",
        "{% if x %}y{% endif %}",
        "[1] Smith, J. (2020). A title.\n[2] Jones, K. (2021). Another.",
        "[10:30] Bob: hi",
        "[2024-01-05 12:00:01] GET /",
        "[00:12.00] La la la",
        "[0, 1) is half open.",
    ],
)
def test_text_that_was_never_meant_as_json_is_text(raw: str) -> None:
    assert examine(raw).kind is ResultKind.TEXT


@pytest.mark.parametrize(
    "raw",
    [
        '{"a": 1',
        "  {a}",
        "[1, 2",
        "[1],",
        "{a, b} c",
        r"[\"a\"]",
        "['a']",
        "[True]",
        "\ufeff{'a': 1}",
        "```json\n{}\n```",
        "```\n[1]\n```",
        'Sure! {"a": 1}',
        'Sure! {"a": 1, "b',
        'The names are ["x", "y"].',
        "As asked:\n```json\n[1, 2]\n```",
    ],
)
def test_text_meant_as_json_is_malformed(raw: str) -> None:
    verdict = examine(raw)
    assert verdict.kind is ResultKind.MALFORMED
    assert verdict.error is not None


def test_the_place_counts_lines_and_columns_from_one() -> None:
    assert examine("{\n  'a': 1}").error == ParseError('Expected a name in double quotes, found "\'".', 2, 3)
    error = examine("[").error
    assert error is not None
    assert (error.line, error.column) == (1, 2)


def test_with_a_schema_everything_that_is_not_json_is_malformed() -> None:
    assert examine("Good morning.", NEEDS_ANSWER).kind is ResultKind.MALFORMED  # type: ignore[arg-type]


def test_a_value_that_fits_its_schema() -> None:
    assert examine('{"answer": 42}', NEEDS_ANSWER).kind is ResultKind.JSON  # type: ignore[arg-type]


def test_a_value_of_another_shape() -> None:
    verdict = examine('{"answer": "x"}', NEEDS_ANSWER)  # type: ignore[arg-type]
    assert verdict.kind is ResultKind.SCHEMA_MISMATCH
    assert [(e.path, e.message) for e in verdict.schema_errors] == [("/answer", '"x" is not of type "integer"')]


def test_a_repaired_text_is_held_against_the_schema_too() -> None:
    verdict = examine('{"reply": 1,}', NEEDS_ANSWER)  # type: ignore[arg-type]
    assert verdict.kind is ResultKind.MALFORMED
    assert verdict.repaired is not None
    assert [e.message for e in verdict.schema_errors] == ['"answer" is a required property']


@pytest.mark.parametrize("raw", ["Not guilty.", "No", "Not {guilty}.", "None of it [sic] is true", "no: never", "-"])
def test_a_plain_answer_stays_text(raw: str) -> None:
    assert examine(raw) == Verdict(ResultKind.TEXT)


def test_thinking_does_not_make_a_text_json() -> None:
    assert examine('<think>{"a": 1}</think>Not guilty.').kind is ResultKind.TEXT
    assert examine('I weighed {"a": 1}.</think>Not guilty.').kind is ResultKind.TEXT
    assert examine('<think>Hm.</think>{"a": 1}').kind is ResultKind.MALFORMED


def test_why_there_is_no_repair_is_said() -> None:
    assert examine('{"a": 1}\n{"a": 2}').note == SEVERAL


def test_what_is_nested_too_deep_is_not_held_against_a_schema() -> None:
    verdict = examine("[" * 201 + "]" * 201, {"items": {"$ref": "#"}})
    assert verdict.kind is ResultKind.UNCHECKED
    assert "200 levels" in str(verdict.note)


def test_half_surrogates_are_held_against_a_schema() -> None:
    assert examine('["\\ud800"]', {"items": {"type": "string"}}).kind is ResultKind.JSON
    assert examine('["\\ud800"]', {"items": {"type": "integer"}}).kind is ResultKind.SCHEMA_MISMATCH


def test_each_step_says_no_less_than_the_one_before() -> None:
    [first, last] = steps('{"answer": "x"}', NEEDS_ANSWER)  # type: ignore[arg-type]
    assert (first.kind, first.schema_errors, first.note) == (ResultKind.SCHEMA_MISMATCH, (), NO_DETAILS)
    assert (last.kind, last.note) == (ResultKind.SCHEMA_MISMATCH, None)
    kinds = [(v.kind, v.repaired is not None) for v in steps('{"answer": 1,}', NEEDS_ANSWER)]  # type: ignore[arg-type]
    assert kinds == [(ResultKind.MALFORMED, False), (ResultKind.MALFORMED, True), (ResultKind.MALFORMED, True)]


@given(st.text() | almost_json)
def test_what_is_examined_at_once_is_examined_alike(raw: str) -> None:
    small = examine_small(raw)
    assert small is None or small == examine(raw)
