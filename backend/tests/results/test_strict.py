"""Strict parsing: what is JSON, and where a text stops being it."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.results.strict import TOO_DEEP, NotJson, parse, scan
from tests.results.texts import almost_json, json_values


def fault(raw: str) -> NotJson:
    with pytest.raises(NotJson) as caught:
        parse(raw)
    return caught.value


@pytest.mark.parametrize(
    ("raw", "position", "word"),
    [
        ("", 0, "found the end"),
        ("NaN", 0, "NaN"),
        ('{"a": Infinity}', 6, "Infinity"),
        ("[1,]", 3, "after a comma"),
        ('{"a":1,}', 7, "after a comma"),
        ("[1 2]", 3, '"," or "]"'),
        ("{'a':1}", 1, "double quotes"),
        ('{"a" 1}', 5, '":"'),
        ('["a', 1, "closing quote"),
        ('["a\\', 1, "closing quote"),
        ('["a\nb"]', 3, "control character"),
        ('["\\x41"]', 2, "escape"),
        ('["\\u12g4"]', 2, "escape"),
        ("[01]", 2, '"1"'),
        ("[1.]", 2, '"."'),
        ("[+1]", 1, '"+"'),
        ("[-]", 1, '"-"'),
        ("1 2", 2, "Expected the end"),
        ("{\ufeff}", 1, "byte order mark"),
        ("\ufeff\ufeff{}", 1, "byte order mark"),
        ("{}\u00a0", 2, "Expected the end"),
        ("[1}", 2, '"," or "]"'),
        ("```json\n{}\n```", 0, "code fence"),
        ("[١]", 1, "JSON value"),
    ],
)
def test_the_place_and_the_reason_of_a_fault(raw: str, position: int, word: str) -> None:
    error = fault(raw)
    assert error.position == position
    assert word in error.message


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ('{"a":1,"a":2}', {"a": 2}),
        ('["\\ud800"]', ["\ud800"]),
        ('["\\\\ud83d\\ude00"]', ["\\ud83d\ude00"]),
        ('"\ud800"', "\ud800"),
        ('"\\u0000"', "\0"),
        ("\ufeff{}", {}),
    ],
)
def test_odd_and_valid_all_the_same(raw: str, value: object) -> None:
    assert parse(raw) == value
    scan(raw)


@pytest.mark.parametrize(
    "raw", ['["\\ud83d\\ude00"]', '["\\\\ud800"]', '[{"a":1},{"a":1}]', "[]", " \t\r\n{} ", "0", "-0.5E+7", "1e999"]
)
def test_what_looks_odd_and_is_fine(raw: str) -> None:
    parse(raw)
    scan(raw)


def test_numbers_of_any_size_stay_exact() -> None:
    assert parse("12345678901234567890") == 12345678901234567890
    assert parse("[" + "9" * 5000 + "]") == [Decimal("9" * 5000)]


def test_any_nesting_needs_no_stack() -> None:
    assert parse("[" * 100_000 + "]" * 100_000) is TOO_DEEP
    assert parse('{"a":' * 100_000 + "1" + "}" * 100_000) is TOO_DEEP
    assert fault("[" * 100_000).position == 100_000


@given(json_values)
def test_valid_json_is_read_as_the_standard_library_reads_it(value: object) -> None:
    for raw in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert parse(raw) == value
        scan(raw)


@given(almost_json | st.text())
def test_both_readers_agree_on_every_text(raw: str) -> None:
    """The fast one decides what is taken, the scanner where it is wrong: they must not differ."""
    at = None
    try:
        scan(raw)
    except NotJson as error:
        at = error.position
    if at is None:
        assert parse(raw) == json.loads(raw.removeprefix("\ufeff"))
    else:
        assert fault(raw).position == at <= len(raw)
