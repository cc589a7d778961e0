"""The process that examines results: ``python -m job_processor.results.examiner``.

It reads questions from standard input and answers on standard output, and ends with its server, however that ends.
What a result or a schema may cost is bounded from outside the code that examines: the system ends this process when
it takes too much of a processor or of memory, and the server kills it when it takes too long all the same.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from job_processor.results.examination import steps
from job_processor.results.messages import Ask, Say, encode, read_frame
from job_processor.results.schema import check_schema

MEMORY = 512 * 1024 * 1024
"""Bytes of address space that examinations may take, beyond what the process began with."""
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The server decides when this process ends.
    _end_with_the_server()
    _limit_memory()
    source, out = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # What prints must not stand among the answers.
    decode = msgspec.msgpack.Decoder(Ask).decode
    out.write(encode(Say()))  # Ready: the time of a question does not count our own start.
    out.flush()
    while (frame := read_frame(source)) is not None:
        ask = decode(frame)
        _limit_time(ask.seconds)
        for answer in _answers(ask):
            out.write(encode(answer))
            out.flush()
            _limit_time(ask.seconds)
        _limit_time(0)


def _answers(ask: Ask) -> Iterator[Say]:
    if ask.raw is None:
        yield Say(fault=check_schema(ask.schema))
        return
    raw = ask.raw.decode("utf-8", "surrogatepass")
    for verdict in steps(raw, ask.schema, stopped=ask.stopped):
        yield Say(verdict=verdict, last=False)
    yield Say()


def _end_with_the_server() -> None:
    """Without this a busy process would not see that its server was killed."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    with contextlib.suppress(OSError):
        # Where memory is short, this process goes first and not the server.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: float) -> None:
    """The next step may take so much of a processor; then SIGPROF ends this process, in whatever code it is."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
