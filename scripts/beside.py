"""Make these targets, two at a time: ``python scripts/beside.py TARGET...``

When one fails, those that still run are interrupted, as by Ctrl-C, and the others are not begun: nobody waits until the
tests end for a fault in the format. The output of the first target is shown at once, that of the others at their end.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from typing import IO

AT_ONCE = 2
# Each target's make is no part of the one that started this: it has no share of its job slots.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}


class Target:
    def __init__(self, name: str, shown_at_once: bool) -> None:
        self.name = name
        self._said: IO[bytes] | None = None if shown_at_once else tempfile.TemporaryFile()  # noqa: SIM115  # until show
        # A process group of its own, so that everything that it starts can be interrupted.
        self._process = subprocess.Popen(
            ["make", "--no-print-directory", name],
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=None if self._said is None else subprocess.STDOUT,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        self.pid = self._process.pid

    def interrupt(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGINT)

    def show(self) -> None:
        if self._said is not None:
            self._said.seek(0)
            sys.stdout.buffer.write(self._said.read())
            sys.stdout.flush()
            self._said.close()


def _ended(running: Iterable[Target], waiting: list[str]) -> str:
    interrupted = ", ".join(one.name for one in running) or "nothing"
    return f"Interrupted: {interrupted}; not begun: {', '.join(waiting) or 'nothing'}."


class Run:
    """All targets. ``failed``: what ended the run, the first that did."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._waiting = list(names)
        self._running: dict[int, Target] = {}
        self.failed: str | None = None

    def end(self, *_: object) -> None:
        """Interrupt what runs, and begin nothing more. Also a signal's handler: it may come at any moment."""
        self.failed = self.failed or "the run"
        for target in list(self._running.values()):
            target.interrupt()

    def make(self) -> None:
        while self._running or (self._waiting and self.failed is None):
            while self._waiting and self.failed is None and len(self._running) < AT_ONCE:
                self._begin(self._waiting.pop(0))
            pid, status = os.wait()
            target = self._running.pop(pid)
            target.show()
            if status != 0 and self.failed is None:
                self.failed = target.name
                print(f"*** {self.failed} failed. {_ended(self._running.values(), self._waiting)}", flush=True)
                self.end()

    def _begin(self, name: str) -> None:
        target = Target(name, shown_at_once=name == self._names[0])
        self._running[target.pid] = target
        if self.failed is not None:
            # The signal came while it was started.
            target.interrupt()


def main(names: list[str]) -> int:
    """0: all were made."""
    run = Run(names)
    # A run that is ended from outside ends its targets too. SIGINT as well: a shell starts its background commands with
    # it ignored, and what is ignored here would be ignored by all targets.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, run.end)
    run.make()
    return 0 if run.failed is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
