"""Behind a trusted proxy the client's address counts everywhere, and without one nobody can name another."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from job_processor.acts.api_keys import NewKey
from job_processor.core.access import Right
from job_processor.core.permits import Limits as Rates
from job_processor.core.proxies import Proxies, read
from job_processor.http import api
from job_processor.http.access import Auth
from job_processor.http.connection_limits import Limits
from job_processor.http.unauthenticated import LIMIT_PER_MINUTE
from tests.access.conftest import bearer
from tests.http.problems import assert_problem
from tests.support.asgi import Client
from tests.support.site import Site, open_site

RATES = Rates(per_address=6, wrong_keys=3)
PEER = "127.0.0.1"
"""From which the client of these tests connects."""
CLIENTS = ("203.0.113.7", "2001:db8:0:7::1")
SPOOFED = ("198.51.100.1, ", "10.0.0.1, unknown, ", "::1,,")


@pytest.fixture(params=[PEER, ""], ids=["trusted", "not trusted"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Site, bool]]:
    limits = Limits(proxies=Proxies(read(request.param)[0]))
    async with open_site(tmp_path, auth=Auth.KEYS, rates=RATES, limits=limits) as made:
        yield made, bool(request.param)


def via(client: str, number: int) -> dict[str, str]:
    """As the proxy passes on a request of the client, who wrote something into the header."""
    return {"x-forwarded-for": f"{SPOOFED[number % len(SPOOFED)]}{client}"}


async def test_rates_are_of_the_client(site: tuple[Site, bool]) -> None:
    made, trusted = site
    statuses = [[(await made.client.get("/jobs", via(client, n))).status for n in range(7)] for client in CLIENTS]
    limited = [401] * 6 + [429]
    assert statuses == ([limited, limited] if trusted else [limited, [429] * 7])


async def test_wrong_keys_are_of_the_client(site: tuple[Site, bool]) -> None:
    made, trusted = site
    wrong = [
        [(await made.client.get("/jobs", {**bearer("jp_typo"), **via(client, n)})).status for n in range(4)]
        for client in CLIENTS
    ]
    limited = [401] * 3 + [429]
    assert wrong == ([limited, limited] if trusted else [limited, [429] * 4])


async def test_callbacks_without_proof_are_counted_for_the_client(site: tuple[Site, bool]) -> None:
    made, trusted = site

    async def send(client: str, number: int) -> int:
        path = "/webhook/callback"
        return (await made.client.post(path, {"jobId": "0" * 24, "result": "r"}, via(client, number))).status

    statuses = [await send(CLIENTS[0], n) for n in range(LIMIT_PER_MINUTE + 1)]
    assert statuses == [401] * LIMIT_PER_MINUTE + [429]
    assert await send(CLIENTS[1], 0) == (401 if trusted else 429)


async def test_the_audit_and_the_access_log_name_the_client(site: tuple[Site, bool]) -> None:
    made, trusted = site
    key, admin = [
        bearer((await made.acts.api_keys.create(NewKey("n", frozenset(rights)))).text)
        for rights in ({Right.SUBMIT, Right.OPERATE}, {Right.ADMIN})
    ]
    with capture_logs() as lines:
        logged = Client(api.build(made.context, Path("no-page"), (), (), access_log=True))
        for n, client in enumerate(CLIENTS):
            job = (await logged.post("/jobs", {"prompt": "p"}, {**key, **via(client, n)})).json()["id"]
            assert (await logged.post(f"/jobs/{job}/cancel", {}, {**key, **via(client, n)})).status == 200
    # Of an IPv6 address the half that one customer has.
    wanted = [CLIENTS[0], "2001:db8:0:7::/64"] if trusted else [PEER, PEER]
    addresses = [line["address"] for line in lines if line["event"] == "request"]
    assert addresses[::2] == addresses[1::2] == wanted
    entries = (await made.client.get("/audit?act=job_cancelled", admin)).json()
    assert [one["address"] for one in reversed(entries)] == wanted


async def test_a_header_that_is_no_list_of_addresses_does_no_harm(site: tuple[Site, bool]) -> None:
    made, _ = site
    assert_problem(await made.client.get("/jobs", {"x-forwarded-for": "\xff" * 5_000}), 401)
