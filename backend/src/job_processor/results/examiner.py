"""The child process that examines results: ``python -m job_processor.results.examiner``.

It reads requests from standard input, writes responses to standard output, and exits with its server. The limits do not
depend on the examining code: the operating system kills this process at its CPU or memory limit, and the server kills
it at the wall-clock timeout.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from job_processor.results.examination import steps
from job_processor.results.messages import Request, Response, encode, read_frame
from job_processor.results.schema import check_schema

MEMORY = 512 * 1024 * 1024
"""Maximum address space in bytes in addition to that of the process at its start."""
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The server decides when this process ends.
    _end_with_the_server()
    _limit_memory()
    source, out = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # So that a print cannot corrupt the responses.
    decode = msgspec.msgpack.Decoder(Request).decode
    out.write(encode(Response()))  # Ready message, so that start-up does not count as examination time.
    out.flush()
    while (frame := read_frame(source)) is not None:
        request = decode(frame)
        _limit_time(request.seconds)
        for response in _responses(request):
            out.write(encode(response))
            out.flush()
            _limit_time(request.seconds)
        _limit_time(0)


def _responses(request: Request) -> Iterator[Response]:
    if request.raw is None:
        yield Response(fault=check_schema(request.schema))
        return
    raw = request.raw.decode("utf-8", "surrogatepass")
    for verdict in steps(raw, request.schema, stopped=request.stopped):
        yield Response(verdict=verdict, last=False)
    yield Response()


def _end_with_the_server() -> None:
    """Have the kernel kill this process when its server dies (Linux); while busy it would not notice itself."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    with contextlib.suppress(OSError):
        # If memory runs out, the kernel should kill this process and not the server.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: float) -> None:
    """Limit the CPU seconds of the next step: then SIGPROF kills this process, even in native code. 0: no limit."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
