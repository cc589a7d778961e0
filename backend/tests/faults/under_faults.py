"""Tests that run under every fault of network and replica set."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import pytest

from tests.faults.mongo_places import Harmed, behind_proxy, collect_sockets, harmed
from tests.faults.mongo_proxy import Harm

ON_WRITES = [
    (Harm.CUT_BEFORE, 1),
    (Harm.CUT_BEFORE, 3),
    (Harm.CUT_AFTER, 1),
    # The driver tries once more by itself; twice and more its retry is spent.
    (Harm.CUT_AFTER, 2),
    (Harm.CUT_AFTER, 3),
    (Harm.NOT_PRIMARY, 2),
    (Harm.STEPPED_DOWN, 2),
    (Harm.INTERRUPTED, 2),
    (Harm.SHUTDOWN, 2),
    (Harm.CONCERN_TIMEOUT, 1),
    (Harm.CONCERN_STEPPED_DOWN, 2),
    (Harm.DELAY, 1),
    (Harm.HALF_OPEN, 1),
]
Fault: TypeAlias = tuple[Harm, int]
Case: TypeAlias = Callable[[Harmed, Fault], Awaitable[None]]


@pytest.fixture
async def here() -> AsyncIterator[Harmed]:
    async with harmed() as made:
        yield made


def under_each(faults: list[Fault]) -> Callable[[Case], Callable[[], Awaitable[None]]]:
    """The test under each fault, all at the same time: nearly all of it is the driver's waiting for a server."""

    def decorate(case: Case) -> Callable[[], Awaitable[None]]:
        async def alone(fault: Fault) -> None:
            try:
                async with behind_proxy() as here:
                    await case(here, fault)
            except Exception as error:
                error.add_note(f"under {fault[1]} × {fault[0].name}: {fault[0]}")
                raise

        async def test() -> None:
            try:
                async with asyncio.TaskGroup() as group:
                    for fault in faults:
                        group.create_task(alone(fault))
            finally:
                collect_sockets()

        test.__doc__ = case.__doc__
        return test

    return decorate


def done(here: Harmed, fault: Fault) -> None:
    """The fault really happened; less often than ordered when reading back made the next try needless."""
    assert 1 <= here.proxy.done[fault[0]] <= fault[1]
    here.proxy.clear()
