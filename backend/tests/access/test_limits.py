"""Limits over HTTP: who is limited by what, what a refusal says, and whom it never hits."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from job_processor.acts.api_keys import NewKey
from job_processor.acts.jobs import MAX_QUEUE_SECONDS
from job_processor.core.access import Right
from job_processor.core.key_text import key_text
from job_processor.core.permits import Limits
from job_processor.http.access import Auth
from job_processor.store.base import Query
from job_processor.telemetry import GaugeValues
from tests.access.conftest import OTHER, Guarded, bearer
from tests.http.problems import assert_problem
from tests.store_suite.places import Place
from tests.support.asgi import Reply
from tests.support.site import DEFAULT, SECRET, open_site

RATES = Limits(per_key=6, per_address=9, wrong_keys=4, waiting_jobs=3)
A_MINUTE = 62_000


@pytest.fixture
async def limited(place: Place, tmp_path: Path) -> AsyncIterator[Guarded]:
    store = await place.open()
    flows = (DEFAULT, OTHER)
    async with open_site(tmp_path / "none", store=store, flows=flows, auth=Auth.KEYS, rates=RATES) as site:
        yield Guarded(site, place.clock)


def wrong(number: int) -> dict[str, str]:
    return bearer(key_text(f"{number:010d}", "A" * 32))


def assert_limited(reply: Reply, code: str = "too_many_requests") -> None:
    assert assert_problem(reply, 429)["code"] == code
    assert 1 <= int(reply.headers["retry-after"]) <= 63
    # A quota is not renewed with time: what is told then is the rate limit.
    assert told(reply) == 0 or code == "too_many_waiting"


def told(reply: Reply) -> int | None:
    """How many requests are left, by the headers; ``None``: there are none. Both are sent, or neither is."""
    assert ("ratelimit" in reply.headers) == ("ratelimit-policy" in reply.headers)
    if "ratelimit" not in reply.headers:
        return None
    name, remaining, seconds = reply.headers["ratelimit"].split(";")
    assert reply.headers["ratelimit-policy"].split(";")[0] == name
    assert 1 <= int(seconds.removeprefix("t=")) <= 63
    return int(remaining.removeprefix("r="))


@pytest.mark.parametrize("rate", range(1, 13))
async def test_a_key_is_told_from_the_last_quarter_of_its_rate_on(limited: Guarded, rate: int) -> None:
    client, keys = limited.site.client, limited.site.acts.api_keys
    key = bearer((await keys.create(NewKey("n", frozenset({Right.READ}), rate_per_minute=rate))).text)
    replies = [await client.get("/jobs", key) for _ in range(rate + 1)]
    assert [one.status for one in replies] == [200] * rate + [429]
    left = [*range(rate - 1, -1, -1), 0]
    assert [told(one) for one in replies] == [n if n <= rate / 4 else None for n in left]
    assert {one.headers.get("ratelimit-policy") for one in replies} <= {None, f'"key";q={rate};w=60'}


async def test_a_key_has_its_rate(limited: Guarded) -> None:
    client, key = limited.site.client, bearer(await limited.key(Right.READ))
    assert [(await client.get("/jobs", key)).status for _ in range(6)] == [200] * 6
    refused = await client.get("/jobs", key)
    assert_limited(refused)
    assert refused.headers["ratelimit"].startswith('"key";r=0;t=')
    # What it may not do counts too, and another key has its own rate.
    other = bearer(await limited.key(Right.READ))
    for _ in range(6):
        assert_problem(await client.post("/jobs", {"prompt": "p"}, other), 403)
    assert_limited(await client.get("/jobs", other))
    limited.clock.forward(A_MINUTE)
    await limited.site.acts.credentials.refresh()
    assert (await client.get("/jobs", key)).status == 200


async def test_a_key_with_a_rate_of_its_own_shares_it_with_its_successor(limited: Guarded) -> None:
    client, keys = limited.site.client, limited.site.acts.api_keys
    made = await keys.create(NewKey("n", frozenset({Right.READ}), rate_per_minute=3))
    first = bearer(made.text)
    second = bearer((await keys.rotate(made.key.id, 3_600)).text)
    replies = [await client.get("/jobs", one) for one in (first, second, first, second)]
    assert [one.status for one in replies] == [200, 200, 200, 429]
    assert {one.headers["ratelimit-policy"] for one in replies[2:]} == {'"key";q=3;w=60'}


async def test_a_session_counts_for_its_key(limited: Guarded) -> None:
    client, key = limited.site.client, await limited.key(Right.READ)
    signed_in = await client.post("/session", {"key": key}, {"origin": "http://testserver"})
    cookie = {"cookie": signed_in.headers["set-cookie"].partition(";")[0]}
    for headers in (cookie, bearer(key)) * 3:
        assert (await client.get("/jobs", headers)).status == 200
    assert_limited(await client.get("/jobs", cookie))


async def test_wrong_keys_of_an_address_are_limited_and_nothing_else_of_it(limited: Guarded) -> None:
    client, key = limited.site.client, bearer(await limited.key(Right.READ))
    left = []
    for n in range(4):
        reply = await client.get("/jobs", wrong(n))
        assert_problem(reply, 401)
        left.append(told(reply))
    assert left == [None, None, 1, 0]
    for n in range(4, 9):
        reply = await client.get("/jobs", wrong(n))
        assert_limited(reply, "too_many_wrong_keys")
        assert reply.headers["ratelimit-policy"] == '"wrong-keys";q=4;w=60'
    assert_limited(await client.get("/jobs", bearer("jp_typo")), "too_many_wrong_keys")
    assert_limited(
        await client.post("/session", {"key": "jp_no"}, {"origin": "http://testserver"}), "too_many_wrong_keys"
    )
    # A valid key is not refused for what others send from its address, nor is a callback.
    assert (await client.get("/jobs", key)).status == 200
    job = (await client.post("/jobs", {"prompt": "p"}, bearer(await limited.key(Right.SUBMIT)))).json()["id"]
    assert (await limited.site.callback({"jobId": job, "result": "r"})).status == 200
    limited.clock.forward(A_MINUTE)
    assert_problem(await client.get("/jobs", wrong(1)), 401)


async def test_requests_without_a_key_count_for_the_address(limited: Guarded) -> None:
    client = limited.site.client
    left = []
    for path in ("/jobs", "/nothing-here", "/ui/", "/ui/jobs") * 2:
        reply = await client.get(path)
        assert reply.status in (401, 404, 503)
        left.append(told(reply))
    assert left == [None] * 6 + [2, 1]
    assert reply.headers["ratelimit-policy"] == '"address";q=9;w=60'
    assert_problem(await client.post("/session", {"key": ""}, {"origin": "http://testserver"}), 422)
    for path in ("/jobs", "/nothing-here", "/ui/"):
        assert_limited(await client.get(path))
    # Health checks and callbacks are never refused for it, nor is a key.
    assert (await client.get("/health/ready")).status == 200
    assert_problem(await limited.site.callback({"jobId": "0" * 24, "result": "r"}), 404)
    assert (await client.get("/jobs", bearer(await limited.key(Right.READ)))).status == 200


async def test_the_quota_of_waiting_jobs(limited: Guarded) -> None:
    client, key = limited.site.client, bearer(await limited.key(Right.SUBMIT, Right.OPERATE))
    jobs = [(await client.post("/jobs", {"prompt": f"{n}"}, key)) for n in range(3)]
    assert [one.status for one in jobs] == [201] * 3
    refused = await client.post("/jobs", {"prompt": "one too many"}, key)
    assert_limited(refused, "too_many_waiting")
    first = jobs[0].json()["id"]
    assert_limited(await client.post(f"/jobs/{first}/replay", {}, key), "too_many_waiting")
    assert (await client.post("/jobs", {"prompt": "of another"}, bearer(await limited.key(Right.SUBMIT)))).status == 201
    assert "one too many" not in [job.job.prompt for job in await limited.site.store.list(Query())]
    metrics = limited.site.telemetry.render(GaugeValues(True, (), 0)).decode()
    assert 'job_processor_refused_total{code="too_many_waiting"} 2.0' in metrics


async def test_new_jobs_are_refused_early_while_the_store_is_behind(
    limited: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, key = limited.site.client, bearer(await limited.key(Right.SUBMIT))
    store = limited.site.store
    job = (await client.post("/jobs", {"prompt": "p"}, key)).json()["id"]
    monkeypatch.setattr(type(store), "queue_seconds", lambda self: MAX_QUEUE_SECONDS + 0.5)
    refused = await client.post("/jobs", {"prompt": "q"}, key)
    assert assert_problem(refused, 503)["code"] == "store_busy"
    assert refused.headers["retry-after"] == "3"
    assert len(await store.list(Query())) == 1
    # Callbacks and acts are not new work.
    assert (await limited.site.callback({"jobId": job, "result": "r"})).status == 200
    monkeypatch.setattr(type(store), "queue_seconds", lambda self: MAX_QUEUE_SECONDS)
    assert (await client.post("/jobs", {"prompt": "q"}, key)).status == 201


@pytest.mark.parametrize("auth", [Auth.OFF, Auth.PROXY])
async def test_without_keys_nothing_on_loopback_is_limited_and_behind_a_proxy_addresses_are(
    tmp_path: Path, auth: Auth
) -> None:
    async with open_site(tmp_path, auth=auth, rates=RATES) as site:
        answers = [(await site.client.post("/jobs", {"prompt": "p"}, {"x-webhook-secret": SECRET})) for _ in range(12)]
        limits = [one.headers.get("ratelimit-policy") for one in answers]
    if auth is Auth.OFF:
        assert [one.status for one in answers] == [201] * 12
        assert limits == [None] * 12
    else:
        assert [one.status for one in answers] == [201] * 9 + [429] * 3
        assert limits == [None] * 6 + ['"address";q=9;w=60'] * 6
