"""What most tests of the edge and the hands start from."""

import asyncio
import gc
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import structlog
import uvloop
from hypothesis import settings

from tests.support import old_python, temporary
from tests.support.clock import Clock
from tests.support.site import Site, open_site
from tests.support.skips import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]

old_python.mend()
temporary.use_memory()
# How long an example takes depends on what else the machine does.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")
# By default structlog draws a traceback with rich, if a test tool has brought it: for half a second each.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


LONG = 300
"""Seconds."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of a directory are spread over the whole run, so that those which wait (``faults``) run beside those which
    work (``e2e``). With one directory after the other the machine's cores are idle in one and short in the next.

    Those that may take long, by their timeout, are in the first half: at the end the others would wait for one of them.
    Those that are marked with ``waits`` begin at equal distances, from the beginning on: two at once leave a core idle.
    """
    files: defaultdict[Path, dict[Path, int]] = defaultdict(dict)
    for item in items:
        of_directory = files[item.path.parent]
        of_directory.setdefault(item.path, len(of_directory))

    long = {item.path for item in items for mark in item.iter_markers("timeout") if mark.args and mark.args[0] >= LONG}
    waiting = sorted({item.path for item in items if item.get_closest_marker("waits")})

    def place(item: pytest.Item) -> tuple[float, Path]:
        if item.path in waiting:
            return waiting.index(item.path) / len(waiting), item.path
        of_directory = files[item.path.parent]
        place = (of_directory[item.path] + 0.5) / len(of_directory)
        return (place / 2 if item.path in long else place), item.path

    items.sort(key=place)


def pytest_collection_finish(session: pytest.Session) -> None:
    # All modules are loaded: no collection needs to walk them again.
    gc.collect()
    gc.freeze()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The event loop that the product runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def site(tmp_path: Path, clock: Clock) -> AsyncIterator[Site]:
    """The API over an empty SQLite store whose time stands still until the test moves it."""
    async with open_site(tmp_path / "data", now=clock.now) as made:
        yield made
