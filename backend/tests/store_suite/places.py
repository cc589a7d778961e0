"""Where a store's data live, for tests: open it, open it again beside itself, let its process die."""

import contextlib
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from job_processor.store.base import Store
from job_processor.store.mongo.store import MongoStore
from job_processor.store.mongo.tuning import Tuning
from job_processor.store.sqlite.store import SqliteStore
from tests.mongo_server import MongoServer
from tests.store_suite import given
from tests.support import empty_sqlite

START = 1_750_000_000_000


class Clock:
    """The store's clock in the test's hands."""

    def __init__(self, at: int = START) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    def forward(self, ms: int) -> int:
        self.at += ms
        return self.at


class Place(Protocol):
    """One set of data under one driver."""

    clock: Clock

    async def open(self) -> Store:
        """A store over these data. A driver that shares them gives one more process each time."""
        ...

    async def crash(self, store: Store) -> Store:
        """The process behind ``store`` dies; what a new one finds."""
        ...

    async def close(self) -> None: ...


class SqlitePlace:
    """A directory. ``open`` gives the one store there is; only one process can have it."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self.clock = clock
        self._root = root
        self._directory = root / "data"
        self._store: SqliteStore | None = None
        self._dead: list[SqliteStore] = []

    @property
    def directory(self) -> Path:
        return self._directory

    async def open(self) -> Store:
        if self._store is None:
            empty_sqlite.provide(self._directory)
            self._store = SqliteStore(self._directory, self.clock.now)
            await self._store.open()
        return self._store

    async def crash(self, store: Store) -> Store:
        # What SIGKILL leaves is what the files hold at that moment; the old process never writes again.
        target = self._root / secrets.token_hex(4)
        shutil.copytree(self._directory, target)
        assert self._store is store
        await self._store.close()
        self._directory, self._store = target, None
        return await self.open()

    async def close(self) -> None:
        if self._store is not None:
            await self._store.close()


class MongoPlace:
    """A database of its own: a new one, dropped at the end, or ``database``, which is left as it is. Every ``open`` is
    one more process over it."""

    def __init__(
        self,
        server: MongoServer,
        clock: Clock,
        uri: str | None = None,
        tuning: Tuning | None = None,
        database: str | None = None,
    ) -> None:
        self.clock = clock
        self._server = server
        self._uri = uri or server.uri
        # Beyond ``quick_count`` the answer is an older count, and on a busy machine a second may be over too soon.
        self._tuning = tuning or Tuning(count_reuse=0.0, quick_count=5.0)
        self.database = database or server.database()
        self._is_owner = database is None
        self._stores: list[MongoStore] = []

    async def open(self) -> Store:
        store = MongoStore(self._uri, now=self.clock.now, database=self.database, tuning=self._tuning)
        await store.open()
        self._stores.append(store)
        return store

    async def crash(self, store: Store) -> Store:
        # Nobody tells the database that a process has died; its client is merely let go of at the end.
        return await self.open()

    async def close(self) -> None:
        for store in self._stores:
            await store.close()
        if self._is_owner:
            self._server.drop(self.database)


@contextlib.asynccontextmanager
async def used_again(server: MongoServer) -> AsyncIterator[MongoPlace]:
    """A place in a database that other tests used before and will use again: not for a test that changes its indexes or
    looks at what the first start does."""
    database = server.lend()
    place = MongoPlace(server, Clock(), database=database)
    try:
        yield place
    finally:
        await place.close()
    server.take_back(database)


@contextlib.asynccontextmanager
async def place_of(driver: str, root: Path, server: MongoServer | None) -> AsyncIterator[Place]:
    """A place of this driver (``sqlite`` or ``mongo``) for one test."""
    given.begin_anew()
    if driver == "mongo":
        assert server is not None
        async with used_again(server) as place:
            yield place
        return
    directory = SqlitePlace(root, Clock())
    try:
        yield directory
    finally:
        await directory.close()
