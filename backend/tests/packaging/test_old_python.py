"""A failing test is reported on every Python, also where a collection comes in the midst of it."""

import ast
import gc
from collections.abc import Iterator

import pytest

# Of many lengths: whether the fault shows depends on how deep in the source the last collection came.
SOURCES = ["def f(a, b=(1, [2, 3])):\n    return g(a)[b].c(d=e)\n" * length for length in range(1, 40)]


@pytest.fixture
def collections() -> Iterator[list[str]]:
    """A collection every few objects, each of which parses source, as pytest's report of what it finds does."""
    begun: list[str] = []

    def parses(phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            begun.append(phase)
            ast.parse("(a[1] + b)")

    before = gc.get_threshold()
    gc.callbacks.append(parses)
    gc.set_threshold(5)
    yield begun
    gc.set_threshold(*before)
    gc.callbacks.remove(parses)


def test_source_is_parsed_while_garbage_is_collected(collections: list[str]) -> None:
    for source in SOURCES:
        assert ast.parse(source).body
        gc.collect()

    assert len(collections) >= len(SOURCES)
