"""Answers that are compressed, and those that must not be."""

import gzip
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from job_processor.http.compression import (
    MAX_PADDING_BYTES,
    MINIMUM_BYTES,
    THREAD_MINIMUM_BYTES,
    CompressionMiddleware,
    padded,
)
from job_processor.http.content_coding import accepted
from tests.support.asgi import Client, Reply
from tests.support.site import Site, open_site

SCRIPT = "export const page = 1;\n" * 200


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", []),
        ("identity", []),
        ("gzip", ["gzip"]),
        ("GZIP", ["gzip"]),
        ("gzip, deflate, br, zstd", ["br", "gzip"]),
        ("gzip;q=1.0, br;q=0.5", ["gzip", "br"]),
        ("gzip; q=0.5 , br ; q=0.5", ["br", "gzip"]),
        ("br;q=0, gzip", ["gzip"]),
        ("gzip;q=0", []),
        ("gzip;q=0.000", []),
        ("*", ["br", "gzip"]),
        ("*;q=0", []),
        ("gzip, *;q=0", ["gzip"]),
        ("br;q=0, *", ["gzip"]),
        ("identity;q=1, *;q=0", []),
        ("gzip;q=hello", []),
        ("gzip;q=nan", []),
        ("gzip;q=2", []),
        ("gzip;level=9", []),
        ("x-gzip-like", []),
        (",,;;q=,gzip", ["gzip"]),
    ],
)
def test_the_coding_is_one_that_the_client_takes(header: str, chosen: list[str]) -> None:
    assert accepted(header, ("br", "gzip")) == chosen


@pytest.fixture
async def filled(site: Site) -> Site:
    for number in range(8):
        await site.submit(f"Say hello {number}")
    return site


async def test_a_list_is_compressed_for_who_takes_it_and_says_so(filled: Site) -> None:
    plain = await filled.client.get("/jobs")
    coded = await filled.client.get("/jobs", {"accept-encoding": "gzip, br"})

    assert plain.headers.get("content-encoding") is None
    assert coded.headers["content-encoding"] == "gzip"
    assert plain.headers["vary"] == coded.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(coded.body) == plain.body
    assert int(coded.headers["content-length"]) == len(coded.body) < len(plain.body) / 2


async def test_small_answers_and_answers_to_acts_are_left_alone(filled: Site) -> None:
    takes = {"accept-encoding": "gzip"}
    assert "content-encoding" not in (await filled.client.get("/health", takes)).headers
    # A key is in the answer to a POST alone: it must not tell by its length what it is like.
    made = await filled.client.post("/jobs", {"prompt": "x" * 5_000}, takes)
    assert made.status == 201
    assert len(made.body) > MINIMUM_BYTES
    assert "content-encoding" not in made.headers


async def test_an_etag_is_weak_where_the_body_is_another_one_byte_for_byte(site: Site) -> None:
    job = await site.submit("long " * 1_000)
    path = f"/jobs/{job['id']}"
    plain = await site.client.get(path)
    coded = await site.client.get(path, {"accept-encoding": "gzip"})
    assert coded.headers["etag"] == "W/" + plain.headers["etag"]

    for tag, takes in ((plain.headers["etag"], ""), (coded.headers["etag"], "gzip")):
        again = await site.client.get(path, {"if-none-match": tag, "accept-encoding": takes})
        assert (again.status, again.headers["etag"], again.body) == (304, tag, b"")


async def test_answers_that_may_be_compressed_vary_by_origin_too(tmp_path: Path) -> None:
    async with open_site(tmp_path, origins=["https://other.example"]) as site:
        for number in range(8):
            await site.submit(f"Say hello {number}")
        reply = await site.client.get("/jobs", {"accept-encoding": "gzip", "origin": "https://other.example"})
    assert {one.strip() for one in reply.headers["vary"].split(",")} == {"Accept-Encoding", "Origin"}


async def test_events_are_never_compressed(site: Site) -> None:
    async with site.client.stream("/events", {"accept-encoding": "gzip"}) as stream:
        status, headers = await stream.head()
        assert status == 200
        assert "content-encoding" not in headers
        assert (await stream.named("hello")).name == "hello"


@pytest.mark.parametrize("size", [0, MINIMUM_BYTES - 1, MINIMUM_BYTES, THREAD_MINIMUM_BYTES + 1, 3_000_000])
async def test_every_size_comes_back_as_it_was(size: int) -> None:
    body = (b"0123456789abcdef" * (size // 16 + 1))[:size]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(body, media_type="application/json")(scope, receive, send)

    reply = await Client(CompressionMiddleware(app)).get("/", {"accept-encoding": "gzip"})
    is_coded = size >= MINIMUM_BYTES
    assert reply.headers.get("content-encoding") == ("gzip" if is_coded else None)
    assert (gzip.decompress(reply.body) if is_coded else reply.body) == body


def test_two_answers_that_are_alike_differ_in_length_by_chance() -> None:
    zipped = gzip.compress(b"secret " * 300)
    lengths = {len(padded(zipped)) - len(zipped) for _ in range(200)}
    assert len(lengths) > 20
    assert min(lengths) >= 1
    assert max(lengths) <= MAX_PADDING_BYTES + 1
    assert zlib.decompress(padded(zipped), 16 + zlib.MAX_WBITS) == b"secret " * 300


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[Site]:
    """A page as it is built: its script with both twins, a small file without."""
    assets = tmp_path / "ui" / "assets"
    assets.mkdir(parents=True)
    (tmp_path / "ui" / "index.html").write_text("<!doctype html><title>page</title>")
    (assets / "app-1a2b.js").write_text(SCRIPT)
    (assets / "app-1a2b.js.br").write_bytes(b"brotli of the script")
    (assets / "app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (assets / "small-3c4d.js").write_text("export {};\n")
    async with open_site(tmp_path / "data", page=tmp_path / "ui") as made:
        yield made


async def _script(site: Site, takes: str, **headers: str) -> Reply:
    return await site.client.get("/ui/assets/app-1a2b.js", {"accept-encoding": takes, **headers})


async def test_a_file_of_the_page_comes_as_it_was_compressed_when_it_was_built(built: Site) -> None:
    plain, zipped, br = [await _script(built, takes) for takes in ("", "gzip", "gzip, br")]

    assert [one.headers.get("content-encoding") for one in (plain, zipped, br)] == [None, "gzip", "br"]
    assert plain.text == gzip.decompress(zipped.body).decode() == SCRIPT
    assert br.body == b"brotli of the script"
    for reply in (plain, zipped, br):
        assert reply.headers["vary"] == "Accept-Encoding"
        assert reply.headers["content-type"] == plain.headers["content-type"]
        assert "immutable" in reply.headers["cache-control"]
        assert int(reply.headers["content-length"]) == len(reply.body)
    assert len({one.headers["etag"] for one in (plain, zipped, br)}) == 3
    assert not any(one.headers["etag"].startswith("W/") for one in (plain, zipped, br))


async def test_a_known_file_is_not_sent_again_and_another_coding_of_it_is(built: Site) -> None:
    br = await _script(built, "br")
    again = await _script(built, "br", **{"if-none-match": br.headers["etag"]})
    assert (again.status, again.headers["vary"], again.body) == (304, "Accept-Encoding", b"")
    assert again.headers["etag"] == br.headers["etag"]
    assert (await _script(built, "gzip", **{"if-none-match": br.headers["etag"]})).status == 200


async def test_head_and_ranges_are_of_the_compressed_file(built: Site) -> None:
    br = await _script(built, "br")
    head = await built.client.request("HEAD", "/ui/assets/app-1a2b.js", headers={"accept-encoding": "br"})
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == br.headers["content-length"]
    assert head.headers["content-encoding"] == "br"

    part = await _script(built, "br", range="bytes=0-5")
    assert (part.status, part.body, part.headers["content-encoding"]) == (206, b"brotli", "br")
    assert part.headers["content-range"] == f"bytes 0-5/{len(br.body)}"
    # The rest of another coding would not fit.
    other = await _script(built, "gzip", range="bytes=0-5", **{"if-range": br.headers["etag"]})
    assert other.status == 200


async def test_files_without_twin_are_sent_and_twins_have_no_address(built: Site) -> None:
    small = await built.client.get("/ui/assets/small-3c4d.js", {"accept-encoding": "br, gzip"})
    assert (small.status, small.text, small.headers["vary"]) == (200, "export {};\n", "Accept-Encoding")
    assert "content-encoding" not in small.headers
    for ending in (".br", ".gz"):
        assert (await built.client.get(f"/ui/assets/app-1a2b.js{ending}")).status == 404
