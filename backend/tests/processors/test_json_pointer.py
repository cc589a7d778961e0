"""JSON Pointers: the examples of RFC 6901, what leads nowhere, and that a value comes out as it was written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.processors.http.json_pointer import NotJson, NotThere, find, parse

# RFC 6901, section 5.
DOCUMENT = """
{
   "foo": ["bar", "baz"],
   "": 0,
   "a/b": 1,
   "c%d": 2,
   "e^f": 3,
   "g|h": 4,
   "i\\\\j": 5,
   "k\\"l": 6,
   " ": 7,
   "m~n": 8
}
"""
EXAMPLES = {
    "": DOCUMENT.strip(),
    "/foo": '["bar", "baz"]',
    "/foo/0": '"bar"',
    "/": "0",
    "/a~1b": "1",
    "/c%d": "2",
    "/e^f": "3",
    "/g|h": "4",
    "/i\\j": "5",
    '/k"l': "6",
    "/ ": "7",
    "/m~0n": "8",
}


@pytest.mark.parametrize("pointer", EXAMPLES)
def test_the_examples_of_the_rfc(pointer: str) -> None:
    assert find(DOCUMENT, parse(pointer)) == EXAMPLES[pointer]


@pytest.mark.parametrize("text", ["foo", "~", "/~", "/~2", "/a~", "/a~b", " /a", "#/a", "0"])
def test_what_is_no_pointer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="RFC 6901"):
        parse(text)


def test_an_escaped_tilde_is_not_unescaped_twice() -> None:
    assert find('{"~1": 1, "/": 2}', parse("/~01")) == "1"


@pytest.mark.parametrize(
    ("document", "pointer", "words"),
    [
        ('{"a": {"b": 1, "c": 2}}', "/a/x", "at /a there is an object with b, c"),
        ('{"a": {}}', "/a/x", "at /a there is an object without a member"),
        ('{"a": {"b/c": []}}', "/a/b~1c/0", "at /a/b~1c there is a list of 0"),
        ("[1, 2]", "/2", "at the top there is a list of 2"),
        ("[1, 2]", "/-", "at the top there is a list of 2"),
        ("[1, 2]", "/-1", "at the top there is a list of 2"),
        ("[1, 2]", "/01", "at the top there is a list of 2"),
        ("[1, 2]", "/1e0", "at the top there is a list of 2"),
        ("[1, 2]", "/١", "at the top there is a list of 2"),
        ("[1, 2]", "/99999999999999999999999", "at the top there is a list of 2"),
        ('{"a": "text"}', "/a/0", "at /a there is a text"),
        ('{"a": null}', "/a/b", "at /a there is null"),
        ('{"a": true}', "/a/b", "at /a there is true"),
        ("-1.5", "/a", "at the top there is a number"),
        (json.dumps({f"n{i}": i for i in range(12)}), "/x", "n8, n9, …"),
    ],
)
def test_what_leads_nowhere_says_what_is_there(document: str, pointer: str, words: str) -> None:
    with pytest.raises(NotThere) as caught:
        find(document, parse(pointer))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "document",
    [
        "",
        " ",
        "{",
        '{"a": 1,}',
        "{'a': 1}",
        '{"a": NaN}',
        '{"a": 01}',
        '{"a": "\x01"}',
        '{"a": 1} {"a": 2}',
        "\ufeff{}",
    ],
)
@pytest.mark.parametrize("pointer", ["", "/a"])
def test_what_is_no_json_has_no_value_anywhere(document: str, pointer: str) -> None:
    with pytest.raises(NotJson):
        find(document, parse(pointer))


def test_a_document_that_is_nested_without_end() -> None:
    with pytest.raises(NotJson, match="nested"):
        find("[" * 100_000, parse("/0"))


@pytest.mark.parametrize(
    "value",
    ["1.0", "1e400", "-0", "123456789012345678901234567890", "1" * 5_000, r'"\u00e4\/"', r'"\ud800"', "[ 1,2 ]"],
)
def test_a_value_comes_out_as_it_was_written(value: str) -> None:
    assert find(f'{{ "other": [{{}}, "]"],\n"a" : {value} , "z": 1}}', parse("/a")) == value


def test_of_a_name_that_stands_twice_the_last_counts_as_elsewhere() -> None:
    assert find('{"a": 1, "a": 2}', parse("/a")) == "2"
    assert json.loads('{"a": 1, "a": 2}')["a"] == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def _places(value: Any, way: str = "") -> list[tuple[str, Any]]:
    """Every value in a document, and the pointer to it."""
    found = [(way, value)]
    if isinstance(value, dict):
        for name, one in value.items():
            found += _places(one, f"{way}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            found += _places(one, f"{way}/{number}")
    return found


@given(JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_every_value_of_a_document_is_found(document: Any, indent: int | str | None, ascii_only: bool) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    for pointer, value in _places(document):
        assert json.loads(find(text, parse(pointer))) == value
