"""What an attack with wrong keys costs others: the p99 of a client with a valid key while another process sends 1,000
wrong keys a second from the same address, against the same without that; and the memory of the server.

What keys and limits cost by themselves is in ``with_key``.
"""

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from benchmarks import processes
from benchmarks.accept import FLOWS
from benchmarks.report import Line
from benchmarks.wire import Connection, request
from job_processor.core.key_text import key_text

WRONG_A_SECOND = 1_000
ATTACKERS = 20
CALM_SECONDS = 10.0
ASKED_A_SECOND = 100
GROWTH_MIB = 16.0
# A log line for each request has its own cost, with and without keys.
KEYS = {"AUTH": "keys", "ACCESS_LOG": "off"}


def run() -> list[Line]:
    calm: list[float] = []
    attacked: list[float] = []
    with _guarded() as (port, pid, key):
        uvloop.run(latencies(port, key, 2.0))
        before = processes.memory_mib(pid)
        for _ in range(2):
            calm += uvloop.run(latencies(port, key, CALM_SECONDS))
            command = [sys.executable, "-m", "benchmarks.limits", "attack", str(port), str(CALM_SECONDS + 2)]
            attacker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            time.sleep(1.0)
            attacked += uvloop.run(latencies(port, key, CALM_SECONDS))
            sent, _ = attacker.communicate(timeout=60)
        grown = processes.memory_mib(pid) - before
    usual, then = p99(calm), p99(attacked)
    return [
        Line(
            f"p99 beside {sent.strip()} wrong keys/s", f"{then:.1f} ms", f"2 x {usual:.1f} ms at most", 2 * usual / then
        ),
        Line(
            "memory after two attacks",
            f"+{grown:.1f} MiB",
            f"+{GROWTH_MIB:g} MiB at most",
            GROWTH_MIB / max(grown, 1.0),
        ),
    ]


@contextlib.contextmanager
def _guarded() -> Iterator[tuple[int, int, bytes]]:
    """(port, pid, the header with a key) of a server that asks for keys."""
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as data,
        processes.server(FLOWS, data=Path(data), env=KEYS) as ours,
    ):
        yield *ours, _key(Path(data))


def _post(number: int, key: bytes) -> bytes:
    return request("POST", "/jobs", b'{"prompt":"Summarise document number %d"}' % number, key)


def _key(data: Path) -> bytes:
    return b"authorization: Bearer %b\r\n" % (data / "first-admin-key").read_bytes().strip()


def p99(milliseconds: list[float]) -> float:
    return sorted(milliseconds)[int(len(milliseconds) * 0.99)]


async def latencies(port: int, key: bytes, seconds: float) -> list[float]:
    """Milliseconds of each request; they are sent at fixed times, whether earlier ones were answered or not."""
    loop = asyncio.get_running_loop()
    took: list[float] = []
    sent: dict[Connection, float] = {}
    free: asyncio.Queue[Connection] = asyncio.Queue()

    def answered(connection: Connection, status: int, _: bytes) -> None:
        if status != 201:
            raise RuntimeError(f"the answer was {status}")
        took.append((loop.time() - sent.pop(connection)) * 1000)
        free.put_nowait(connection)

    opened = [(await loop.create_connection(lambda: Connection(answered), "127.0.0.1", port))[1] for _ in range(32)]
    for connection in opened:
        free.put_nowait(connection)
    begin = loop.time()
    for number in range(int(seconds * ASKED_A_SECOND)):
        due = begin + number / ASKED_A_SECOND
        await asyncio.sleep(max(0.0, due - loop.time()))
        connection = await free.get()
        # From the time it was due: a slow server must not hide behind requests that were sent late.
        sent[connection] = due
        connection.send(_post(number, key))
    for _ in opened:
        # All are answered once all connections are free.
        await free.get()
    for connection in opened:
        assert connection.transport is not None
        connection.transport.close()
    return took


async def _send_wrong_keys(port: int, seconds: float) -> float:
    """Wrong keys, each another one, at a fixed rate. Returns how many a second were answered."""
    loop = asyncio.get_running_loop()
    done = 0

    def answered(connection: Connection, status: int, _: bytes) -> None:
        nonlocal done
        done += 1
        if status not in (401, 429):
            raise RuntimeError(f"the answer was {status}")

    opened = [
        (await loop.create_connection(lambda: Connection(answered), "127.0.0.1", port))[1] for _ in range(ATTACKERS)
    ]
    begin = loop.time()
    number = 0
    while (passed := loop.time() - begin) < seconds:
        while number < passed * WRONG_A_SECOND:
            key = b"authorization: Bearer %b\r\n" % key_text(f"{number:010d}", "A" * 32).encode()
            opened[number % ATTACKERS].send(_post(number, key))
            number += 1
        await asyncio.sleep(0.005)
    return done / seconds


if __name__ == "__main__":
    from benchmarks.report import show

    if sys.argv[1:2] == ["attack"]:
        print(f"{uvloop.run(_send_wrong_keys(int(sys.argv[2]), float(sys.argv[3]))):,.0f}")
    else:
        show(run())
