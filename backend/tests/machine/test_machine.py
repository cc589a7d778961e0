"""The machine on every driver. ``HYPOTHESIS_PROFILE=campaign`` makes it long."""

import os
import shutil
import tempfile
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import mongo_server
from tests.machine.machine import LifeCycle
from tests.store_suite.places import Clock, MongoPlace, Place, SqlitePlace

CAMPAIGN = os.environ.get("HYPOTHESIS_PROFILE") == "campaign"


def machine_settings(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples * (50 if CAMPAIGN else 1),
        stateful_step_count=steps * (2 if CAMPAIGN else 1),
        deadline=None,
        # Shrinking takes minutes; the short form says what failed, the campaign finds the shortest way to it.
        phases=[phase for phase in Phase if CAMPAIGN or phase not in (Phase.shrink, Phase.explain)],
        suppress_health_check=list(HealthCheck),
    )


class OnSqlite(LifeCycle):
    async def make_place(self) -> Place:
        self.root = Path(tempfile.mkdtemp(prefix="jp-machine-"))
        return SqlitePlace(self.root, Clock())

    async def lose_place(self) -> None:
        await super().lose_place()
        assert isinstance(self.place, SqlitePlace)
        # I14: the file itself is sound.
        db = apsw.Connection(str(self.place.directory / "jobs.db"))
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.close()
        shutil.rmtree(self.root)


class OnMongo(LifeCycle):
    async def make_place(self) -> Place:
        return MongoPlace(mongo_server.require(), Clock())


@pytest.mark.timeout(0 if CAMPAIGN else 300)
def test_the_life_cycle_on_sqlite() -> None:
    run_state_machine_as_test(OnSqlite, settings=machine_settings(60, 40))


@pytest.mark.mongo
@pytest.mark.timeout(0 if CAMPAIGN else 300)
def test_the_life_cycle_on_mongodb() -> None:
    mongo_server.require()
    run_state_machine_as_test(OnMongo, settings=machine_settings(12, 30))
