"""What most tests of the edge and the hands start from."""

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import old_python
from tests.support.clock import Clock
from tests.support.site import Site, open_site
from tests.support.skips import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]

old_python.mend()
# How long an example takes depends on what else the machine does.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")


def pytest_collection_finish(session: pytest.Session) -> None:
    # All modules are loaded: no collection needs to walk them again.
    gc.collect()
    gc.freeze()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def site(tmp_path: Path, clock: Clock) -> AsyncIterator[Site]:
    """The API over an empty SQLite store whose time stands still until the test moves it."""
    async with open_site(tmp_path / "data", now=clock.now) as made:
        yield made
