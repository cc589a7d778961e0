"""What arrives as the body of a batch: whole, in pieces, cut, too long, or not what it says."""

import json
import re
from collections.abc import Iterator

import pytest

from job_processor.core.batch import MAX_LINES
from job_processor.http import batch_lines
from job_processor.http.batch_body import MAX_BATCH_BYTES
from job_processor.http.batch_lines import MAX_LINE_BYTES, Splitter, elements
from job_processor.http.byte_room import ByteRoom
from tests.http.problems import CANARY, assert_problem, naming
from tests.http.test_hostile_bodies import HOSTILE as ONE
from tests.support.asgi import Reply
from tests.support.site import Site

NDJSON = {"content-type": "application/x-ndjson"}
A = b'{"prompt":"a"}'
BOM = "\ufeff".encode()

RIGHT: dict[str, tuple[bytes, int]] = {
    "no newline at the end": (A + b"\n" + A, 2),
    "CRLF": (A + b"\r\n" + A + b"\r\n", 2),
    "blank lines": (b"\n\n" + A + b"\n \t\r\n\n" + A + b"\n\n\n", 2),
    "a BOM": (BOM + A + b"\n" + A, 2),
    "a BOM before a blank line": (BOM + b"\r\n" + A, 1),
    "spaces around": (b"  " + A + b"\t\n", 1),
    "a line separator of Unicode in a prompt": ('{"prompt":"a\u2028b\u0085c"}'.encode() + b"\n", 1),
    "the longest line": (b'{"prompt":"a"' + b" " * (MAX_LINE_BYTES - 14) + b"}", 1),
    "as many lines as may be": (b"\n".join([A] * MAX_LINES), MAX_LINES),
}
WRONG: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 422, "invalid_field"),
    "blank lines alone": (b"\n\r\n  \n", 422, "invalid_field"),
    "a BOM alone": (BOM, 422, "invalid_field"),
    "a BOM in the second line": (A + b"\n" + BOM + A, 422, "invalid_lines"),
    "two BOMs": (BOM + BOM + A, 422, "invalid_lines"),
    "CR alone between lines": (A + b"\r" + A, 422, "invalid_lines"),
    "a line too long": (A + b'\n{"prompt":"' + b"a" * MAX_LINE_BYTES + b'"}\n' + A, 422, "invalid_lines"),
    "one byte too long": (b'{"prompt":"a"' + b" " * (MAX_LINE_BYTES - 13) + b"}", 422, "invalid_lines"),
    "NUL in the prompt": (A + b'\n{"prompt":"canary-7f3a\\u0000"}', 422, "invalid_lines"),
    "NUL in the customId": (b'{"prompt":"a","customId":"canary-7f3a\\u0000"}', 422, "invalid_lines"),
    "a raw NUL": (A + b"\n\x00\n", 422, "invalid_lines"),
    "a duplicate customId": (b'{"prompt":"a","customId":"canary-7f3a"}\n' * 2, 422, "invalid_lines"),
    "an empty customId": (b'{"prompt":"a","customId":""}', 422, "invalid_lines"),
    "a customId of 129 characters": (b'{"prompt":"a","customId":"' + b"c" * 129 + b'"}', 422, "invalid_lines"),
    "a customId that is a number": (b'{"prompt":"a","customId":7}', 422, "invalid_lines"),
    "10,001 lines": (b"\n".join([A] * (MAX_LINES + 1)), 413, "too_many_lines"),
    "10,001 wrong lines": (b"\n".join([b"{}"] * (MAX_LINES + 1)), 413, "too_many_lines"),
    "the last line cut": (A + b"\n" + A[:-3], 422, "invalid_lines"),
    "invalid UTF-8": (A + b'\n{"prompt":"canary-7f3a \xff"}', 422, "invalid_lines"),
    "UTF-16": (f'{{"prompt":"{CANARY}"}}\n'.encode("utf-16"), 422, "invalid_lines"),
    "a JSON array": (b"[" + A + b"," + A + b"]", 422, "invalid_lines"),
    "a JSON object over lines": (b'{\n"prompt": "a"\n}', 422, "invalid_lines"),
    **{f"a line: {name}": (A + b"\n" + body, 422, "invalid_lines") for name, body in ONE.items() if body},
}


async def post(site: Site, body: bytes | Iterator[bytes], media: str = "application/x-ndjson") -> Reply:
    return await site.client.request("POST", "/batches", body=body, headers={"content-type": media})


async def test_what_is_right_is_stored(site: Site) -> None:
    for name, (body, number) in RIGHT.items():
        reply = await post(site, body)
        with naming(name):
            assert (reply.status, reply.json().get("jobs")) == (201, number), reply.text[:300]


async def test_what_is_wrong_is_refused_whole_and_says_why(site: Site) -> None:
    for name, (body, status, code) in WRONG.items():
        reply = await post(site, body)
        with naming(name):
            assert assert_problem(reply, status)["code"] == code
    assert (await site.client.get("/batches")).json() == []
    assert (await site.client.get("/jobs")).json() == []


async def test_however_it_is_cut_into_pieces_it_is_the_same(site: Site) -> None:
    body = BOM + A + b"\r\n\n" + '{"prompt":"äöü😀"}'.encode() + b"\n" + A
    for size in (1, 2, 3, 7, 64):
        pieces = (body[i : i + size] for i in range(0, len(body), size))
        reply = await post(site, pieces)
        assert (reply.status, reply.json()["jobs"]) == (201, 3)
        found = (await site.client.get(f"/jobs?batch={reply.json()['id']}")).json()
        assert [one["batchLine"] for one in found] == [4, 3, 1]
        assert found[1]["prompt"] == "äöü😀"


async def test_64_mib_and_a_byte_is_refused_without_reading_on(site: Site) -> None:
    piece = b'{"prompt":"' + b"a" * (256 * 1024 - 14) + b'"}\n'
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        for _ in range(MAX_BATCH_BYTES // len(piece) + 50):
            read += 1
            yield piece

    said = await site.client.request(
        "POST", "/batches", body=b"", headers={**NDJSON, "content-length": str(MAX_BATCH_BYTES + 1)}
    )
    assert assert_problem(said, 413)["code"] == "body_too_large"
    assert assert_problem(await post(site, pieces()), 413)["code"] == "body_too_large"
    assert (await site.client.get("/jobs")).json() == []
    assert site.context.batch_bytes.total == 0


async def test_bodies_that_would_not_fit_beside_others_are_refused(site: Site) -> None:
    site.context.batch_bytes = ByteRoom(1_000)
    with site.context.batch_bytes.held() as take:
        take(900)
        refused = assert_problem(await post(site, A + b" " * 200), 503)
        assert refused["code"] == "too_many_bytes"
        assert (await post(site, A)).status == 201
    assert (await post(site, A + b" " * 200)).status == 201
    assert site.context.batch_bytes.total == 0


@pytest.mark.parametrize(
    ("media", "status"),
    [
        ("application/x-ndjson; charset=utf-8", 201),
        ("application/jsonl", 201),
        ("application/x-jsonlines", 201),
        ("text/plain", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
    ],
)
async def test_media_types(site: Site, media: str, status: int) -> None:
    assert (await post(site, A, media)).status == status


async def test_a_body_with_an_encoding_is_refused(site: Site) -> None:
    reply = await site.client.request("POST", "/batches", body=A, headers={**NDJSON, "content-encoding": "gzip"})
    assert assert_problem(reply, 415)["code"] == "unsupported_encoding"


OBJECTS: dict[str, tuple[bytes, int, str]] = {
    "no jobs": (b'{"name":"canary-7f3a"}', 422, "invalid_field"),
    "empty jobs": (b'{"jobs":[]}', 422, "invalid_field"),
    "jobs are no list": (b'{"jobs":{"prompt":"a"}}', 422, "invalid_field"),
    "jobs are null": (b'{"jobs":null}', 422, "invalid_field"),
    "an array": (b'[{"prompt":"a"}]', 422, "invalid_field"),
    "an unknown field": (b'{"jobs":[{"prompt":"a"}],"canary-7f3a":1}', 422, "unknown_field"),
    "jobs twice": (b'{"jobs":[{"prompt":"a"}],"jobs":[{"prompt":"a"}]}', 400, "duplicate_key"),
    "jobs twice, one escaped": (b'{"jobs":[{"prompt":"a"}],"\\u006aobs":[{"prompt":"b"}]}', 400, "duplicate_key"),
    "a field of a job twice": (b'{"jobs":[{"prompt":"a","prompt":"b"}]}', 422, "invalid_lines"),
    "a name that is a number": (b'{"jobs":[{"prompt":"a"}],"name":7}', 422, "invalid_field"),
    "retentionDays of none": (b'{"jobs":[{"prompt":"a"}],"retentionDays":0}', 422, "invalid_field"),
    "NUL in the name": (b'{"jobs":[{"prompt":"a"}],"name":"\\u0000"}', 422, "invalid_field"),
    "metadata too large": (
        b'{"jobs":[{"prompt":"a"}],"metadata":{"a":"' + b"m" * 17_000 + b'"}}',
        422,
        "invalid_field",
    ),
    "a deadline that is no time": (b'{"jobs":[{"prompt":"a"}],"deadline":"soon"}', 422, "invalid_field"),
    "10,001 jobs": (b'{"jobs":[' + b",".join([A] * 10_001) + b"]}", 413, "too_many_lines"),
    "a job that is a number": (b'{"jobs":[7]}', 422, "invalid_lines"),
    "a job in a list": (b'{"jobs":[[{"prompt":"a"}]]}', 422, "invalid_lines"),
    "a deep name": (b'{"jobs":[{"prompt":"a"}],"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "too_deep"),
    "deep jobs": (b'{"jobs":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "too_deep"),
    "cut": (b'{"jobs":[{"prompt":"a"}', 400, "malformed_json"),
    "a trailing comma": (b'{"jobs":[{"prompt":"a"},]}', 400, "malformed_json"),
    "nothing": (b"", 400, "malformed_json"),
    "a BOM": (BOM + b'{"jobs":[{"prompt":"a"}]}', 400, "malformed_json"),
    **{
        f"a job: {name}": (b'{"jobs":[' + body + b"]}", 422, "invalid_lines")
        for name, body in ONE.items()
        if name.startswith(("G3 NUL escaped", "G8", "G10", "no prompt", "unknown", "priority", "tags"))
    },
}


async def test_what_is_wrong_in_json_is_refused_whole_and_says_why(site: Site) -> None:
    for name, (body, status, code) in OBJECTS.items():
        reply = await post(site, body, "application/json")
        with naming(name):
            assert assert_problem(reply, status)["code"] == code
    assert (await site.client.get("/jobs")).json() == []


@pytest.mark.parametrize(
    "query", ["partial=1", "retentionDays=0", "name=", "metadata=[]", "metadata={", "deadline=soon", "x=1"]
)
async def test_options_that_are_wrong_name_themselves(site: Site, query: str) -> None:
    reply = await site.client.request("POST", f"/batches?{query}", body=A, headers=NDJSON)
    assert assert_problem(reply, 422)["errors"][0]["field"] == (query.partition("=")[0] if query != "x=1" else "query")


def test_elements_are_cut_where_json_says() -> None:
    values: list[object] = [{"a": [1, '],\\"']}, "x,y", [], {}, [[1], [2]], None, 'q"', 7]
    for text in (json.dumps(values), json.dumps(values, indent=1), json.dumps(values, separators=(",", ":"))):
        found = [json.loads(line or b"") for _, line in elements(text.encode())]
        assert found == values
    assert list(elements(b"[ ]")) == []


@pytest.mark.parametrize("text", ["x", '"', "\\", "é", '\\"]', "x,[{"])
def test_long_values_are_searched_in_parts(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []

    class Pattern:
        def finditer(self, where: bytes, start: int, end: int) -> Iterator[re.Match[bytes]]:
            searched.append(end - start)
            return pattern.finditer(where, start, end)

    pattern = batch_lines._TOKEN
    monkeypatch.setattr(batch_lines, "_TOKEN", Pattern())
    monkeypatch.setattr(batch_lines, "_WINDOW", 64)
    for length in (*range(30), 63, 64, 65, 500):
        values = ["a", text * length, {"k": [text * length, 1]}, 2]
        for indent in (None, 40):
            found = [json.loads(line or b"") for _, line in elements(json.dumps(values, indent=indent).encode())]
            assert found == values
    assert max(searched) == 64


def test_a_line_without_an_end_is_not_kept() -> None:
    splitter = Splitter()
    for _ in range(100):
        assert splitter.feed(b"a" * MAX_LINE_BYTES) == []
    assert sum(map(len, splitter._parts)) <= MAX_LINE_BYTES
    assert splitter.feed(b"\n{}") == [(1, None)]
    assert splitter.close() == [(2, b"{}")]
