"""A laptop that sleeps: the whole server stands still while its timers run out, and then goes on."""

import asyncio
import contextlib
import random
import signal
from pathlib import Path

import pytest

from tests.faults import checker
from tests.faults.book import Verdict
from tests.faults.ledger import Ledger
from tests.faults.load import FLOWS, Client, Memory
from tests.faults.server import Server

SLEEP_SECONDS = 5.0
"""More than twice what leases and callbacks of these flows last."""


@pytest.mark.timeout(180)
async def test_after_a_sleep_with_timers_due_nothing_is_done_twice(tmp_path: Path) -> None:
    server = Server(tmp_path, FLOWS)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    verdict = Verdict()
    assert await server.start()
    load = asyncio.create_task(Client(server.base, ledger, Memory(), random.Random(1), budget=400).run(tasks=4))
    try:
        for _ in range(2):
            # Not synchronisation: time for the load to get jobs into every state.
            await asyncio.sleep(1)
            server.send(signal.SIGSTOP)
            await asyncio.sleep(SLEEP_SECONDS)
            server.send(signal.SIGCONT)
        await asyncio.sleep(1)
        load.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await load

        verdict.holds(await checker.all_final(server.base, 60), "I6", "jobs are still open")
        await checker.check(server.base, ledger, verdict)
        verdict.holds(await server.stop() == 0, "I10", "no clean stop")
        checker.check_file(server.database, verdict)
    finally:
        if server.process is not None:
            await server.kill()
        ledger.close()

    checker.describe(verdict, print, ["the server slept twice"])
    assert verdict.broken == []
    assert verdict.figures["completed"] > 0
