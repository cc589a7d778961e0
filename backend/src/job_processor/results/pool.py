"""Examination beside the event loop, in processes with limits of time and memory that are killed when over.

Two threads, each with a process of its own that is started when first needed and again after it was killed. A result
that is small for sure is examined at once (``examine_small``).
"""

import asyncio
import contextlib
import json
import select
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec

from job_processor.core.job import Json
from job_processor.core.verdict import ResultKind, Verdict
from job_processor.results import messages
from job_processor.results.examination import examine_small
from job_processor.results.messages import Ask, Say
from job_processor.results.schema import is_hopeless

WORKERS = 2
STEP_SECONDS = 2.0
"""Of a processor, for each step of an examination (does it fit? what exactly does not?); more for a long result."""
WAIT = 4.0
"""So many times as long a step may last, on a machine that is busy with other things."""
_BYTES_A_SECOND = 200_000
START_SECONDS = 30.0
"""For a process to come up and say so, on a machine with little time."""
UNCHECKED = "The examination took more than its share of time or memory and was stopped; the result is as it came."
SCHEMA_TOO_COSTLY = "It took too long to be read."
_KNOWN_SCHEMAS = 256
_PIPE_HOLDS = 32_768


_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM)
"""How a process ends that somebody else killed; what an examination itself does ends it in another way."""


class _Died(Exception):
    """The process ended, or was killed, before its last word. ``said``: its last but one, if there was any."""

    def __init__(self, said: Say | None = None) -> None:
        self.said = said


class _Killed(_Died):
    """Not by us, and not for what it examined."""


class Examiners:
    """Verdicts on results and schemas. Safe to share by everything in a process; ``close`` ends what it started."""

    def __init__(self, workers: int = WORKERS, step_seconds: float = STEP_SECONDS) -> None:
        self._workers = workers
        self._step_seconds = step_seconds
        self._threads: ThreadPoolExecutor | None = None
        self._mine = threading.local()
        self._children: set[_Child] = set()
        self._lock = threading.Lock()
        self._known: OrderedDict[str, None] = OrderedDict()

    async def examine(self, raw: str, schema: Mapping[str, Json] | None = None, *, stopped: bool = False) -> Verdict:
        """The verdict; ``unchecked`` when the examination took too much. Never raises for what is examined."""
        if schema is None:
            small = examine_small(raw, stopped=stopped)
            if small is not None:
                return small
        ask = Ask(raw.encode("utf-8", "surrogatepass"), None if schema is None else dict(schema), stopped)
        try:
            said = await self._asked(ask)
        except _Died as died:
            if died.said is not None and died.said.verdict is not None:
                return died.said.verdict
            return Verdict(ResultKind.UNCHECKED, note=UNCHECKED)
        assert said.verdict is not None
        return said.verdict

    async def check_schema(self, schema: Mapping[str, Json]) -> str | None:
        """What is wrong with a schema, in words; ``None`` when it can be used."""
        hopeless = is_hopeless(schema)
        if hopeless is not None:
            return f"It {hopeless}."
        key = json.dumps(schema, sort_keys=True)
        if key in self._known:
            self._known.move_to_end(key)
            return None
        try:
            fault = (await self._asked(Ask(None, dict(schema)))).fault
        except _Died:
            return SCHEMA_TOO_COSTLY
        if fault is None:
            self._known[key] = None
            if len(self._known) > _KNOWN_SCHEMAS:
                self._known.popitem(last=False)
        return fault

    def close(self) -> None:
        """End the processes; questions under way end unchecked. What is asked afterwards starts new ones."""
        with self._lock:
            threads, self._threads = self._threads, None
            children, self._children = list(self._children), set()
            self._mine = threading.local()
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)
        for child in children:
            child.end()

    async def _asked(self, ask: Ask) -> Say:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self._workers, "examiner")
            asked = self._threads.submit(self._ask, ask)
        try:
            return await asyncio.wrap_future(asked)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise _Died from None  # Closed before its turn came.

    def _ask(self, ask: Ask) -> Say:
        """In a thread of its own: ask this thread's process, and once more a new one if it was killed from outside."""
        try:
            return self._ask_once(ask)
        except _Killed:
            return self._ask_once(ask)

    def _ask_once(self, ask: Ask) -> Say:
        mine = self._mine
        child: _Child | None = getattr(mine, "child", None)
        try:
            if child is None or not child.alive:
                child = mine.child = self._start()
            return child.ask(ask, self._step_seconds)
        except OSError as error:
            self._end(child)
            raise _Died from error
        except _Died:
            self._end(child)
            raise
        finally:
            if child is not None and not child.alive:
                mine.child = None

    def _start(self) -> "_Child":
        child = _Child()
        with self._lock:
            self._children.add(child)
        return child

    def _end(self, child: "_Child | None") -> None:
        if child is not None:
            child.end()
            with self._lock:
                self._children.discard(child)


class _Child:
    """One process, asked one thing at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "job_processor.results.examiner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self._ended = threading.Lock()
        self._ended_by_us = False
        self._is_new = True

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, ask: Ask, seconds: float) -> Say:
        """The last word. Raises ``_Died`` when the process ends, or takes more than its share for a step."""
        if ask.raw is not None:
            seconds += len(ask.raw) / _BYTES_A_SECOND
        ask.seconds = seconds
        frame = messages.encode(ask)
        if len(frame) <= _PIPE_HOLDS:
            self._write(frame)
        else:
            # A process that does not read would hold us beyond any time; when it is killed, the writing ends.
            threading.Thread(target=self._write, args=(frame,), daemon=True).start()
        best: Say | None = None
        while True:
            try:
                if self._is_new:
                    self._next(time.monotonic() + START_SECONDS)
                    self._is_new = False
                said = self._next(time.monotonic() + WAIT * seconds)
            except _Died as died:
                raise type(died)(best) from None
            if said.last:
                return best or said
            best = said

    def end(self) -> None:
        """Kill it and wait until it is gone. May be called from any thread, and again."""
        with self._ended:
            self._ended_by_us = True
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()

    def _end_of_it(self) -> _Died:
        """Its answers have ended: how did it end?"""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return _Died()
        return _Killed() if code in _FROM_OUTSIDE and not self._ended_by_us else _Died()

    def _write(self, frame: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            view = memoryview(frame)
            while view:
                view = view[self._process.stdin.write(view) or 0 :]

    def _next(self, until: float) -> Say:
        size = messages.length_of(self._read(messages.HEAD, until))
        try:
            return _decode(self._read(size, until))
        except msgspec.MsgspecError:
            raise _Died from None  # Whatever that was, it was no answer.

    def _read(self, size: int, until: float) -> bytes:
        stream = self._process.stdout
        assert stream is not None
        parts: list[bytes] = []
        while size:
            left = until - time.monotonic()
            try:
                if left <= 0 or not _is_readable(stream.fileno(), left):
                    raise _Died
                part = stream.read(min(size, 1 << 20))
            except (OSError, ValueError):
                raise _Died from None  # It was closed meanwhile.
            if not part:
                raise self._end_of_it()
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _is_readable(file: int, seconds: float) -> bool:
    waiting = select.poll()  # Not select(): a busy server has file numbers beyond its reach.
    waiting.register(file, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))


_decode = msgspec.msgpack.Decoder(Say).decode

_shared: list[Examiners] = []


def shared() -> Examiners:
    """The examiners of this process: made once, their processes started when first needed."""
    if not _shared:
        _shared.append(Examiners())
    return _shared[0]
