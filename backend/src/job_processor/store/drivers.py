"""Which driver a place belongs to, and what can be done with its data without opening the store.

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
    """What a start would find, looked up without writing anything. ``plans``: also how queries would be answered.

    Raises ``StoreRefused`` for what a start would refuse, ``StoreUnavailable`` when nothing answers.
    """
    if _is_mongo(place):
        from job_processor.store.mongo.inspect import inspect as look

        return await look(place, with_plans=plans)
    from job_processor.store.sqlite.inspect import inspect as look_at

    lines = await asyncio.to_thread(look_at, Path(place))
    return Inspection([*lines, *(["plans: only a MongoDB store has them"] if plans else [])])


def store_to_back_up(place: str, scratch: Path) -> Store:
    """A store that can be read while another process uses the place: where that needs a copy, one in ``scratch``.

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
