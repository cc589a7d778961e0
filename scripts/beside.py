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


def main(names: list[str]) -> int:
    """0: all were made."""
    waiting = list(names)
    running: dict[int, Target] = {}
    failed: str | None = None
    """The first one."""
    while running or (waiting and failed is None):
        while waiting and failed is None and len(running) < AT_ONCE:
            target = Target(waiting.pop(0), shown_at_once=len(waiting) == len(names) - 1)
            running[target.pid] = target
        try:
            pid, status = os.wait()
        except KeyboardInterrupt:
            failed = failed or "the run"
            for target in running.values():
                target.interrupt()
            continue
        target = running.pop(pid)
        target.show()
        if status != 0 and failed is None:
            failed = target.name
            print(f"*** {failed} failed. {_ended(running.values(), waiting)}", flush=True)
            for one in running.values():
                one.interrupt()
    return 0 if failed is None else 1


if __name__ == "__main__":
    # A run that is ended from outside ends its targets too. SIGINT as well: a shell starts its background commands with
    # it ignored, and what is ignored here would be ignored by all targets.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
