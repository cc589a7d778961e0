"""Permits of rate limits: a document for each window, changed by compare-and-set."""

from pymongo.errors import DuplicateKeyError

from job_processor.core.errors import StoreUnavailable
from job_processor.core.permits import Grant, Window, take
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.documents import new_write_id

TRIES = 20
"""Maximum tries of the compare-and-set: this many processes may ask for permits of one window at once."""


class Permits:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._windows = link.collection("permits")

    async def take(self, name: str, now: int, limit: int, wanted: int) -> Grant:
        async def run(again: bool) -> Grant | None:
            # Repeated after a lost reply, it may take permits twice: then fewer are granted, never more.
            found = await self._windows.find_one({"_id": name})
            window, grant = take(_window(found), now, limit, wanted)
            if not grant.permits:
                return grant
            return grant if await self._put(name, found, window) else None

        for _ in range(TRIES):
            grant = await self._link.do(run)
            if grant is not None:
                return grant
        raise StoreUnavailable("The permits change faster than they can be written.")

    async def _put(self, name: str, found: Document | None, window: Window) -> bool:
        """Store the window, unless another process changed it meanwhile."""
        where: Document = {"_id": name, "rev": None if found is None else found["rev"]}
        update: Document = {
            "$set": {"granted": [list(one) for one in window.granted], "rev": new_write_id()},
            "$currentDate": {"at": True},
        }
        try:
            result = await self._windows.update_one(where, update, upsert=found is None)
        except DuplicateKeyError:
            return False
        return result.matched_count == 1 or result.upserted_id is not None


def _window(found: Document | None) -> Window:
    return Window() if found is None else Window(tuple((int(at), int(n)) for at, n in found["granted"]))
