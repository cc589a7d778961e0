"""Repairs are offered: small, whole, shown edit by edit, and never at any price."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.verdict import Edit
from job_processor.results.edits import EDIT_LIMIT, apply_edits, edits_towards
from job_processor.results.repair import REPAIR_LIMIT, offer_repair
from job_processor.results.strict import NotJson, parse
from tests.results.texts import almost_json, json_values


@pytest.mark.parametrize(
    ("raw", "repaired"),
    [
        ('{"a":1,}', '{"a":1}'),
        ("{'a': True}", '{"a": true}'),
        ('{"a": "cut off', '{"a": "cut off"}'),
        ('{"x": [1, 2, {"y": "z"', '{"x": [1, 2, {"y": "z"}]}'),
        ('{"a": "x" "b": 2}', '{"a": "x", "b": 2}'),
        ('Sure:\n```json\n{"a":\n 1}\n```\nBye', '{"a":\n 1}'),
        ("\ufeff[1]", "[1]"),
        ('{"a": "\\u00e9", "b": 1e2,}', '{"a": "\\u00e9", "b": 1e2}'),
    ],
)
def test_as_little_as_possible_is_changed(raw: str, repaired: str) -> None:
    offered = offer_repair(raw)
    assert offered is not None
    assert offered.text == repaired
    assert apply_edits(raw, offered.edits) == repaired


def test_the_edits_are_where_the_faults_are() -> None:
    offered = offer_repair("{'a': \"cut off")
    assert offered is not None
    assert offered.edits == (Edit(1, "'a'", '"a"'), Edit(14, "", '"}'))


@given(almost_json | st.text())
def test_a_repair_parses_strictly_and_its_edits_lead_to_it(raw: str) -> None:
    try:
        parse(raw)
    except NotJson:
        offered = offer_repair(raw)
        if offered is not None:
            parse(offered.text)
            assert apply_edits(raw, offered.edits) == offered.text
            assert len(offered.edits) <= EDIT_LIMIT
            assert all(e.before != e.after for e in offered.edits)


@given(almost_json | st.text(), json_values)
def test_edits_lead_to_the_wanted_value_from_any_text(raw: str, value: object) -> None:
    wanted = json.dumps(value, ensure_ascii=False)
    edits = edits_towards(raw, wanted)
    assert parse(apply_edits(raw, edits)) == value
    ends = [e.position + len(e.before) for e in edits]
    assert all(end <= after.position for end, after in zip(ends, edits[1:], strict=False))


def test_more_edits_than_are_listed_become_one_at_the_end() -> None:
    raw = "[" + "'a'," * 500 + "]"
    offered = offer_repair(raw)
    assert offered is not None
    assert len(offered.edits) == EDIT_LIMIT
    assert json.loads(apply_edits(raw, offered.edits)) == ["a"] * 500


@pytest.mark.parametrize(
    "raw",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "{[" * 100_000,
        "{" + "(" * 200_000,
        '{"' + '"' * 200_000,
        '{"a":"' + "\\" * 200_000,
    ],
    ids=["arrays", "objects", "mixed", "parentheses", "quotes", "backslashes"],
)
def test_a_hostile_text_costs_bounded_work(raw: str) -> None:
    offer_repair(raw)


@pytest.mark.parametrize("raw", ['{"', "{foo: [}", "/", '"/"', "a" * 3000, '{"a":' + "(" * 50])
def test_texts_that_once_hung_or_broke_the_repairer(raw: str) -> None:
    offer_repair(raw)


def test_a_text_over_the_limit_is_not_repaired() -> None:
    assert offer_repair('{"a":1,}' + " " * REPAIR_LIMIT) is None


@pytest.mark.parametrize("raw", ["", "hello", "{}}{", "42 apples", "NaN"])
def test_where_nothing_sound_is_found_nothing_is_offered(raw: str) -> None:
    assert offer_repair(raw) is None
