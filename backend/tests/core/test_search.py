"""The search as people write it: what is read, what is refused and where; what is written down is read back."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.job import State
from job_processor.core.search import MAX_LENGTH, MAX_PARTS, Part, SearchInvalid, Term, Words, parse, render
from job_processor.core.search_terms import METADATA, TERMS, ValueKind, kind_of
from job_processor.core.verdict import ResultKind

ID = "0198a2b3c4d5e6f708192a3b"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("  \t ", []),
        ("two words", [Words("two"), Words("words")]),
        ('"exact  words" -"not \\"these\\" \\\\"', [Words("exact  words", True), Words('not "these" \\', True, True)]),
        ("-not", [Words("not", negated=True)]),
        ("--not", [Words("-not", negated=True)]),
        ("well-known a_b", [Words("well-known"), Words("a_b")]),
        ("a,b", [Words("a,b")]),
        ('a"b"', [Words("a"), Words("b", True)]),
        ("status:failed", [Term("status", ("failed",))]),
        ("STATUS:Failed,CANCELLED", [Term("status", ("failed", "cancelled"))]),
        ("-status:completed", [Term("status", ("completed",), negated=True)]),
        ("flow:chat,mail,chat", [Term("flow", ("chat", "mail"))]),
        ('flow:"a, b"', [Term("flow", ("a, b",))]),
        ("tag:eu tag:a:b", [Term("tag", ("eu",)), Term("tag", ("a:b",))]),
        ("error:callback_overdue", [Term("error", ("callback_overdue",))]),
        ("verdict:malformed", [Term("verdict", ("malformed",))]),
        ("attempts:>2 attempts:<=007", [Term("attempts", ("2",), ">"), Term("attempts", ("7",), "<=")]),
        ("attempts:3", [Term("attempts", ("3",))]),
        ("created:<2h", [Term("created", ("2h",), "<")]),
        ("finished:>=2026-11-30T08:00Z", [Term("finished", ("2026-11-30T08:00Z",), ">=")]),
        ("created:>=2026-11-30", [Term("created", ("2026-11-30",), ">=")]),
        ("created:<2026-11-30T08:00Z", [Term("created", ("2026-11-30T08:00Z",), "<")]),
        ('meta.customer:"Acme Inc"', [Term("meta.customer", ("Acme Inc",))]),
        ("meta.Customer.Name:x", [Term("meta.Customer.Name", ("x",))]),
        ("id:01A2", [Term("id", ("01a2",))]),
        ("execution:1234", [Term("execution", ("1234",))]),
        ("idempotency-key:k/1", [Term("idempotency-key", ("k/1",))]),
        (f"replay-of:{ID}", [Term("replay-of", (ID,))]),
        (f"-batch:{ID.upper()}", [Term("batch", (ID,), negated=True)]),
    ],
)
def test_what_is_read(text: str, parts: list[Part]) -> None:
    assert list(parse(text)) == parts


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("stauts:failed", 1, "there is no such term; the terms are: status, flow, tag,"),
        ("words customer:acme", 7, "meta.FIELD"),
        ("see https://example.com", 5, "must be in quotes"),
        ("a :b", 3, "must be in quotes"),
        ("meta.:x", 1, "no such term"),
        ("status:lost", 8, "must be one of: pending, running,"),
        ("status:failed,", 15, "needs a value"),
        ("status:", 8, "needs a value"),
        ("status: failed", 8, "needs a value"),
        ("flow:>a", 1, "cannot be compared"),
        ("tag:a,b", 1, "takes one value"),
        ("attempts:>two", 11, "must be a whole number"),
        ("attempts:-1", 10, "must be a whole number"),
        ("-attempts:3", 1, "compare the other way"),
        ("created:<soon", 10, "must be an age like"),
        ("created:2026-02-30", 9, "must be an age like"),
        ("created:>1969-12-31", 10, "must be an age like"),
        ("id:xyz", 4, "must be an id"),
        ("replay-of:0198", 11, "24 hex digits"),
        ("batch:0198", 7, "24 hex digits"),
        ("verdict:bad", 9, "must be one of: json, text, malformed"),
        ('tag:"a"b', 8, "there must be a space"),
        ('words "without end', 7, "no end"),
        ('flow:"without end', 6, "no end"),
        ("...", 1, "no letter and no digit"),
        ("ok -", 4, "no letter and no digit"),
        ('""', 1, "no letter and no digit"),
        ("_", 1, "no letter and no digit"),
        ("a\0", 2, "no NUL"),
        ("a" * (MAX_LENGTH + 1), MAX_LENGTH + 1, "at most"),
        ("a " * (MAX_PARTS + 1), 2 * MAX_PARTS + 1, "at most"),
        ("tag:" + "x" * 201, 5, "1 to 200 characters"),
    ],
)
def test_what_is_refused_says_where_and_why_and_repeats_nothing(text: str, at: int, said: str) -> None:
    with pytest.raises(SearchInvalid) as refused:
        parse(text)
    assert refused.value.at == at
    assert refused.value.field == "q"
    assert str(refused.value).startswith(f"at character {at}: ")
    assert said in str(refused.value)
    assert "stauts" not in str(refused.value)


def test_a_part_knows_its_place() -> None:
    assert [part.at for part in parse('a  -"b c" tag:x')] == [1, 4, 11]


def test_the_example_of_each_term_is_read() -> None:
    for term in TERMS.values():
        [part] = parse(term.example)
        assert isinstance(part, Term)
        assert kind_of(part.name) is term


VALUES = {
    ValueKind.STATE: st.sampled_from([state.value for state in State]),
    ValueKind.VERDICT: st.sampled_from([kind.value for kind in ResultKind]),
    ValueKind.TEXT: st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=20),
    ValueKind.NUMBER: st.integers(0, 10**9 - 1).map(str),
    ValueKind.TIME: st.one_of(
        st.builds("{}{}".format, st.integers(0, 999), st.sampled_from("smhdw")),
        st.dates(datetime.date(1970, 1, 1), datetime.date(2099, 12, 31)).map(str),
    ),
    ValueKind.ID: st.text("0123456789abcdef", min_size=24, max_size=24),
    ValueKind.ID_START: st.text("0123456789abcdefABCDEF", min_size=1, max_size=24),
}


@st.composite
def written(draw: st.DrawFn) -> str:
    """A search that is right, as somebody might write it."""
    parts = []
    for _ in range(draw(st.integers(0, 8))):
        minus = draw(st.sampled_from(["", "-"]))
        kind = draw(st.sampled_from([None, *TERMS.values()]))
        if kind is None:
            parts.append(minus + '"x' + _escaped(draw(VALUES[ValueKind.TEXT])) + '"')
            continue
        name = f"{METADATA}field" if kind.name == METADATA else kind.name
        operator = draw(st.sampled_from(["", "<", "<=", ">", ">="])) if kind.is_ordered else ""
        values = draw(st.lists(VALUES[kind.values], min_size=1, max_size=3 if kind.several else 1))
        shown = ",".join(f'"{_escaped(value)}"' for value in values)
        parts.append(f"{'' if kind.is_ordered else minus}{name}:{operator}{shown}")
    return "  ".join(parts)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


@given(written())
def test_what_is_written_down_is_read_back(text: str) -> None:
    search = parse(text)
    assert parse(render(search)) == search


@given(st.one_of(st.text(max_size=60), st.text('ab:"\\-,<> _.\tstauflowg0', max_size=60), written()))
def test_nothing_but_its_own_error_is_raised_and_what_is_read_is_read_back(text: str) -> None:
    try:
        search = parse(text)
    except SearchInvalid:
        return
    assert parse(render(search)) == search
