"""Row G9 and J6: only JSON, in UTF-8, not encoded."""

import pytest

from tests.http.problems import assert_problem, naming
from tests.support.site import Site

BODY = b'{"prompt":"a"}'


OTHERS = [
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonp",
    "application/octet-stream",
    "",
    "application",
    "text/plain, application/json",
    "text/plain; application/json",
]


async def test_another_content_type_is_415(site: Site) -> None:
    for media in OTHERS:
        reply = await site.client.request("POST", "/jobs", body=BODY, headers={"content-type": media})
        with naming(media):
            assert assert_problem(reply, 415)["code"] == "unsupported_media_type"


async def test_json_is_taken_however_it_is_written(site: Site) -> None:
    for media in ("application/json", "application/json; charset=utf-8", "Application/JSON", " application/json "):
        reply = await site.client.request("POST", "/jobs", body=BODY, headers={"content-type": media})
        assert (media, reply.status) == (media, 201)


async def test_an_encoded_body_is_415_and_never_decoded(site: Site) -> None:
    for encoding in ("gzip", "br", "zstd", "deflate", "x-unknown", "gzip, identity", ""):
        reply = await site.client.request("POST", "/jobs", body=BODY, headers={"content-encoding": encoding})
        with naming(encoding):
            assert assert_problem(reply, 415)["code"] == "unsupported_encoding"


async def test_identity_is_no_encoding(site: Site) -> None:
    reply = await site.client.request("POST", "/jobs", body=BODY, headers={"content-encoding": "Identity"})

    assert reply.status == 201


@pytest.mark.parametrize("act", ["cancel", "retry", "replay"])
async def test_an_act_without_a_body_needs_no_content_type_and_one_with_a_body_does(site: Site, act: str) -> None:
    job = (await site.submit())["id"]
    if act == "retry":
        await site.client.post(f"/jobs/{job}/cancel")

    reply = await site.client.request("POST", f"/jobs/{job}/{act}", body=b"{}", headers={"content-type": "text/plain"})
    assert_problem(reply, 415)

    assert (await site.client.post(f"/jobs/{job}/{act}")).status in (200, 201)
