"""The verdict on a result."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.verdict import ParseError, ResultKind
from job_processor.results import examine
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
        "['a']",
        "[True]",
        "\ufeff{}",
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


def test_two_values_under_one_name_are_reported_and_not_guessed_at() -> None:
    verdict = examine('{"a": 1, "a": 2}')
    assert verdict.kind is ResultKind.MALFORMED
    assert verdict.repaired is None
