"""Row A9: what is held of unfinished requests has one bound for all connections; those that hold most pay for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from job_processor.core.outcome import Accepted
from job_processor.http import bounded_reading, scope_keys
from job_processor.http.budget import TRIM_BYTES, Budget
from tests.http.problems import assert_problem
from tests.http.test_request_head import parsed
from tests.http.test_trailers import connected, shows
from tests.support.raw import read_reply
from tests.support.served import Served, served
from tests.support.site import SECRET, Site
from tests.support.waiting import until_true

LIMIT = 1_000_000


class Some:
    """Lets go when it is asked to."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.gave_up = 0

    def evict(self) -> None:
        self.gave_up += 1
        self._budget.hold(self, 0)


def test_the_largest_give_up_and_the_small_go_on() -> None:
    budget = Budget(1_000)
    small, large = [Some(budget) for _ in range(10)], [Some(budget) for _ in range(4)]
    for one in small:
        budget.hold(one, 10)
    for one in large:
        budget.hold(one, 250)
    assert [one.gave_up for one in large].count(1) == 1
    assert not any(one.gave_up for one in small)
    assert budget.total == 100 + 3 * 250


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 300)), max_size=200))
def test_the_sum_is_right_and_never_above_the_limit(held: Sequence[tuple[int, int]]) -> None:
    budget = Budget(1_000)
    everyone = [Some(budget) for _ in range(21)]
    model: dict[int, int] = {}
    for who, size in held:
        before = [one.gave_up for one in everyone]
        model[who] = size
        budget.hold(everyone[who], size)
        gone = [n for n, one in enumerate(everyone) if one.gave_up > before[n]]
        left = {n: size for n, size in model.items() if n not in gone and size}
        # Nobody gave up who held less than one that went on.
        assert not gone or not left or min(model[n] for n in gone) >= max(left.values())
        model = left
        assert budget.total == sum(model.values()) <= budget.limit


def test_memory_is_given_back_once_when_much_was_let_go() -> None:
    budget = Budget(10 * TRIM_BYTES)
    one = Some(budget)
    budget.hold(one, TRIM_BYTES - 1)
    budget.hold(one, 0)
    assert not budget.should_trim()
    budget.hold(one, TRIM_BYTES)
    assert not budget.should_trim()
    budget.hold(one, 0)
    assert [budget.should_trim(), budget.should_trim()] == [True, False]


@pytest.fixture
async def web(site: Site) -> AsyncIterator[Served]:
    async with served(site) as made:
        made.server.shared.unauthenticated.limit = made.server.shared.authenticated.limit = LIMIT
        yield made


POST = b"POST /jobs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
PROVEN_CALLBACK = b"POST /webhook/callback HTTP/1.1\r\nhost: x\r\nx-webhook-secret: " + SECRET.encode() + b"\r\n"
UNFINISHED = {
    "a head": b"GET /health HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 60_000,
    "an address": b"GET /" + b"a" * 8_000,
    "a body": POST + b"content-length: 60000\r\n\r\n" + b"x" * 50_000,
    "a body in chunks": POST + b"transfer-encoding: chunked\r\n\r\nffff\r\n" + b"x" * 50_000,
    "a trailer": POST + b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx: " + b"a" * 60_000,
    "an authenticated body": PROVEN_CALLBACK + b"content-length: 60000\r\n\r\n" + b"x" * 50_000,
}


def _answered(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bool:
    """Has anything come? The others are still waited for, and would have to be waited for here."""
    return bool(connection[0]._buffer)  # type: ignore[attr-defined]  # what has come, without waiting for more


@pytest.mark.parametrize("name", UNFINISHED)
async def test_many_that_never_end_are_refused_and_a_small_request_is_served(web: Served, name: str) -> None:
    shared = web.server.shared
    request = UNFINISHED[name]
    opened = [await web.connect() for _ in range(3 * LIMIT // len(request))]
    for n, (_, writer) in enumerate(opened):
        writer.write(request)
        if n % 10 == 0:
            await writer.drain()
            await asyncio.sleep(0)
        assert shared.unauthenticated.total <= LIMIT
        assert shared.authenticated.total <= LIMIT
    await until_true(lambda: max(shared.unauthenticated.peak, shared.authenticated.peak) > LIMIT)

    reader, writer = await web.connect()
    writer.write(POST + b'content-length: 14\r\n\r\n{"prompt":"a"}')
    assert (await read_reply(reader)).status == 201
    writer.close()
    await until_true(lambda: sum(map(_answered, opened)) >= len(opened) // 2, "most are refused")
    for reader, writer in opened:
        if _answered((reader, writer)):
            answer = parsed(await asyncio.wait_for(reader.read(), 20))
            assert_problem(answer, 503)
            assert int(answer.headers["retry-after"]) > 0
        writer.close()
    await until_true(lambda: not web.connections())
    assert (shared.unauthenticated.total, shared.authenticated.total) == (0, 0)


async def test_who_proves_himself_is_taken_however_much_others_hold(web: Served, site: Site) -> None:
    shared = web.server.shared
    job = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(60_000))
    body = b'{"jobId":"%b","result":"%b"}' % (job.encode(), b"r" * 300_000)
    reader, writer = await web.connect()
    writer.write(
        PROVEN_CALLBACK + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body[:200_000]
    )
    await until_true(lambda: shared.unauthenticated.total + shared.authenticated.total == 200_000, "so much has come")
    [connection] = web.connections()
    await until_true(lambda: scope_keys.AUTHENTICATED in connection.cycle.scope, "its proof was read")
    web.server.sweep(asyncio.get_running_loop().time())
    assert (shared.unauthenticated.total, shared.authenticated.total) == (0, 200_000)

    crowd = [await web.connect() for _ in range(3 * LIMIT // 50_000)]
    for _, other in crowd:
        other.write(UNFINISHED["a body"])
    await until_true(lambda: shared.unauthenticated.peak > LIMIT, "the others are too many")
    writer.write(body[200_000:])

    assert (await read_reply(reader)).status == 200
    for _, other in [(reader, writer), *crowd]:
        other.close()


@settings(deadline=None, max_examples=40)
@given(cut=st.integers(1, 3_000), part=st.integers(0, 200))
def test_nothing_is_held_of_what_is_whole_and_of_what_broke_off(cut: int, part: int) -> None:
    async def run() -> None:
        protocol = connected(shows([]))
        raw = POST + b"transfer-encoding: chunked\r\n\r\n3e8\r\n" + b"x" * 1_000 + b"\r\n0\r\nx: y\r\n\r\n"
        for start in range(0, len(raw), cut):
            protocol.data_received(raw[start : start + cut])
        await asyncio.gather(*protocol.tasks)
        unauthenticated = protocol._shared.unauthenticated
        assert unauthenticated.total == 0
        protocol.data_received(raw[:part])
        # Of a head that has just ended nothing is kept, until something of the body comes.
        head = raw.index(b"\r\n\r\n") + 4
        assert unauthenticated.total > 0 or part == 0 or head <= part <= head + len(b"3e8\r\n")
        protocol.connection_lost(None)
        assert unauthenticated.total == 0
        await asyncio.gather(*protocol.tasks)

    asyncio.run(run())


async def test_the_sweep_gives_memory_back_when_much_was_let_go(web: Served) -> None:
    given_back = []
    server = web.server
    server._trim_memory = lambda: given_back.append(1)
    server.shared.unauthenticated.limit = 10 * TRIM_BYTES
    one = Some(server.shared.unauthenticated)
    server.shared.unauthenticated.hold(one, TRIM_BYTES)
    server.sweep(0.0)
    assert not given_back
    one.evict()
    await until_true(lambda: given_back == [1])


def test_the_bound_of_unread_bytes_is_above_the_largest_head_that_is_taken() -> None:
    largest = bounded_reading.MAX_HEAD_BYTES + bounded_reading.MAX_URL_BYTES + 4 * bounded_reading.MAX_HEADERS
    assert largest + bounded_reading.FEED_BYTES < bounded_reading.MAX_UNPARSED_BYTES


async def test_a_long_body_that_is_taken_piece_by_piece_holds_only_what_was_not_taken(web: Served, site: Site) -> None:
    shared, line = web.server.shared, b'{"prompt":"' + b"a" * 100_000 + b'"}\n'
    reader, writer = await web.connect()
    head = b"POST /batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n"
    writer.write(head + b"content-length: %d\r\n\r\n" % (40 * len(line)))
    for n in range(40):
        writer.write(line)
        await writer.drain()
        if n == 30:
            await until_true(lambda: site.context.batch_bytes.total > LIMIT, "more was taken than may be unfinished")
        assert shared.unauthenticated.total + shared.authenticated.total <= LIMIT

    reply = await read_reply(reader)
    assert reply.status == 201
    assert (shared.unauthenticated.total, shared.authenticated.total) == (0, 0)
    assert site.context.batch_bytes.total == 0
    writer.close()


async def test_of_a_long_body_that_broke_off_nothing_is_held_and_nothing_is_stored(web: Served, site: Site) -> None:
    _, writer = await web.connect()
    head = b"POST /batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n"
    writer.write(head + b'content-length: 1000\r\n\r\n{"prompt":"a"}\n{"prompt":"b"}\n')
    await until_true(lambda: site.context.batch_bytes.total == 30, "it has been taken")
    writer.close()

    await until_true(lambda: site.context.batch_bytes.total == 0, "it is given back")
    assert (await site.client.get("/jobs")).json() == []
