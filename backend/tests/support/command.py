"""`job-processor` commands as processes of their own.

Loading the package takes a start a second of a processor's time. So on Linux a command is forked from a process that
has loaded it (``forker.py``); it has its own number, group, environment, directory and files, and ends as any other.
"""

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

COMMAND = Path(sys.executable).parent / "job-processor"
_FORKER = Path(__file__).with_name("forker.py")
_READ_AT_THE_START = ("PYTHON", "LD_")
"""Variables that Python and the system's loader read before there is a command: a fork would not know of them."""


class Process(Protocol):
    """The part of ``subprocess.Popen`` that tests use."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def start(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    directory: Path,
    stdout: IO[bytes],
    stderr: IO[bytes],
    before: Sequence[str] = (),
) -> Process:
    """Starts ``job-processor ARGUMENTS`` with this environment and no other, in a session of its own.

    The caller closes its own ``stdout`` and ``stderr``. ``before``: a command that starts it (strace).
    """
    command = [*before, str(COMMAND), *arguments]
    if sys.platform == "linux" and not before and not _must_begin_anew(environment):
        return _forker().fork(command, environment, directory, stdout, stderr)
    return subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def pipe() -> tuple[IO[str], IO[bytes]]:
    """The pipe of a process's output: the end that the test reads, and the end that the process writes to."""
    source, target = os.pipe()
    return open(source, encoding="utf-8"), open(target, "wb", buffering=0)


def _must_begin_anew(environment: Mapping[str, str]) -> bool:
    return any(
        name.startswith(_READ_AT_THE_START) and os.environ.get(name) != value for name, value in environment.items()
    )


class _Forker:
    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_FORKER), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._one_at_a_time = threading.Lock()

    def fork(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        directory: Path,
        stdout: IO[bytes],
        stderr: IO[bytes],
    ) -> "Forked":
        wanted = {"arguments": list(command), "environment": dict(environment), "directory": str(directory)}
        body = json.dumps(wanted).encode()
        answers, theirs = socket.socketpair()
        descriptors = [theirs.fileno(), stdout.fileno(), stderr.fileno()]
        with theirs, self._one_at_a_time:
            socket.send_fds(self._control, [len(body).to_bytes(4, "big")], descriptors)
            self._control.sendall(body)
        return Forked(answers)

    def stop(self) -> None:
        self._control.close()
        self._process.wait()


@functools.cache
def _forker() -> _Forker:
    """One for all tests of this process."""
    made = _Forker()
    atexit.register(made.stop)
    return made


class Forked:
    """A process that the forker made; its number and then its exit code arrive over the socket."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        # Without a buffer: a short command may have ended by now, and in a buffer poll() would not see its exit code.
        self._lines = answers.makefile("rb", buffering=0)
        # Not __del__: of objects that refer to each other the collector may end the socket first, with a warning.
        weakref.finalize(self, _close, self._lines, answers)
        self.pid = int(self._lines.readline())
        self._code: int | None = None
        self._one_at_a_time = threading.Lock()

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired("job-processor", timeout)
        return code

    def _ended(self, timeout: float | None) -> int | None:
        watched = select.poll()
        watched.register(self._answers, select.POLLIN)
        if self._code is None and watched.poll(None if timeout is None else timeout * 1000):
            with self._one_at_a_time:
                if self._code is None:
                    self._code = int(self._lines.readline())
                    # Now that it is known how it ended, its number may be another's.
                    self._answers.send(b".")
        return self._code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _close(lines: socket.SocketIO, answers: socket.socket) -> None:
    lines.close()
    answers.close()
