"""No 201 leaves before its fsync: the kernel's own record of what the server did, in order.

Every acknowledgement is looked at. For each: its bytes were written to the log (pwrite64), after that an
fdatasync of the log began and ended well, and only then the answer went to the socket.
"""

import asyncio
import os
import re
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from tests.faults.server import SECRET, Server

JOBS = 300
CLIENTS = 20
FLOWS = '[flows.mock]\nprocessor = "mock"\ndelay_seconds = 600\ncallback_timeout_seconds = 900\n'
_CALLS = "fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg"
_LINE = re.compile(r"^(?P<thread>\d+) +[\d.]+ (?P<rest>.*)$", re.DOTALL)
_MARK = re.compile(r"(?:prompt|result)-mark-\d{6}")


def require_strace() -> str:
    """Where strace is; without it the test skips with a reason, and with ``CI=true`` it fails."""
    found = shutil.which("strace")
    if found is None:
        why = "NO STRACE HERE (apt-get install strace): whether answers wait for the disk was not looked at."
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return found


@dataclass
class Trace:
    """What happened to each mark, by line of the trace."""

    written: dict[str, int] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)
    syncs: list[tuple[int, int]] = field(default_factory=list)
    """Where each successful sync of the log began and ended."""
    heads: dict[str, int] = field(default_factory=dict)
    """By socket: where the head of its newest good answer left."""

    @classmethod
    def read(cls, path: Path) -> "Trace":
        trace = cls()
        begun: dict[str, int] = {}
        with path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines):
                found = _LINE.match(line)
                if found is not None:
                    trace._take(number, found["thread"], found["rest"], begun)
        return trace

    def _take(self, number: int, thread: str, rest: str, begun: dict[str, int]) -> None:
        call = rest.partition("(")[0]
        if call in ("fdatasync", "fsync"):
            if "jobs.db-wal" not in rest:
                return
            if "unfinished" in rest:
                begun[thread] = number
            elif rest.rstrip().endswith("= 0"):
                self.syncs.append((number, number))
        elif rest.startswith(("<... fdatasync resumed", "<... fsync resumed")):
            at = begun.pop(thread, None)
            if at is not None and rest.rstrip().endswith("= 0"):
                self.syncs.append((at, number))
        elif call == "pwrite64" and "jobs.db-wal" in rest:
            for mark in _MARK.findall(rest):
                self.written.setdefault(mark, number)
        elif call in ("write", "writev", "sendto", "sendmsg"):
            self._take_sent(number, rest)

    def _take_sent(self, number: int, rest: str) -> None:
        """The head of an answer may leave before its body: the earlier of the two counts."""
        socket = rest.partition(",")[0]
        if "HTTP/1.1 20" in rest:
            self.heads[socket] = number
        for mark in _MARK.findall(rest):
            head = self.heads.get(socket)
            if head is not None and (mark.startswith("prompt") or "applied" in rest):
                self.answered.setdefault(mark, head)

    def too_early(self, mark: str) -> bool:
        """Did the answer leave before a sync that began after the write had ended?"""
        written, answered = self.written[mark], self.answered[mark]
        return not any(written < begun and ended < answered for begun, ended in self.syncs)


def _finished(output: Path) -> Trace:
    """The tracer ends after the traced: wait for its last word."""
    until = time.monotonic() + 30
    while b"+++ exited with 0 +++" not in output.read_bytes()[-2000:]:
        assert time.monotonic() < until, "the trace has no end"
        time.sleep(0.05)
    return Trace.read(output)


async def _one(session: aiohttp.ClientSession, n: int) -> None:
    """A job and, for every second one, its result."""
    async with session.post("/jobs", json={"prompt": f"prompt-mark-{n:06}"}) as response:
        assert response.status == 201, await response.text()
        job = await response.json()
    if n % 2:
        body = {"jobId": job["id"], "result": f"result-mark-{n:06}"}
        async with session.post("/webhook/callback", json=body, headers={"x-webhook-secret": SECRET}) as response:
            assert response.status == 200, await response.text()
            assert (await response.json())["callback"] == "applied"


async def _load(base: str) -> None:
    async with aiohttp.ClientSession(base) as session:
        numbers = iter(range(JOBS))

        async def client() -> None:
            for n in numbers:
                await _one(session, n)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))


async def test_no_acknowledgement_leaves_before_its_fsync(tmp_path: Path) -> None:
    output = tmp_path / "trace"
    strace = [require_strace(), "-D", "-f", "-y", "-ttt", "-s", "70000", "-e", f"trace={_CALLS}", "-o", str(output)]
    server = Server(tmp_path, FLOWS)
    assert await server.start(before=strace)
    try:
        await _load(server.base)
    finally:
        code = await server.stop()
    assert code == 0

    trace = await asyncio.to_thread(_finished, output)

    wanted = {f"prompt-mark-{n:06}" for n in range(JOBS)} | {f"result-mark-{n:06}" for n in range(1, JOBS, 2)}
    print(f"{len(trace.answered)} acknowledgements and {len(trace.syncs)} syncs of the log in the trace")
    assert set(trace.answered) == wanted, "an answer is missing in the trace"
    assert [m for m in wanted if m not in trace.written] == []
    assert [m for m in wanted if trace.too_early(m)] == []


def test_the_reading_of_a_trace_finds_an_answer_that_left_too_early(tmp_path: Path) -> None:
    """The counter-proof, on a trace written by hand: a sync that began before the write does not count."""
    wal = "9</d/jobs.db-wal>"
    good = [
        f'7 1.0 pwrite64({wal}, "..prompt-mark-000001..", 4096, 0) = 4096',
        f"7 1.1 fdatasync({wal} <unfinished ...>",
        "7 1.2 <... fdatasync resumed>) = 0",
        r'8 1.3 write(5<socket:[1]>, "HTTP/1.1 201 Created\r\n", 24) = 24',
        r'8 1.4 write(5<socket:[1]>, "{\"prompt\":\"prompt-mark-000001\"}", 99) = 99',
    ]
    orders = {"good": (0, 1, 2, 3, 4), "early": (0, 1, 3, 2, 4), "old": (1, 0, 2, 3, 4), "none": (0, 3, 4)}
    for name, order in orders.items():
        path = tmp_path / name
        path.write_text("\n".join(good[i] for i in order) + "\n")

        assert Trace.read(path).too_early("prompt-mark-000001") is (name != "good"), name
