"""A job's own schema: checked when the job comes, and used without ever fetching anything."""

import pytest

from job_processor.core.verdict import ResultKind
from job_processor.results import check_schema, cost_problem, examine
from job_processor.results.schema import DEPTH_LIMIT, ERROR_LIMIT


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ([], "an object"),
        ({"type": "strng"}, "At /type"),
        ({"properties": 3}, "At /properties"),
        ({"pattern": "("}, "At /pattern"),
        ({"$ref": "#/nowhere"}, "nowhere"),
        ({"$ref": "http://example.com/schema"}, "cannot fetch"),
        ({"$schema": "http://example.com/schema"}, "meta-schema"),
        ({"title": "\ud800"}, "surrogates"),
    ],
)
def test_what_is_wrong_with_a_schema_in_words(schema: object, words: str) -> None:
    told = check_schema(schema)
    assert told is not None
    assert words in told


def test_a_schema_nested_too_deep() -> None:
    schema: dict[str, object] = {}
    for _ in range(100_000):
        schema = {"not": schema}
    assert "nested deeper" in str(check_schema(schema))


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"$ref": "#"}, {"format": "of our own"}])
def test_a_schema_that_can_be_used(schema: dict[str, object]) -> None:
    assert check_schema(schema) is None


def test_errors_are_bounded_in_number_and_length() -> None:
    verdict = examine('["' + '","'.join("x" * 2000 for _ in range(100)) + '"]', {"items": {"type": "integer"}})
    assert len(verdict.schema_errors) == ERROR_LIMIT
    assert all(len(e.message) <= 500 for e in verdict.schema_errors)


def test_a_path_is_a_json_pointer() -> None:
    verdict = examine(
        '{"a/b~c": {"d": [1]}}', {"properties": {"a/b~c": {"properties": {"d": {"items": {"type": "string"}}}}}}
    )
    assert [e.path for e in verdict.schema_errors] == ["/a~1b~0c/d/0"]


def test_a_schema_that_calls_itself_meets_a_value_without_end() -> None:
    for depth in (DEPTH_LIMIT + 1, 900, 100_000):
        verdict = examine("[" * depth + "]" * depth, {"items": {"$ref": "#"}})
        assert (verdict.kind, verdict.schema_errors) == (ResultKind.UNCHECKED, ())
        assert "not checked" in str(verdict.note)


def test_a_pattern_that_backtracks_is_cut_off() -> None:
    verdict = examine('"' + "a" * 40 + '!"', {"pattern": "^(?=(a+)+$)(a+)+\\1$"})
    assert verdict.schema_errors


def test_a_schema_that_cannot_be_used_is_said_and_never_raised() -> None:
    verdict = examine("1", {"$ref": "#/nowhere"})
    assert verdict.kind is ResultKind.UNCHECKED
    assert "cannot be used" in str(verdict.note)


def alternatives(levels: int) -> dict[str, object]:
    """Each level twice the next: 2 ** levels ways to be wrong."""
    chain: dict[str, object] = {f"a{i}": {"anyOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(levels)}
    return {"$defs": {**chain, f"a{levels}": {"type": "string"}}, "$ref": "#/$defs/a0"}


@pytest.mark.parametrize("levels", [13, 18, 24, 1000])
def test_alternatives_beyond_number_are_refused_on_their_face(levels: int) -> None:
    assert "alternatives" in str(cost_problem(alternatives(levels)))


@pytest.mark.parametrize(
    "schema",
    [
        alternatives(8),
        {"$ref": "#"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"properties": {f"p{i}": {"$ref": "#/$defs/x"} for i in range(500)}, "$defs": {"x": {"anyOf": [{}, {}]}}},
        {"$ref": "#/nowhere"},
        {"$ref": 7, "anyOf": 7, "not": 7},
    ],
)
def test_what_is_not_hopeless_on_its_face(schema: dict[str, object]) -> None:
    assert cost_problem(schema) is None
