"""Rows G10, G11: what looks dangerous is text, and comes back byte for byte."""

import json
from typing import Any

import pytest

from tests.http.problems import naming
from tests.support.site import Site

ODD = {
    "script": "</script><script>alert(1)</script><img src=x onerror=alert(1)>",
    "sql": "'; DROP TABLE jobs; --",
    "shell": "$(reboot) `reboot` | reboot; reboot",
    "template": "{{7*7}} ${7*7} <%= 7*7 %> #{7*7}",
    "formula": '=HYPERLINK("http://evil.example","x")',
    "ansi": "\x1b[2J\x1b[31mred",
    "crlf": "a\r\nx-injected: 1\r\n\r\n",
    "sse": "data: x\n\nevent: job\ndata: {}\n\n",
    "right to left": "\u202etxt.exe\u202c",
    "combining": "e" + "\u0301" * 500,
    "emoji": "👩‍👩‍👧‍👦" * 100,
    "beyond the BMP": "\U0010ffff\U00010000",
    "zero width inside": "a\u200bb",
    "json": '{"prompt": "nested \\" quote"}',
    "line separators": "a\u2028b\u2029c\u0085d",
    "spaces around": "  a  ",
    "escapes": "\\u0000 \\n \\",
}


async def test_an_odd_prompt_comes_back_as_it_was(site: Site) -> None:
    for name, text in ODD.items():
        made = await site.submit(text)
        with naming(name):
            assert made["prompt"] == text
            assert (await site.job(made["id"]))["prompt"] == text
            assert (await site.client.get("/jobs")).json()[0]["prompt"] == text


async def test_an_odd_result_comes_back_as_it_was(site: Site) -> None:
    for name, text in {**ODD, "empty": "", "blank": " "}.items():
        made = await site.submit()
        reply = await site.callback({"jobId": made["id"], "result": text})
        with naming(name):
            assert reply.json()["result"] == text
            assert (await site.job(made["id"]))["result"] == text


async def test_free_form_json_may_be_nested_32_deep_and_no_deeper(site: Site) -> None:
    for levels, status in ((32, 201), (33, 422)):
        metadata: object = "the innermost value is no level"
        for _ in range(levels):
            metadata = {"a": metadata}
        reply = await site.client.post("/jobs", {"prompt": "p", "metadata": metadata})
        assert reply.status == status
    assert reply.json()["detail"] == "metadata: must be nested at most 32 deep"


async def test_operators_as_keys_stay_text(site: Site) -> None:
    metadata: dict[str, Any] = {
        "$where": "sleep(1000)",
        "$gt": "",
        "a.b": 1,
        "__proto__": {"admin": True},
        "constructor": {"prototype": {}},
        "": "empty",
        "largest": 2**63 - 1,
        "smallest": -(2**63),
        "float": 0.1,
        "deep": [[[{"x": None}]]],
    }

    made = await site.submit(metadata=metadata)

    assert (await site.job(made["id"]))["metadata"] == metadata


@pytest.mark.parametrize("character", ["a", "ä", "€", "😀"])
async def test_a_list_cuts_long_texts_at_4_kib_and_never_through_a_character(site: Site, character: str) -> None:
    width = len(character.encode())
    for count in (4096 // width, 4096 // width + 1, 5000):
        text = character * count
        made = await site.submit(text)
        await site.callback({"jobId": made["id"], "result": text})
        [listed] = [job for job in (await site.client.get("/jobs?limit=1")).json() if job["id"] == made["id"]]
        for name in ("prompt", "result"):
            cut = listed[name]
            assert cut == character * (min(count * width, 4096) // width)
            assert listed[f"{name}Truncated"] == (cut != text)
            assert listed[f"{name}Bytes"] == count * width
        whole = await site.job(made["id"])
        assert (whole["prompt"], whole["promptTruncated"]) == (text, False)


async def test_duplicate_tags_are_one(site: Site) -> None:
    assert (await site.submit(tags=["a", "b", "a"]))["tags"] == ["a", "b"]


async def test_the_answer_to_a_submission_is_json_in_utf_8(site: Site) -> None:
    reply = await site.client.post("/jobs", {"prompt": "ä😀"})

    assert json.loads(reply.body.decode())["prompt"] == "ä😀"
