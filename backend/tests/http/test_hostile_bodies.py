"""Rows G of the catalogue: what must never pass the gate, and never be a 500. Nothing is stored, nothing echoed."""

import pytest

from job_processor.http.body import MAX_BODY_BYTES
from tests.http.problems import CANARY, assert_problem, naming
from tests.support.site import SECRET, Site

DEEP = 100_000


def metadata(value: bytes) -> bytes:
    return b'{"prompt":"%b","metadata":{"a":%b}}' % (CANARY.encode(), value)


HOSTILE: dict[str, bytes] = {
    "G1 NaN as a value": b'{"prompt": NaN}',
    "G1 Infinity": b'{"prompt":"a","priority":Infinity}',
    "G1 -Infinity": b'{"prompt":"a","priority":-Infinity}',
    "G1 1e999": b'{"prompt":"a","delaySeconds":1e999}',
    "G1 NaN nested": metadata(b"[[NaN]]"),
    "G1 1e999 nested": metadata(b'{"b":[1e999]}'),
    "G1 -1e999 nested": metadata(b"-1e999"),
    "G2 lone surrogate in a value": b'{"prompt":"canary-7f3a \\ud800"}',
    "G2 lone low surrogate in a value": b'{"prompt":"\\udc00 canary-7f3a"}',
    "G2 lone surrogate in a key": metadata(b'{"\\ud800":1}'),
    "G2 lone surrogate as the field name": b'{"\\ud800":"canary-7f3a"}',
    "G2 lone surrogate in a field of another type": b'{"prompt":["canary-7f3a\\ud800"]}',
    "G2 surrogate as raw bytes": b'{"prompt":"\xed\xa0\x80"}',
    "G3 NUL escaped in the prompt": b'{"prompt":"canary-7f3a\\u0000"}',
    "G3 NUL raw in the prompt": b'{"prompt":"canary-7f3a\x00"}',
    "G3 NUL in a tag": b'{"prompt":"a","tags":["canary-7f3a\\u0000"]}',
    "G3 NUL in a metadata key": metadata(b'{"canary-7f3a\\u0000":1}'),
    "G3 NUL in a metadata value": metadata(b'["\\u0000"]'),
    "G3 NUL in a schema": b'{"prompt":"a","resultSchema":{"const":"\\u0000"}}',
    "G4 arrays 100,000 deep": metadata(b"[" * DEEP + b"]" * DEEP),
    "G4 objects 100,000 deep": metadata(b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    "G4 the body itself 100,000 deep": b"[" * DEEP + b"]" * DEEP,
    "G4 100,000 deep and never closed": b'{"prompt":' + b"[" * DEEP,
    "G4 33 deep": metadata(b"[" * 32 + b"]" * 32),
    "G5 5,000 digits": metadata(b"1" * 5000),
    "G5 5,000 digits in a field": b'{"prompt":"a","priority":' + b"1" * 5000 + b"}",
    "G5 2^63": metadata(b"9223372036854775808"),
    "G5 -2^63-1": metadata(b"-9223372036854775809"),
    "G5 2^64": metadata(b"[18446744073709551616]"),
    "G6 invalid UTF-8": b'{"prompt":"canary-7f3a \xff"}',
    "G6 UTF-16": f'{{"prompt":"{CANARY}"}}'.encode("utf-16"),
    "G6 UTF-16 without BOM": f'{{"prompt":"{CANARY}"}}'.encode("utf-16-le"),
    "G6 UTF-32": f'{{"prompt":"{CANARY}"}}'.encode("utf-32"),
    "G6 BOM": f'\ufeff{{"prompt":"{CANARY}"}}'.encode(),
    "G6 overlong": b'{"prompt":"\xc0\xaf"}',
    "G7 duplicate key": b'{"prompt":"canary-7f3a","prompt":"b"}',
    "G7 duplicate key, one escaped": b'{"prompt":"a","\\u0070rompt":"canary-7f3a"}',
    "G7 duplicate key, nested": metadata(b'{"b":1,"c":[{"d":1,"d":2}]}'),
    "G8 prompt over its limit": b'{"prompt":"' + b"a" * (512 * 1024 + 1) + b'"}',
    "G8 prompt over its limit in bytes": '{{"prompt":"{}"}}'.format("😀" * (128 * 1024 + 1)).encode(),
    "G10 empty prompt": b'{"prompt":""}',
    "G10 blank prompt": b'{"prompt":" \\t\\r\\n\xc2\xa0\xe3\x80\x80"}',
    "G10 zero-width prompt": '{"prompt":"\u200b\u200c\u200d\u2060\ufeff"}'.encode(),
    "G10 zero-width among spaces": '{"prompt":" \u200b \u200b "}'.encode(),
    "G10 direction marks only": '{"prompt":"\u202e\u202c"}'.encode(),
    "G13 100,000 metadata keys": b'{"prompt":"a","metadata":{'
    + b",".join(b'"%d":1' % n for n in range(90_000))
    + b"}}",
    "G13 one key of 500 kB": metadata(b'{"' + b"k" * 500_000 + b'":1}'),
    "unknown field": b'{"prompt":"a","canary-7f3a":1}',
    "__proto__": b'{"prompt":"a","__proto__":{"status":"COMPLETED"}}',
    "id of its own": b'{"prompt":"a","id":"0123456789abcdef01234567"}',
    "status of its own": b'{"prompt":"a","status":"COMPLETED"}',
    "prompt is a number": b'{"prompt":17}',
    "prompt is an object": b'{"prompt":{"$gt":""}}',
    "prompt is null": b'{"prompt":null}',
    "no prompt": b"{}",
    "prompt misspelt": b'{"Prompt":"a"}',
    "tags are no list": b'{"prompt":"a","tags":"canary-7f3a"}',
    "an empty tag": b'{"prompt":"a","tags":[""]}',
    "a tag of 65 characters": b'{"prompt":"a","tags":["' + b"t" * 65 + b'"]}',
    "21 tags": b'{"prompt":"a","tags":[' + b",".join(b'"%d"' % n for n in range(21)) + b"]}",
    "priority is a float": b'{"prompt":"a","priority":1.5}',
    "priority is true": b'{"prompt":"a","priority":true}',
    "priority beyond 100": b'{"prompt":"a","priority":101}',
    "negative delay": b'{"prompt":"a","delaySeconds":-1}',
    "delay and runAt": b'{"prompt":"a","delaySeconds":1,"runAt":"2026-12-01T00:00:00Z"}',
    "no attempts": b'{"prompt":"a","maxAttempts":0}',
    "D2 runAt without offset": b'{"prompt":"a","runAt":"2026-12-01T00:00:00"}',
    "D2 runAt in the year 9999": b'{"prompt":"a","runAt":"9999-12-31T23:59:59Z"}',
    "D2 runAt in the year 1": b'{"prompt":"a","runAt":"0001-01-01T00:00:00+14:00"}',
    "D2 runAt is a date": b'{"prompt":"a","runAt":"2026-12-01"}',
    "deadline in the past": b'{"prompt":"a","deadline":"2020-01-01T00:00:00Z"}',
    "unknown flow": b'{"prompt":"a","flow":"canary-7f3a"}',
    "metadata is a list": b'{"prompt":"a","metadata":[]}',
    "metadata beyond 16 KiB": metadata(b'"' + b"m" * 16_400 + b'"'),
    "schema that is none": b'{"prompt":"a","resultSchema":{"type":"canary-7f3a"}}',
    "schema with a bad pattern": b'{"prompt":"a","resultSchema":{"pattern":"(canary-7f3a"}}',
    "an array": b"[]",
    "a string": b'"canary-7f3a"',
    "null": b"null",
    "nothing": b"",
    "two values": b'{"prompt":"a"}{"prompt":"b"}',
    "trailing words": b'{"prompt":"a"} canary-7f3a',
    "trailing comma": b'{"prompt":"a",}',
    "single quotes": b"{'prompt':'a'}",
    "a comment": b'{"prompt":"a"/*canary-7f3a*/}',
    "not JSON at all": b"canary-7f3a",
}


async def test_a_hostile_body_is_refused_and_nothing_is_stored(site: Site) -> None:
    for name, body in HOSTILE.items():
        reply = await site.client.request("POST", "/jobs", body=body)
        with naming(name):
            assert_problem(reply, 400, 413, 422)
            assert (await site.client.get("/jobs")).json() == []


async def test_a_hostile_callback_is_refused_and_changes_nothing(site: Site) -> None:
    job = await site.submit()
    for name, body in HOSTILE.items():
        reply = await site.client.request("POST", "/webhook/callback", body=body, headers={"x-webhook-secret": SECRET})
        with naming(name):
            assert_problem(reply, 400, 413, 422)
    assert (await site.job(job["id"]))["status"] == "PENDING"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
async def test_no_depth_at_all_is_a_500(site: Site, opening: bytes) -> None:
    """Around a thousand the parsers' own limits lie, each a little elsewhere."""
    closing = b"]" if opening == b"[" else b"}"
    for depth in (30, 32, 33, 100, 500, *range(850, 1010), 2_000):
        body = metadata(opening * depth + b"1" + closing * depth)
        reply = await site.client.request("POST", "/jobs", body=body)
        assert (depth, reply.status) in ((30, 201), (depth, 400), (depth, 422))


async def test_a_body_that_says_it_is_10_mb_is_refused_before_it_is_read(site: Site) -> None:
    asked = 0

    def chunks() -> list[bytes]:
        nonlocal asked
        asked += 1
        return [b"x"]

    reply = await site.client.request("POST", "/jobs", body=chunks(), headers={"content-length": "10485760"})

    problem = assert_problem(reply, 413)
    assert problem["code"] == "body_too_large"
    assert reply.headers["connection"] == "close"


async def test_10_mb_without_content_length_are_not_kept(site: Site) -> None:
    reply = await site.client.request("POST", "/jobs", body=[b'{"prompt":"', *[b"x" * 65_536] * 160, b'"}'])

    assert_problem(reply, 413)


async def test_the_largest_body_is_taken_whole(site: Site) -> None:
    prompt = "ä" * (256 * 1024)

    made = await site.submit(prompt)

    assert (await site.job(made["id"]))["prompt"] == prompt
    assert made["promptBytes"] == 512 * 1024
    padding = b" " * (MAX_BODY_BYTES - len(b'{"prompt":"a"}'))
    assert (await site.client.request("POST", "/jobs", body=b'{"prompt":"a"}' + padding)).status == 201
    assert (await site.client.request("POST", "/jobs", body=b'{"prompt":"a"} ' + padding)).status == 413


async def test_a_body_cut_short_is_refused(site: Site) -> None:
    assert_problem(await site.client.request("POST", "/jobs", body=[b'{"prompt":"canary-7f3a']), 400)
