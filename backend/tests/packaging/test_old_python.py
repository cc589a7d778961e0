"""A failing test is reported on every Python, also where a collection comes in the midst of it."""

import subprocess
import sys

from tests.packaging.machine import REPOSITORY

# A collection every few objects, each of which parses source, as pytest's report of what it finds does. Sources of many
# lengths: whether the fault shows depends on how deep in the source the last collection came.
PROGRAM = """
import ast, gc
from tests.support import old_python

old_python.mend()
begun = []

def parses(phase, info):
    if phase == "start":
        begun.append(phase)
        ast.parse("(a[1] + b)")

gc.callbacks.append(parses)
gc.set_threshold(5)
for length in range(1, 40):
    ast.parse("def f(a, b=(1, [2, 3])):\\n    return g(a)[b].c(d=e)\\n" * length)
    gc.collect()
gc.callbacks.remove(parses)
print(len(begun) >= 39)
"""


def test_source_is_parsed_while_garbage_is_collected() -> None:
    """In a process of its own: the tests' has other threads, whose collections would parse, too."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=REPOSITORY / "backend",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
