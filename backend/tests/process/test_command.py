"""How tests start commands: what a process leaves behind in the test's own process."""

import gc
import os
import socket
import warnings
from pathlib import Path

from tests.support.command import Forked, Process, pipe, start


class Owner:
    """Refers to its process, which refers to it: only the garbage collector ends the two."""

    def __init__(self, process: Process) -> None:
        self.process = process
        process.__dict__["owner"] = self


def test_a_process_that_only_the_garbage_collector_ends_leaves_no_open_socket(tmp_path: Path) -> None:
    source, target = pipe()
    with source, target:
        process = start(["version"], os.environ, tmp_path, target, target)
        process.wait(30)
        Owner(process)
        del process
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            gc.collect()

    assert [warning for warning in caught if issubclass(warning.category, ResourceWarning)] == []


def test_the_end_of_a_command_that_ends_at_once_is_seen() -> None:
    answers, forker = socket.socketpair()
    with forker:
        forker.sendall(b"123\n7\n")
        process = Forked(answers)
        assert (process.pid, process.wait(20)) == (123, 7)
