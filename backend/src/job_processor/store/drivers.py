"""Chooses the driver for a place, and reads a place without opening its store: for ``check`` and for backups.

A place is a mongodb address or a directory. The driver that is not used is not loaded.
"""

import asyncio
from pathlib import Path

from job_processor.store.base import Inspection, Store


def store_at(place: str) -> Store:
    """The store of this place, not open yet."""
    if _is_mongo(place):
        from job_processor.store.mongo.store import MongoStore

        return MongoStore(place)
    from job_processor.store.sqlite.store import SqliteStore

    return SqliteStore(Path(place))


async def inspect(place: str, *, plans: bool = False) -> Inspection:
    """Report what a start would find, without writing anything. ``plans``: also the plans of the queries.

    Raises ``StoreRefused`` if a start would raise it, ``StoreUnavailable`` if the database does not answer.
    """
    if _is_mongo(place):
        from job_processor.store.mongo.inspect import inspect as look

        return await look(place, with_plans=plans)
    from job_processor.store.sqlite.inspect import inspect as look_at

    lines = await asyncio.to_thread(look_at, Path(place))
    return Inspection([*lines, *(["plans: only a MongoDB store has them"] if plans else [])])


def store_to_back_up(place: str, scratch: Path) -> Store:
    """A store that can be read while another process uses the place. If that needs a copy, it is made in ``scratch``.

    Raises ``StoreRefused``.
    """
    if _is_mongo(place):
        return store_at(place)
    from job_processor.store.sqlite.snapshot import snapshot
    from job_processor.store.sqlite.store import SqliteStore

    snapshot(Path(place), scratch)
    return SqliteStore(scratch, searchable=False)


def _is_mongo(place: str) -> bool:
    return place.startswith(("mongodb://", "mongodb+srv://"))
