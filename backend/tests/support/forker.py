"""A process that has the package loaded and forks a `job-processor` command for whoever asks: see ``command.py``.

``python -P forker.py FD``. FD is a Unix socket. A request brings three descriptors (its own answers, standard output,
standard error), then JSON after its length in four bytes: arguments, environment, working directory. Its answers are
the process's number at once and, when it has ended, its exit code. One thread, so that forking is safe.
"""

import contextlib
import gc
import importlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from job_processor import cli


@dataclass(frozen=True)
class Request:
    """One command to be; ``answers`` is closed in the process that becomes it."""

    arguments: list[str]
    environment: dict[str, str]
    directory: str
    stdout: int
    stderr: int

    def become(self) -> list[str]:
        """From here on this process is what the command's own would be; returns its arguments."""
        os.setsid()
        os.chdir(self.directory)
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        for descriptor, number in ((self.stdout, 1), (self.stderr, 2)):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(self.environment)
        time.tzset()
        sys.argv = self.arguments
        return self.arguments[1:]


def _requests(control: socket.socket) -> Request | None:
    """Forks a process for each request. Returns the request in that process, and ``None`` when nobody asks any more."""
    while True:
        head, descriptors, _, _ = socket.recv_fds(control, 4, 3)
        if not head:
            return None
        answers, stdout, stderr = descriptors
        given = _exactly(control, int.from_bytes(head, "big"))
        _bury()
        if os.fork() == 0:
            control.close()
            _run_and_watch(answers, (stdout, stderr))
            os.close(answers)
            return Request(given["arguments"], given["environment"], given["directory"], stdout, stderr)
        for descriptor in descriptors:
            os.close(descriptor)


def _exactly(control: socket.socket, size: int) -> dict[str, Any]:
    received = bytearray()
    while len(received) < size:
        received += control.recv(size - len(received))
    found: dict[str, Any] = json.loads(received)
    return found


def _bury() -> None:
    """Take note of children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _run_and_watch(answers: int, others: Iterable[int]) -> None:
    """Forks the command's process, where this returns. Its parent tells what becomes of it, and does not return.

    The dead process is kept until the one who asked has heard of its end, as a parent would keep it: until then its
    number is nobody else's.
    """
    child = os.fork()
    if child == 0:
        return
    # A pipe has ended when the command has.
    for descriptor in (*others, 0, 1, 2):
        os.close(descriptor)
    os.write(answers, b"%d\n" % child)
    ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    with contextlib.suppress(OSError):
        os.write(answers, b"%d\n" % (ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status))
        os.read(answers, 1)
    os.waitpid(child, 0)
    os._exit(0)


def main() -> int:
    control = socket.socket(fileno=int(sys.argv[1]))
    importlib.import_module("job_processor.commands")  # What a start loads, all of it.
    gc.collect()
    gc.freeze()
    request = _requests(control)
    return 0 if request is None else cli.main(request.become())


if __name__ == "__main__":
    sys.exit(main())
