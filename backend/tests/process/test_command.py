"""How tests start commands: what a process leaves behind in the test's own process."""

import gc
import os
import warnings
from pathlib import Path

from tests.support.command import Process, pipe, start


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
