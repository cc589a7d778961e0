"""The checker of repairs knows nothing of who proposed: whatever loses or moves a word does not pass."""

import pytest

from job_processor.core.verdict import Edit
from job_processor.results.edits import apply_edits
from job_processor.results.lossless import JsonSpan, is_lossless


def passes(raw: str, *edits: Edit, start: int = 0, end: int | None = None, cut_at: int | None = None) -> bool:
    span = JsonSpan(start, len(raw) if end is None else end, cut_at)
    return is_lossless(raw, apply_edits(raw, edits), edits, span)


@pytest.mark.parametrize(
    ("raw", "edit"),
    [
        ('{"a":1,}', Edit(6, ",", "")),
        ("{'a':1}", Edit(1, "'a'", '"a"')),
        ("[True]", Edit(1, "True", "true")),
        ('["\\x41"]', Edit(2, "\\x41", "A")),
        ('["a\nb"]', Edit(3, "\n", "\\n")),
        ('["a" "b"]', Edit(4, "", ",")),
        ("[1 // one\n]", Edit(2, " // one\n", "")),
        ("[007]", Edit(1, "007", '"007"')),
        ("[1", Edit(2, "", "]")),
        ('{"a" 1}', Edit(4, "", ":")),
    ],
)
def test_what_a_repair_may_do(raw: str, edit: Edit) -> None:
    assert passes(raw, edit)


@pytest.mark.parametrize(
    ("raw", "edit"),
    [
        ("[007]", Edit(1, "007", "7")),
        ("[-1]", Edit(1, "-1", "1")),
        ("[5kg]", Edit(1, "5kg", "5")),
        ("[12:30]", Edit(1, "12:30", "12")),
        ("[1.]", Edit(1, "1.", "1")),
        ('{"a":1,"b":2}', Edit(6, ',"b":2', "")),
        ('{"a":1}', Edit(5, "1", "null")),
        ('["Not guilty."]', Edit(2, "Not guilty.", "guilty.")),
        ("[True]", Edit(1, "True", "false")),
        ('["a"]', Edit(1, '"a"', '"b"')),
        ('{"a":1}', Edit(1, '"a":', "")),
        ('["a: 1"]', Edit(2, "a: 1", "a 1")),
        ('[1,"x"]', Edit(1, '1,"x"', '"x",1')),
        ('[{"a":1}]', Edit(1, "{", "")),
        ("[[1],[2]]", Edit(4, "[", "")),
        ("[1, 2]", Edit(3, " 2", "")),
        ('["a // b"]', Edit(3, " // b", "")),
        ("[1]", Edit(1, "", "2,")),
    ],
)
def test_what_a_repair_may_not_do(raw: str, edit: Edit) -> None:
    assert not passes(raw, edit)


def test_talk_may_go_and_nothing_may_come_in_its_place() -> None:
    assert passes("Sure: [1]", Edit(0, "Sure: ", ""), start=6)
    assert not passes("Sure: [1]", Edit(0, "Sure: ", "[0],"), start=6)


def test_of_a_cut_text_only_what_is_behind_the_last_whole_value_may_go() -> None:
    assert passes('{"a":1,"b', Edit(6, ',"b', "}"), cut_at=6)
    assert not passes('{"a":1,"b', Edit(4, ':1,"b', "}"), cut_at=6)


def test_edits_that_do_not_lead_to_the_text_or_overlap_do_not_pass() -> None:
    assert not is_lossless("[1,]", "[2]", [Edit(2, ",", "")], JsonSpan(0, 4))
    assert not is_lossless("[1,]", "[1]", [Edit(2, ",", ""), Edit(1, "1,", "1")], JsonSpan(0, 4))
    assert not is_lossless("[1,]", "[1]", [Edit(2, ";", "")], JsonSpan(0, 4))
