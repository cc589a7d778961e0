"""E1, E12, E13: a processor that is down costs its own flow time and nobody an attempt; nothing asks twice."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from job_processor.core.flow import FlowRules
from job_processor.core.lane import OUTAGE_CAP_MS, Lane, Trouble
from job_processor.processors.base import Processor, ProcessorSetup
from job_processor.processors.model.openai import OpenAIOptions, OpenAIProcessor
from tests.hand_over.stage import RULES, Stage, ends, hook, stage
from tests.processors.rogue import Behaviour, Rogue, answer, drip, raw, reset, silence
from tests.support.clock import Clock
from tests.support.site import SECRET
from tests.support.waiting import until, until_true

Kind = Callable[[Rogue, FlowRules, Clock], Processor]
WELL = replace(RULES, name="well")
THREE = replace(RULES, max_attempts=3)
# For servers whose answer never ends. The others answer, however long that takes on a busy machine.
HASTY = replace(THREE, dispatch_timeout_seconds=2)
TEN_MINUTES = 600_000


@pytest.fixture
def nobody() -> Iterator[socket.socket]:
    """A port that is taken, and where connections are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken


async def closed_again(play: Stage, before: Lane) -> Lane:
    async def look() -> Lane | None:
        lane = await play.lane()
        return lane if lane.strikes > before.strikes else None

    return await until(look, "the lane to close")


async def attempts(play: Stage, jobs: list[str]) -> int:
    return sum([(await play.site.job(job))["attempt"] for job in jobs])


async def test_e12_an_outage_of_ten_minutes_costs_one_probe_a_window_and_no_attempt(
    tmp_path: Path, clock: Clock, nobody: socket.socket
) -> None:
    down = Rogue(answer(200), port=nobody.getsockname()[1])
    up = Rogue(answer(200))
    async with (
        up.serve(),
        stage(tmp_path, clock, RULES, hook(down, RULES, clock), (WELL, hook(up, WELL, clock))) as play,
    ):
        jobs = [(await play.site.submit())["id"]]
        lane = await closed_again(play, Lane("main"))
        assert lane.trouble is Trouble.OUTAGE
        jobs += [(await play.site.submit())["id"] for _ in range(9)]

        # Others do not feel it.
        for _ in range(5):
            await play.in_state((await play.site.submit(flow="well"))["id"], "WAITING")
        for request in up.requests:
            assert (await play.call_back(request, result="r")).json()["status"] == "COMPLETED"

        began, probes = clock.now(), 1
        while clock.now() - began < TEN_MINUTES:
            assert lane.closed_until is not None
            assert lane.closed_until - clock.now() <= 1.2 * OUTAGE_CAP_MS
            await play.time_goes_on(lane.closed_until - clock.now() - 1)
            await play.site.dispatchers["main"].tick()
            assert await attempts(play, jobs) == probes
            await play.time_goes_on(1)
            lane = await closed_again(play, lane)
            probes += 1
            assert await attempts(play, jobs) == probes
        for job in jobs:
            found = await play.in_state(job, "PENDING")
            assert (found["failures"], found["waitingOn"]["kind"]) == (0, "outage")
            assert set(ends(found)) <= {"snoozed"}

        await back(play, down, nobody, jobs)


async def back(play: Stage, down: Rogue, nobody: socket.socket, jobs: list[str]) -> None:
    """It can be reached again: one job asks, and when it was answered the others follow."""
    go = asyncio.Event()

    async def hesitate(writer: asyncio.StreamWriter) -> None:
        await go.wait()
        await answer(200)(writer)

    down.script = [hesitate]
    async with down.serve(at=nobody):
        lane = await play.lane()
        assert lane.closed_until is not None
        await play.time_goes_on(lane.closed_until - play.clock.now())
        await down.arrived.wait()
        for _ in range(3):
            await play.site.dispatchers["main"].tick()
        assert len(down.requests) == 1

        go.set()
        for job in jobs:
            await play.in_state(job, "WAITING")
        assert len(down.requests) == len(jobs)
        assert (await play.lane()).is_well
        for request in down.requests:
            done = (await play.call_back(request, result="r")).json()
            assert (done["status"], done["failures"]) == ("COMPLETED", 0)


def model(rogue: Rogue, rules: FlowRules, now: Clock) -> Processor:
    options = msgspec.convert({"model": "m", "base_url": f"{rogue.url}/v1"}, OpenAIOptions)
    return OpenAIProcessor(options, ProcessorSetup(rules, {}, now.now, SECRET))


TROUBLES = {
    "500": answer(500),
    "502": answer(502, "<html>"),
    "503 without a time": answer(503),
    "408": answer(408),
    "409": answer(409),
    "torn": reset,
    "cut off": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "no answer": silence,
    "a drip": drip,
}


@pytest.mark.parametrize("kind", [hook, model])
@pytest.mark.parametrize("name", TROUBLES)
async def test_e13_as_many_requests_as_attempts(tmp_path: Path, clock: Clock, kind: Kind, name: str) -> None:
    rules = HASTY if TROUBLES[name] in (silence, drip) else THREE
    async with Rogue(TROUBLES[name]).serve() as rogue, stage(tmp_path, clock, rules, kind(rogue, rules, clock)) as play:
        job = (await play.site.submit())["id"]
        failed = await play.in_state(job, "FAILED")

        assert ends(failed) == ["failed"] * 3
        await play.time_goes_on(3_600_000)
        assert len(rogue.requests) == 3


@pytest.mark.parametrize("kind", [hook, model])
@pytest.mark.parametrize("behaviour", [answer(400), answer(422), answer(413)])
async def test_e13_what_is_no_use_trying_again_is_asked_once(
    tmp_path: Path, clock: Clock, kind: Kind, behaviour: Behaviour
) -> None:
    async with Rogue(behaviour).serve() as rogue, stage(tmp_path, clock, RULES, kind(rogue, RULES, clock)) as play:
        await play.in_state((await play.site.submit())["id"], "FAILED")
        await play.time_goes_on(3_600_000)
        assert len(rogue.requests) == 1


@pytest.mark.parametrize("kind", [hook, model])
@pytest.mark.parametrize(
    "behaviour",
    [
        answer(429, headers={"Retry-After": "7"}),
        answer(503, headers={"retry-after-ms": "7000"}),
        answer(401),
        answer(404),
    ],
)
async def test_e13_a_closed_lane_asks_once_a_window_and_no_attempt_is_lost(
    tmp_path: Path, clock: Clock, kind: Kind, behaviour: Behaviour
) -> None:
    async with Rogue(behaviour).serve() as rogue, stage(tmp_path, clock, RULES, kind(rogue, RULES, clock)) as play:
        job = (await play.site.submit())["id"]
        lane = Lane("main")
        for window in range(1, 6):
            lane = await closed_again(play, lane)
            held = await play.in_state(job, "PENDING", window)
            assert (held["failures"], ends(held)) == (0, ["snoozed"] * window)
            await play.site.dispatchers["main"].tick()
            assert len(rogue.requests) == window
            assert lane.closed_until is not None
            await play.time_goes_on(lane.closed_until - clock.now())
        await until_true(lambda: len(rogue.requests) == 6)
