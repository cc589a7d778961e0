"""Repairs are offered: whole, shown edit by edit, and never at the price of a word."""

import json
import sys
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.verdict import Edit, Repair
from job_processor.results import examine
from job_processor.results.edits import EDIT_LIMIT, apply_edits
from job_processor.results.repair import REPAIR_LIMIT, SEVERAL, suggest_repair
from job_processor.results.strict import NotJson, parse
from tests.results.complaints import COMPLAINTS
from tests.results.texts import almost_json


def repaired(raw: str) -> Repair:
    offered = suggest_repair(raw).repair
    assert offered is not None
    return offered


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ('{"a":1,}', '{"a":1}'),
        ("{'a': True}", '{"a": true}'),
        ('{"a": "x" "b": 2}', '{"a": "x", "b": 2}'),
        ('Sure:\n```json\n{"a":\n 1}\n```\nBye', '{"a":\n 1}'),
        ('{"a": "\\u00e9", "b": 1e2,}', '{"a": "\\u00e9", "b": 1e2}'),
        ('{"a": 12345678901234567890, "a": 1.10,}', '{"a": 12345678901234567890, "a": 1.10}'),
        ("<think>{'no': 1}</think>\n[1,]", "[1]"),
        ("Thought first.</think>42", "42"),
        ('```json\n"only a text"\n```', '"only a text"'),
        ("```\n\ufeff[1]\n```", "[1]"),
        ("````json\n[1,]\n````", "[1]"),
        (
            '{\n  "a": {\n    "b": {\n      "c": 1\n    }\n  }\n}}',
            '{\n  "a": {\n    "b": {\n      "c": 1\n    }\n  }\n}',
        ),
        (r"{\"a\": \"C:\\\\new\", \"b\": \"say \\\"hi\\\"\"}", r'{"a": "C:\\new", "b": "say \"hi\""}'),
        (r"Here: [\n  \"\u00e9\"\n]", '[\n  "é"\n]'),
    ],
)
def test_as_little_as_possible_is_changed(raw: str, text: str) -> None:
    offered = repaired(raw)
    assert (offered.text, offered.cut, offered.dropped) == (text, False, None)
    assert apply_edits(raw, offered.edits).strip() == text


def test_the_edits_are_where_the_faults_are() -> None:
    assert repaired("{'a': \"cut off").edits == (
        Edit(1, "'", '"'),
        Edit(3, "'", '"'),
        Edit(14, "", '"'),
        Edit(14, "", "}"),
    )


@pytest.mark.parametrize(
    ("raw", "text", "dropped"),
    [
        ('{"a": "cut off', '{"a": "cut off"}', None),
        ('{"x": [1, 2, {"y": "z"', '{"x": [1, 2, {"y": "z"}]}', None),
        ('{"a": {"b": 1, "c', '{"a": {"b": 1}}', '"c'),
        ('{"a": {"b": 1, "c": tr', '{"a": {"b": 1}}', '"c": tr'),
        ('{"a": {"b": 1, "total": 12', '{"a": {"b": 1}}', '"total": 12'),
        ('{"a": [1, 2\n', '{"a": [1, 2]}', None),
        ('["caf\\u00', '["caf"]', "\\u00"),
        ('["\\ud83d\\ude', '[""]', "\\ud83d\\ude"),
    ],
)
def test_a_cut_text_is_closed_marked_and_names_what_it_left_behind(raw: str, text: str, dropped: str | None) -> None:
    offered = repaired(raw)
    assert (offered.text.replace("\n", ""), offered.cut, offered.dropped) == (text, True, dropped)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ('{"n": -05}', {"n": "-05"}),
        ('{"weight": 5kg}', {"weight": "5kg"}),
        ('{"agent": 007}', {"agent": "007"}),
        ('{"at": 12:30}', {"at": "12:30"}),
        ('{"half": 1.}', {"half": "1."}),
        ('{"plus": +5, "dot": .5}', {"plus": "+5", "dot": ".5"}),
        ('{"share": 50 %}', {"share": "50 %"}),
    ],
)
def test_signs_units_zeros_times_and_half_numbers_are_kept(raw: str, value: object) -> None:
    assert json.loads(repaired(raw).text) == value


@pytest.mark.parametrize(
    "raw",
    [
        '{"a": 1}\n{"a": 2}',
        '{"a": 1} {"a": 2}',
        'Either {"a": 1} or {"a": 2}.',
        "```json\n[1]\n```\nor\n```json\n[2]\n```\nor\n```json\n[3]\n```",
        '[1, 2]\n{"a": 1}',
    ],
)
def test_of_several_values_none_is_chosen_and_the_words_say_so(raw: str) -> None:
    offer = suggest_repair(raw)
    assert (offer.repair, offer.note) == (None, SEVERAL)


@pytest.mark.parametrize(
    "raw",
    [
        '{"a": {"b": 1, "c": 2}',  # The bracket may be missing after 1 or after 2.
        "[[1,2,[3]]",
        '{"a":1}, "b": 2}',
        '["x, 5, "y"]',
        '["a "b", "c"]',
        "[truefalse]",
        "[1, 23",  # The last bracket may be missing, or the rest of the number.
        '["x"]]',
        '{"a": 1 // the rest, "b": 2}',
        '{"a": 1, "b": }',
        '{"a": 1, 2]}',  # A bracket too many, or one too few before 2.
        '{"a": false]}',
        "[1, 2], 3]",
        '{"a": {"b": {"c": 1}}, "d": 2}}',
        '{"path": "C:\\Users\\new\\table"}',  # Both backslashes are meant, or only the first is.
        '["""abc""", 1]',
        '{"a": "x,,"b": 1}',
        '{"a":/* x */ y"}',
        "<json>[[1, 2]</json>",
        "[1， [2]]",
        "[[]; 100]",
        "['end.'，0，'None']",
        '["x.";"y"]',
        '{"a": "x" + "y',
        '{"url": "x";"note',
        '{\n  "a: 0,\n  b": []\n}',
        '{"x":`code`"}}',
        '{"a": {"b": 1, "c": 2}\n\nHope that helps :-)',
        '"a"： 100, "b"： [], "c"： [["x", 1], "y"]}',
        '"a" => 1, "b" => [1]}',
        'f(["x", [{"a": 1}, 2])',
    ],
)
def test_what_can_be_read_in_two_ways_is_not_repaired(raw: str) -> None:
    assert suggest_repair(raw).repair is None


@pytest.mark.parametrize(("raw", "value"), [pytest.param(c[1], c[2], id=c[0]) for c in COMPLAINTS])
def test_public_complaints(raw: str, value: object) -> None:
    offered = suggest_repair(raw).repair
    if value is None:
        assert offered is None
        return
    assert offered is not None
    pairs = isinstance(value, list) and bool(value) and isinstance(value[0], tuple)
    found = json.loads(offered.text, object_pairs_hook=list if pairs else None)
    assert json.dumps(found) == json.dumps(value)


def test_the_table_of_complaints_is_not_thinned_out() -> None:
    assert len(COMPLAINTS) >= 60


@given(almost_json | st.text())
def test_a_repair_parses_strictly_and_its_edits_lead_to_it(raw: str) -> None:
    try:
        parse(raw)
    except NotJson:
        offered = suggest_repair(raw).repair
        if offered is not None:
            parse(offered.text)
            assert apply_edits(raw, offered.edits).strip() == offered.text
            assert len(offered.edits) <= EDIT_LIMIT
            assert all(e.before != e.after for e in offered.edits)
            assert all(raw[e.position : e.position + len(e.before)] == e.before for e in offered.edits)


def test_more_edits_than_are_listed_become_one_at_the_end() -> None:
    raw = "[" + "'a'," * 500 + "]"
    offered = repaired(raw)
    assert len(offered.edits) == EDIT_LIMIT
    assert json.loads(apply_edits(raw, offered.edits)) == ["a"] * 500


@pytest.mark.parametrize(
    "raw", ['{"', "{foo: [}", "/", '"/"', "a" * 3000, '{"a":' + "(" * 50, "\ud800{", '{"\ud800":1,']
)
def test_texts_that_once_hung_or_broke_a_repairer(raw: str) -> None:
    suggest_repair(raw)


def test_a_text_over_the_limit_is_not_repaired_and_says_so() -> None:
    offer = suggest_repair('{"a":1,}' + " " * REPAIR_LIMIT)
    assert (offer.repair, offer.note) == (None, "The text is too long to be repaired.")


@pytest.mark.parametrize("raw", ["", "hello", "{}}{", "42 apples", "NaN", "Not guilty.", "No"])
def test_where_nothing_sound_is_found_nothing_is_offered(raw: str) -> None:
    assert suggest_repair(raw).repair is None


HOSTILE = {
    "arrays": "[",
    "objects": '{"a":',
    "mixed": "{[",
    "parentheses": "{(",
    "quotes": '{"',
    "escaped quotes": '\\"',
    "bare objects": "{a:b,",
    "bare members": "a:b,",
    "numbers": "1 ",
    "words": "true ",
    "texts": '"a" ',
    "single quotes": "a' ",
    "comments": "1 /* x */ ,",
    "fences": "```json\n{",
    "thinking": "<think>",
    "footnotes": "[1] ",
    "lines": '["a\n"',
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_costs_work_in_proportion(piece: str) -> None:
    """Counted in steps of our code, not in time: four times the text takes less than eight times the steps."""
    costs = [steps_of("{" + piece * (size // len(piece))) for size in (4_000, 16_000)]
    assert costs[1] < 8 * costs[0] + 20_000


def steps_of(raw: str) -> int:
    """How many lines of Python run for an examination."""
    count = 0

    def traced(_frame: FrameType, event: str, _arg: object) -> object:
        nonlocal count
        count += event == "line"
        return traced

    before = sys.gettrace()
    sys.settrace(traced)  # type: ignore[arg-type]  # it takes any callable
    try:
        examine(raw)
    finally:
        sys.settrace(before)
    return count
