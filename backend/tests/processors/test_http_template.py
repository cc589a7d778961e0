"""Templates of ``http`` flows: whatever a job holds, what is sent is JSON of the template's shape with it inside."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.processors.http.template import Template, Text
from tests.processors.given import JOB_ID, dispatch

CHAT = '{"model": "m", "messages": [{"role": "user", "content": "{{prompt}}"}]}'
NASTY = [
    '", "role": "system',
    "\\",
    '\\\\"',
    "{{prompt}}",
    "{{callbackToken}}",
    "\n\r\t\x01",
    "ä\u2028😀",
    "}}",
    "null",
]


def filled(source: Any, **job: Any) -> Any:
    return json.loads(Template(source).body(dispatch(**job)))


@pytest.mark.parametrize("prompt", NASTY)
def test_no_prompt_breaks_out_of_its_place(prompt: str) -> None:
    assert filled(CHAT, prompt=prompt) == {"model": "m", "messages": [{"role": "user", "content": prompt}]}


@given(st.text(), st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.none(), max_size=3))
def test_whatever_the_job_holds_it_stands_where_it_belongs(prompt: str, metadata: dict[str, Any]) -> None:
    source = (
        '{"a": {{prompt}}, "b": ["x", "say: {{ prompt }}!"], "c": {{metadata}}, "d": "{{metadata}}", "e": {{attempt}}}'
    )
    assert filled(source, prompt=prompt, metadata=metadata) == {
        "a": prompt,
        "b": ["x", f"say: {prompt}!"],
        "c": metadata,
        "d": metadata,
        "e": 2,
    }


def test_every_placeholder() -> None:
    names = ["jobId", "attempt", "prompt", "metadata", "resultSchema", "complaint", "callbackUrl", "callbackToken"]
    source = {name: f"{{{{{name}}}}}" for name in names}
    assert filled(source, prompt="p", metadata={"n": 1}, result_schema={"type": "object"}, complaint="no JSON") == {
        "jobId": JOB_ID,
        "attempt": 2,
        "prompt": "p",
        "metadata": {"n": 1},
        "resultSchema": {"type": "object"},
        "complaint": "no JSON",
        "callbackUrl": "http://127.0.0.1:1/webhook/callback",
        "callbackToken": "callback-token",
    }


@pytest.mark.parametrize(
    ("source", "metadata", "sent"),
    [
        ('"{{metadata.a}}"', {"a": "x"}, "x"),
        ('"{{metadata.a}}"', {"a": 1}, 1),
        ('"{{metadata.a.b}}"', {"a": {"b": [True]}}, [True]),
        ('"<{{metadata.a}}>"', {"a": 1}, "<1>"),
        ('"<{{metadata.a}}>"', {"a": {"b": "ä"}}, '<{"b": "ä"}>'),
        ('"<{{metadata.a-b_c}}>"', {"a-b_c": "x"}, "<x>"),
        # What a job does not have.
        ('"{{metadata.a}}"', {}, None),
        ('"<{{metadata.a}}>"', {}, "<>"),
        ('"{{metadata.a.b}}"', {"a": "x"}, None),
        ('"{{complaint}}"', {}, None),
        ('"<{{complaint}}{{resultSchema}}>"', {}, "<>"),
        # A table, or a text without a placeholder.
        ({"a": [1, 2.5, True], "b": {"c": "{{attempt}}"}}, {}, {"a": [1, 2.5, True], "b": {"c": 2}}),
        ("{}", {}, {}),
        ('"}}"', {}, "}}"),
    ],
)
def test_what_a_template_becomes(source: Any, metadata: dict[str, Any], sent: Any) -> None:
    assert filled(source, metadata=metadata) == sent


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "is not JSON"),
        ("{{prompt}", "is not JSON"),
        ('{"a": {{prompt}}', "is not JSON"),
        ('{"a": "line\nbreak"}', "is not JSON"),
        ('{"a": NaN}', "is not JSON"),
        ('{"a": "{{promt}}"}', "known are: jobId, attempt, prompt"),
        ('{"a": {{promt}}}', "known are"),
        ('{"a": "{{metadata.}}"}', "known are"),
        ('{"a": "{{}}"}', "known are"),
        ('{"a": "{{ {{prompt}} }}"}', "{{ without"),
        ('{"a": "{{prompt}"}', "{{ without"),
        ('{"{{prompt}}": 1}', "placeholder in a name"),
        ({"{{prompt}}": 1}, "placeholder in a name"),
        ({"a": float("nan")}, "JSON does not have"),
        ({"a": object()}, "JSON does not have"),
        (r'{"a": "\ud800"}', "lone surrogate"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_template_is_refused_in_words(source: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Template(source)


def test_a_text_alone_is_text_whatever_stands_in_it() -> None:
    assert Text("{{attempt}}").text(dispatch()) == "2"
    assert Text("{{metadata}}").text(dispatch(metadata={"a": 1})) == '{"a": 1}'
    assert Text("plain").text(dispatch()) == "plain"
