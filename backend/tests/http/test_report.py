"""Reading a report: whatever is put around it, and however its parts are written, it says the same or nothing."""

import gzip
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from job_processor.core.report import Report
from job_processor.http.models import MAX_ATTEMPT
from job_processor.http.report import Unreadable, ids_in, job_in_query, read_report

JOB = "0123456789abcdef01234567"
LIMIT = 1_048_576

texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40)
values = st.recursive(
    texts | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner | st.none(), max_size=4) | st.dictionaries(texts, inner | st.none(), max_size=4),
    max_leaves=8,
)
Wrapping = st.sampled_from(["list", "json", "body", "data", "string", "spaces"])


def read(body: bytes | str, media: str = "application/json", query: str = "") -> Report | Unreadable:
    return read_report(body.encode() if isinstance(body, str) else body, media, query, LIMIT)


def taken(body: bytes | str, media: str = "application/json", query: str = "") -> Report:
    said = read(body, media, query)
    assert isinstance(said, Report), said
    return said


def wrapped(source: str, how: str, ascii_only: bool) -> str:
    match how:
        case "list":
            return f"[{source}]"
        case "string":
            return json.dumps(source, ensure_ascii=ascii_only)
        case "spaces":
            return f" \n\t{source}\r\n"
        case _:
            return f'{{"{how}": {source}, "other": [1]}}'


@st.composite
def reports(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    """A report in some shape, the query with it, and what it says."""
    fields: dict[str, Any] = {"result": draw(values)}
    says = {"result": fields["result"]}
    ascii_only = draw(st.booleans())
    query = {}
    if draw(st.booleans()):
        query["jobId"] = draw(st.sampled_from([JOB, JOB.upper()]))
    if not query or draw(st.booleans()):
        name = draw(st.sampled_from(["jobId", "job_id", "JobID", "job-id"]))
        fields[name] = draw(st.sampled_from([JOB, JOB.upper(), f" {JOB}\n"]))
    attempt = draw(st.none() | st.integers(1, MAX_ATTEMPT))
    if attempt is not None:
        fields["attempt"] = draw(st.sampled_from([attempt, str(attempt), f" {attempt} ", float(attempt)]))
    for name, choices in (("error", ["", None, " ", False, []]), ("retryable", [True, "no", None]), ("odd", [1, {}])):
        if draw(st.booleans()):
            fields[name] = draw(st.sampled_from(choices))
    names = draw(st.permutations(list(fields)))
    source = json.dumps({name: fields[name] for name in names}, ensure_ascii=ascii_only)
    for how in draw(st.lists(Wrapping, max_size=4)):
        source = wrapped(source, how, ascii_only)
    if draw(st.booleans()):
        source = "\ufeff" + source
    return source, urlencode(query), {**says, "attempt": attempt}


@settings(max_examples=150, deadline=None)
@given(reports(), st.sampled_from(["application/json", "", "text/plain", "application/x-www-form-urlencoded"]))
def test_shapes_combined_say_the_same(shape: tuple[str, str, dict[str, Any]], media: str) -> None:
    source, query, says = shape

    said = taken(source, media, query)

    assert (said.job_id, said.error, said.progress) == (JOB, None, None)
    assert said.attempt == says["attempt"]
    assert said.result is not None
    if isinstance(says["result"], str):
        assert said.result == says["result"]
    else:
        assert json.loads(said.result) == says["result"]
        assert type(json.loads(said.result)) is type(says["result"])


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["application/json", "multipart/form-data; boundary=x", "a/b", "ÿ"]))
def test_no_bytes_at_all_raise(body: bytes, media: str) -> None:
    said = read_report(body, media, body.decode("latin-1"), LIMIT)
    if not isinstance(said, Unreadable):
        assert any(one is not None for one in (said.result, said.error, said.progress, said.again_seconds))


@settings(max_examples=100, deadline=None)
@given(reports(), st.data())
def test_a_report_that_is_cut_off_is_never_taken_for_a_whole_one(
    shape: tuple[str, str, dict[str, Any]], data: st.DataObject
) -> None:
    source = shape[0].rstrip()
    body = source.encode()
    cut = body[: data.draw(st.integers(0, len(body) - 1))]

    said = read(cut, query=shape[1])

    assert isinstance(said, Unreadable), cut


def test_a_form_in_parts_that_is_cut_off_is_never_taken_for_a_whole_one() -> None:
    part = '--x\r\ncontent-disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    whole = (part.format("jobId", JOB) + part.format("result", "one two three") + "--x--").encode()
    media = "multipart/form-data; boundary=x"
    assert taken(whole, media).result == "one two three"
    for length in range(len(whole)):
        assert isinstance(read(whole[:length], media), Unreadable), whole[:length]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_json_shows_which_unicode_it_is_in(encoding: str) -> None:
    assert taken(f'{{"jobId": "{JOB}", "result": "é🎉"}}'.encode(encoding)).result == "é🎉"


@pytest.mark.parametrize("charset", ["iso-8859-1", '"ISO-8859-1"', "windows-1252"])
def test_what_is_not_utf_8_is_what_its_header_declares(charset: str) -> None:
    body = f'{{"jobId": "{JOB}", "result": "é"}}'
    assert taken(body.encode("latin-1"), f"application/json; charset={charset}").result == "é"
    assert taken(body.encode(), f"application/json; charset={charset}").result == "é"
    assert isinstance(read(body.encode("latin-1")), Unreadable)


@pytest.mark.parametrize("body", ["&jobId={}&result=r", "jobId={}&result=r&"])
def test_a_separator_too_many_around_a_form(body: str) -> None:
    assert taken(body.format(JOB), "application/x-www-form-urlencoded").result == "r"


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["result", "error", "attempt", "jobId", "retryable"]), texts, min_size=1))
def test_a_form_says_what_the_same_json_says(fields: Mapping[str, str]) -> None:
    form = read(urlencode(fields), "application/x-www-form-urlencoded")
    plain = read(json.dumps(dict(fields)))

    if isinstance(form, Unreadable) or isinstance(plain, Unreadable):
        assert form == plain
    else:
        assert (form.result, form.error, form.attempt, form.job_id) == (
            plain.result,
            plain.error,
            plain.attempt,
            plain.job_id,
        )


def test_a_plain_report_needs_no_note() -> None:
    said = taken(json.dumps({"jobId": JOB, "result": "r", "attempt": 2, "executionId": "7"}))
    assert said == Report(job_id=JOB, result="r", attempt=2, execution_id="7")
    assert said.note is None


def test_the_note_names_what_was_understood_and_is_short() -> None:
    odd = {"jobId": JOB, "result": "a\ud800", **{f"field {n}" * 50: n for n in range(100)}}
    said = taken(json.dumps([odd]))
    assert said.note is not None
    assert "in an array of one" in said.note
    assert "and 95 more" in said.note
    assert "lone surrogates became U+FFFD" in said.note
    assert len(said.note) < 500


@pytest.mark.parametrize("depth", [10, 499])
def test_500_levels_are_read_by_every_python(depth: int) -> None:
    value = "[" * depth + "1" + "]" * depth
    assert taken(f'{{"jobId": "{JOB}", "result": {value}}}').result == value


@pytest.mark.parametrize("depth", [500, 980, 1_480, 9_900, 100_000])
def test_what_is_deeper_is_refused_by_every_python(depth: int) -> None:
    """Between these, one version of Python after the other gives up by itself."""
    said = read(f'{{"jobId": "{JOB}", "result": {"[" * depth}1{"]" * depth}}}')
    assert isinstance(said, Unreadable)
    assert said.code == "too_deep"


def test_brackets_in_a_text_are_no_levels() -> None:
    value = json.dumps("[" * 10_000 + '\\"' + "{" * 10_000)
    assert taken(f'{{"jobId": "{JOB}", "result": {value}}}').result == json.loads(value)


def test_a_number_of_any_length_is_kept_as_it_is() -> None:
    assert taken(f'{{"jobId": "{JOB}", "result": {"1" * 100_000}}}').result == "1" * 100_000


def test_the_size_is_measured_in_bytes_of_what_was_meant() -> None:
    for size, fits in ((LIMIT, True), (LIMIT + 2, False)):
        said = read(json.dumps({"jobId": JOB, "result": "ä" * (size // 2)}))
        assert isinstance(said, Report) == fits
    assert isinstance(said, Unreadable)
    assert (said.status, said.code) == (413, "result_too_large")


@pytest.mark.parametrize(
    ("query", "job"),
    [
        ("", None),
        (f"jobId={JOB}", JOB),
        (f"x=1&job_id={JOB.upper()}", JOB),
        (f"jobId={JOB}&jobId={JOB}", JOB),
        (f"jobId={JOB}&jobId={'f' * 24}", None),
        ("jobId=7", None),
    ],
)
def test_a_job_in_the_address(query: str, job: str | None) -> None:
    assert job_in_query(query) == job


def test_ids_in_bytes() -> None:
    other = "f" * 24
    assert ids_in(f"job {JOB.upper()}, {other}; {JOB}".encode()) == [JOB, other]
    assert ids_in(f'{{"id": "{JOB}"}}'.encode("utf-16")) == [JOB]
    assert ids_in(gzip.compress(f'{{"jobId": "{JOB}"}}'.encode())) == [JOB]
    assert ids_in(b"\x1f\x8b no archive") == []
    assert ids_in(f"jobId=%22{JOB}%22".encode()) == [JOB]
    assert ids_in(f"{JOB}0 x{JOB} {JOB[:-1]}".encode()) == []
    assert len(ids_in(b" ".join(b"%024x" % n for n in range(1_000)))) == 20


@pytest.mark.parametrize("before", [0, 1, *range(65_536 - 26, 65_536 + 2), 2 * 65_536 - 12])
def test_ids_in_bytes_that_are_read_piece_by_piece(before: int) -> None:
    around = b"-" * before
    assert ids_in(around + JOB.encode() + b"-" * 30) == [JOB]
    assert ids_in(around + JOB.encode()) == [JOB]
    assert ids_in(around + JOB.encode() + b"0") == []
    assert ids_in(around + b"0" + JOB.encode()) == []


_NAMES = ["jobId", "result", "error", "attempt", "executionId", "progress", "flow", "lastNode"]
_WRITTEN = [*_NAMES, "job_id", "Result", "json", "other", "re\\u0073ult", "result "]
_VALUES = [
    *(f'"{name}"' for name in _NAMES),
    '"\\"result\\""',
    '"\\ud800"',
    '"a\\u0000"',
    "null",
    "1",
    "-0",
    '""',
    "{}",
]


@given(
    st.lists(st.tuples(st.sampled_from(_WRITTEN), st.sampled_from(_VALUES) | texts.map(json.dumps)), max_size=4),
    st.sampled_from(["{%s}", " {%s}\n", "{%s,}", "{%s}}", "[{%s}]", "\ufeff{%s}"]),
    st.sampled_from(["utf-8", "utf-16", "latin-1"]),
)
@settings(max_examples=1_000)
def test_the_quick_way_reads_what_the_careful_way_reads(
    pairs: list[tuple[str, str]], around: str, encoding: str
) -> None:
    """A content type with a parameter is never read the quick way."""
    job = [("jobId", f'"{JOB}"')] if len(pairs) % 2 else []
    body = (around % ",".join(f'"{name}":{value}' for name, value in job + pairs)).encode(encoding, "replace")

    assert read(body) == read(body, "application/json; charset=utf-8")
