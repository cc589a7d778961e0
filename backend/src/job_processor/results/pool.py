"""The pool of examiners: child processes that are killed when they exceed a time or memory limit.

Two threads have one child process each. It is started on first use, and again after it was killed. A result that is
certainly cheap is examined on the event loop (``examine_small``).
"""

import asyncio
import atexit
import contextlib
import functools
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
from job_processor.results.messages import Request, Response
from job_processor.results.schema import cost_problem

WORKERS = 2
STEP_SECONDS = 2.0
"""CPU limit of each step of an examination, plus one second per ``_BYTES_PER_SECOND`` bytes of the result."""
WALL_CLOCK_FACTOR = 4.0
"""Wall-clock limit of a step as a multiple of its CPU limit; larger, because the machine may be busy."""
_BYTES_PER_SECOND = 200_000
START_SECONDS = 30.0
"""Timeout of the start of a child process, on a busy machine."""
UNCHECKED = "The check exceeded its time or memory limit and was stopped; the result is stored unchanged."
SCHEMA_TOO_COSTLY = "Reading it took too long."
_CACHED_SCHEMAS = 256
"""Maximum number of schemas that are cached as valid."""
_PIPE_BYTES = 32_768
"""Maximum size of a message that fits into the pipe, so that writing it cannot block."""


_EXTERNAL_SIGNALS = (-signal.SIGKILL, -signal.SIGTERM)
"""Exit codes of a process that was killed externally (out of memory, an operator); its limits use other signals."""


class _ExaminerEnded(Exception):
    """The process ended before its last response. ``response``: its most detailed response, if any."""

    def __init__(self, response: Response | None = None) -> None:
        self.response = response


class _KilledFromOutside(_ExaminerEnded):
    """The process was killed externally, not because of what it examined."""


class Examiners:
    """Examines results and schemas in ``workers`` child processes. One instance is shared by the whole server.

    ``step_seconds``: CPU limit of a step. ``close`` must be called to end the processes.
    """

    def __init__(self, workers: int = WORKERS, step_seconds: float = STEP_SECONDS) -> None:
        self._workers = workers
        self._step_seconds = step_seconds
        self._threads: ThreadPoolExecutor | None = None
        self._local = threading.local()
        self._children: set[_Child] = set()
        self._lock = threading.Lock()
        self._valid_schemas: OrderedDict[str, None] = OrderedDict()

    async def examine(self, raw: str, schema: Mapping[str, Json] | None = None, *, stopped: bool = False) -> Verdict:
        """The verdict on ``raw``; ``unchecked`` if a limit was exceeded. Never raises because of the content."""
        if schema is None:
            small = examine_small(raw, stopped=stopped)
            if small is not None:
                return small
        request = Request(raw.encode("utf-8", "surrogatepass"), None if schema is None else dict(schema), stopped)
        try:
            response = await self._run(request)
        except _ExaminerEnded as ended:
            if ended.response is not None and ended.response.verdict is not None:
                return ended.response.verdict
            return Verdict(ResultKind.UNCHECKED, note=UNCHECKED)
        assert response.verdict is not None
        return response.verdict

    async def check_schema(self, schema: Mapping[str, Json]) -> str | None:
        """The error of an invalid schema, for people; ``None`` if it is valid."""
        problem = cost_problem(schema)
        if problem is not None:
            return f"It {problem}."
        key = json.dumps(schema, sort_keys=True)
        if key in self._valid_schemas:
            self._valid_schemas.move_to_end(key)
            return None
        try:
            fault = (await self._run(Request(None, dict(schema)))).fault
        except _ExaminerEnded:
            return SCHEMA_TOO_COSTLY
        if fault is None:
            self._valid_schemas[key] = None
            if len(self._valid_schemas) > _CACHED_SCHEMAS:
                self._valid_schemas.popitem(last=False)
        return fault

    def close(self) -> None:
        """End the child processes; running examinations return ``unchecked``. Later calls start new processes."""
        with self._lock:
            threads, self._threads = self._threads, None
            children, self._children = list(self._children), set()
            self._local = threading.local()
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)
        for child in children:
            child.end()

    async def _run(self, request: Request) -> Response:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self._workers, "examiner")
            future = self._threads.submit(self._in_thread, self._local, request)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise _ExaminerEnded from None  # `close` was called while the request was queued.

    def _in_thread(self, local: threading.local, request: Request) -> Response:
        """Run in a pool thread: use this thread's process, and retry once if it was killed externally.

        ``local``: holds the process of each thread; ``close`` replaces it.
        """
        try:
            return self._try_once(local, request)
        except _KilledFromOutside:
            return self._try_once(local, request)

    def _try_once(self, local: threading.local, request: Request) -> Response:
        child: _Child | None = getattr(local, "child", None)
        try:
            if child is None or not child.alive:
                child = local.child = self._start(local)
            return child.run(request, self._step_seconds)
        except OSError as error:
            self._end(child)
            raise _ExaminerEnded from error
        except _ExaminerEnded:
            self._end(child)
            raise
        finally:
            if child is not None and not child.alive:
                local.child = None

    def _start(self, local: threading.local) -> "_Child":
        child = _Child()
        with self._lock:
            closed = local is not self._local
            if not closed:
                self._children.add(child)
        if closed:  # `close` did not see this process, so end it here.
            child.end()
            raise _ExaminerEnded
        return child

    def _end(self, child: "_Child | None") -> None:
        if child is not None:
            child.end()
            with self._lock:
                self._children.discard(child)


class _Child:
    """One child process; it handles one request at a time."""

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

    def run(self, request: Request, seconds: float) -> Response:
        """The most detailed response. Raises ``_ExaminerEnded`` if the process ends or a step exceeds its limit.

        ``seconds``: CPU limit of a step.
        """
        if request.raw is not None:
            seconds += len(request.raw) / _BYTES_PER_SECOND
        request.seconds = seconds
        frame = messages.encode(request)
        if len(frame) <= _PIPE_BYTES:
            self._write(frame)
        else:
            # Writing blocks if the process does not read. In a thread it does not delay the timeout; the kill unblocks
            # it.
            threading.Thread(target=self._write, args=(frame,), daemon=True).start()
        best: Response | None = None
        while True:
            try:
                if self._is_new:
                    self._next(time.monotonic() + START_SECONDS)
                    self._is_new = False
                response = self._next(time.monotonic() + WALL_CLOCK_FACTOR * seconds)
            except _ExaminerEnded as ended:
                raise type(ended)(best) from None
            if response.last:
                return best or response
            best = response

    def end(self) -> None:
        """Kill the process and wait for its end. Thread-safe; may be called repeatedly."""
        with self._ended:
            self._ended_by_us = True
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()

    def _why_ended(self) -> _ExaminerEnded:
        """The exception for a process that has closed its output."""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return _ExaminerEnded()
        return _KilledFromOutside() if code in _EXTERNAL_SIGNALS and not self._ended_by_us else _ExaminerEnded()

    def _write(self, frame: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            view = memoryview(frame)
            while view:
                view = view[self._process.stdin.write(view) or 0 :]

    def _next(self, until: float) -> Response:
        size = messages.length_of(self._read(messages.HEAD, until))
        try:
            return _decode(self._read(size, until))
        except msgspec.MsgspecError:
            raise _ExaminerEnded from None  # Not a valid response.

    def _read(self, size: int, until: float) -> bytes:
        stream = self._process.stdout
        assert stream is not None
        parts: list[bytes] = []
        while size:
            left = until - time.monotonic()
            try:
                if left <= 0 or not _is_readable(stream.fileno(), left):
                    raise _ExaminerEnded
                part = stream.read(min(size, 1 << 20))
            except (OSError, ValueError):
                raise _ExaminerEnded from None  # `end` closed the stream.
            if not part:
                raise self._why_ended()
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _is_readable(file: int, seconds: float) -> bool:
    poll = select.poll()  # Not select.select(), which fails for file descriptors >= 1024.
    poll.register(file, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


_decode = msgspec.msgpack.Decoder(Response).decode


@functools.cache
def shared() -> Examiners:
    """The instance of this process, created on the first call and closed when the process exits."""
    examiners = Examiners()
    atexit.register(examiners.close)
    return examiners
