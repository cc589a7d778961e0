"""Times in bodies and queries are those of RFC 3339, and no others."""

import pytest

from tests.support.site import Site

RIGHT_TIMES = {
    "2030-01-01T00:00:00Z": "2030-01-01T00:00:00.000Z",
    "2030-01-01t00:00:00z": "2030-01-01T00:00:00.000Z",
    "2030-01-01T02:00:00+02:00": "2030-01-01T00:00:00.000Z",
    "2030-01-01T00:00:00-00:00": "2030-01-01T00:00:00.000Z",
    "2030-01-01T00:00:00.5Z": "2030-01-01T00:00:00.500Z",
    "2030-01-01T00:00:00.123456789Z": "2030-01-01T00:00:00.123Z",
    "2030-12-31T23:59:60Z": "2031-01-01T00:00:00.000Z",
    "2031-01-01T00:59:60+01:00": "2031-01-01T00:00:00.000Z",
    "2032-02-29T00:00:00Z": "2032-02-29T00:00:00.000Z",
}
WRONG_TIMES = (
    *("2026-W48-3T10:00:00Z", "20301125T100000Z", "2030-11-25T10Z", "2030-11-25T10:00Z", "2030-11-25 10:00:00Z"),
    *(
        "2030-11-25T10:00:00",
        "2030-11-25",
        "2030-11-25T10:00:00+0100",
        "2030-11-25T10:00:00+01",
        "2030-11-25T24:00:00Z",
    ),
    *("2030-02-30T00:00:00Z", "2030-13-01T00:00:00Z", "2030-11-25T10:00:60Z", "2030-11-25T10:00:00+24:00"),
    *("2030-11-25T10:00:00,5Z", "2030-11-25T10:00:00Z\n", " 2030-11-25T10:00:00Z", "2030-11-25T10:00:00+01:00:30"),
    *("\u0662030-11-25T10:00:00Z", "2100-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"),
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "", "now", "1764065730", "2030-11-25T10:00:00[Z]"),
)


@pytest.mark.parametrize("field", ["runAt", "deadline"])
async def test_times_are_those_of_rfc_3339_and_no_others(site: Site, field: str) -> None:
    for text, means in RIGHT_TIMES.items():
        assert (await site.submit(**{field: text}))[field] == means, text
    for text in WRONG_TIMES:
        reply = await site.client.post("/jobs", {"prompt": "p", field: text})
        assert (reply.status, reply.json()["errors"][0]["field"]) == (422, field), text


@pytest.mark.parametrize("name", ["createdAfter", "createdBefore"])
async def test_the_same_times_are_read_in_a_query(site: Site, name: str) -> None:
    for text in RIGHT_TIMES:
        assert (await site.client.get(f"/jobs?{name}={text.replace('+', '%2B')}")).status == 200, text
    for text in WRONG_TIMES:
        reply = await site.client.get(f"/jobs?{name}={text.replace('+', '%2B').replace(' ', '%20')}")
        assert reply.status == 422, text
