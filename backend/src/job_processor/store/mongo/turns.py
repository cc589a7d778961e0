"""The jobs that are claimed next: highest priority first; within a priority the keys take turns (``core.fairness``).

While no due job of a flow has a key (one small query finds out), the next jobs are the first entries of the index.
"""

import asyncio
from collections.abc import Callable

from job_processor.core.fairness import NO_KEY, Turns, round_robin
from job_processor.core.key_limits import KeyCapacity
from job_processor.core.lane import Lane
from job_processor.store.mongo import documents
from job_processor.store.mongo.client import Document, Link

INDEX = "turns"
ORDER = [("priority", -1), ("keyHash", 1), ("runAt", 1), ("_id", 1)]
MAX_READS = 8
"""Maximum number of reads of one claim among the keys of a priority. A read may be filled by the jobs of one key, so a
claim finds at least this many keys."""
MAX_READS_WITH_LIMITS = 64
"""The same if keys have limits: then a read returns no more jobs than one key may start."""
_ABOVE_ALL = 2**31


class Queue:
    def __init__(self, link: Link, now: Callable[[], int]) -> None:
        self._link = link
        self._jobs = link.collection("jobs")
        self._now = now
        self._turns = Turns()

    def in_time(self) -> Document:
        """The filter for jobs that are not past their deadline; the reaper ends those that are."""
        # `$not` also matches jobs without a deadline.
        return {"deadline": {"$not": {"$lte": self._now()}}}

    async def head(self, flow: str, wanted: int) -> list[Document] | None:
        """Whole documents of the next jobs. ``None``: jobs have keys, so ``next_ids`` must be used."""
        where: Document = {"flow": flow, "ready": 1, **self.in_time()}

        async def run(hint: str | None) -> list[Document]:
            found = await documents.page(self._jobs.find(where, hint=hint).sort(ORDER).limit(wanted))
            return [one for one in found if documents.is_job(one)]

        found, has_keys = await asyncio.gather(self._link.hinted(run, INDEX), self._has_keys(flow))
        return None if has_keys else found

    async def has_ready(self, flow: str) -> bool:
        where: Document = {"flow": flow, "ready": 1}

        async def run(hint: str | None) -> bool:
            return await self._jobs.find_one(where, {"_id": 0, "priority": 1}, hint=hint) is not None

        return await self._link.hinted(run, INDEX)

    async def next_ids(
        self, flow: str, wanted: int, seen: int, capacity: KeyCapacity | None = None
    ) -> list[tuple[str, int]]:
        """Ids and priorities of the jobs that come next, ``seen`` of them, of which the first ``wanted`` are to be
        taken. ``capacity``: how many jobs each key may start, and places of ``seen`` jobs are taken; ``None``: any
        number."""
        if capacity is None and not await self._has_keys(flow):
            return await self._first(flow, seen)
        found: list[tuple[str, int]] = []
        below = _ABOVE_ALL
        while len(found) < seen and (priority := await self._next_priority(flow, below)) is not None:
            below = priority
            waiting = await self._waiting(flow, below, seen - len(found), capacity)
            next_ones = round_robin(waiting, seen - len(found))
            taken = next_ones[: max(1, wanted - len(found))]
            if taken:
                self._turns.record(flow, below, taken[-1][0])
            if capacity is not None:
                for key, _ in next_ones:
                    capacity.start(key)
                if capacity.has_more:
                    # Keys of this priority go first that were not looked at.
                    return found + [(job_id, below) for _, job_id in next_ones]
            found += [(job_id, below) for _, job_id in next_ones]
        return found

    async def probe(self, lane: Lane, flow: str, capacity: KeyCapacity | None) -> list[Document]:
        """The whole document of the job that may be the lane's probe, as the contract of ``Jobs.claim`` orders them."""
        due: Document = {"flow": flow, "ready": 1, **self.in_time()}
        if capacity is not None and capacity.full:
            due["keyHash"] = {"$nin": sorted(capacity.full)}
        others: Document = {**due, "_id": {"$ne": lane.probed}}

        async def run(again: bool) -> Document | None:
            wanted = None if lane.wanted is None else await self._jobs.find_one({**due, "_id": lane.wanted})
            if wanted is None and lane.probed is None:
                return await self._jobs.find_one(due, sort=ORDER)
            return (
                wanted
                or await self._jobs.find_one({**others, "attempt": 0}, sort=ORDER)
                or await self._jobs.find_one(others, sort=[("runAt", 1), ("_id", 1)])
                or await self._jobs.find_one({**due, "_id": lane.probed})
            )

        found = await self._link.do(run)
        return [] if found is None else [found]

    async def _has_keys(self, flow: str) -> bool:
        where: Document = {"flow": flow, "ready": 1, "keyHash": {"$gt": NO_KEY}}

        async def run(hint: str | None) -> bool:
            return await self._jobs.find_one(where, {"_id": 0, "keyHash": 1}, hint=hint) is not None

        return await self._link.hinted(run, INDEX)

    async def _first(self, flow: str, wanted: int) -> list[tuple[str, int]]:
        # A covered query; the index has no deadlines, which are checked when the chosen jobs are read.
        where: Document = {"flow": flow, "ready": 1}

        async def run(again: bool) -> list[tuple[str, int]]:
            found = self._jobs.find(where, {"priority": 1}).sort(ORDER).limit(wanted)
            return [(str(one["_id"]), int(one["priority"])) async for one in found]

        return await self._link.read(run)

    async def _next_priority(self, flow: str, below: int) -> int | None:
        where: Document = {"flow": flow, "ready": 1, "priority": {"$lt": below}}

        async def run(hint: str | None) -> int | None:
            found = await self._jobs.find_one(where, {"_id": 0, "priority": 1}, sort=[("priority", -1)], hint=hint)
            return None if found is None else int(found["priority"])

        return await self._link.hinted(run, INDEX)

    async def _waiting(
        self, flow: str, priority: int, wanted: int, capacity: KeyCapacity | None
    ) -> dict[int, list[str]]:
        """Ids of jobs by key, the keys in the order of their turns: those after the last, then from the beginning. Up
        to ``wanted`` ids in all."""
        last = self._turns.last(flow, priority)
        waiting: dict[int, list[str]] = {}
        reads, most, at_once = 0, MAX_READS, wanted
        but_full: Document = {}
        if capacity is not None:
            most, at_once = MAX_READS_WITH_LIMITS, min(wanted, capacity.max_per_key)
            # The index is searched between these keys: none of their jobs is read.
            but_full = {"$nin": sorted(capacity.full)} if capacity.full else {}
        ranges: list[tuple[Document, Document]] = [({"$gt": last}, {}), ({"$not": {"$gt": last}}, {"$lte": last})]
        for keys, upto in ranges:
            while len(waiting) < wanted:
                if reads == most:
                    if capacity is not None:
                        capacity.has_more = True
                    break
                reads += 1
                found = await self._of_keys(flow, priority, {**keys, **but_full}, at_once)
                is_last = len(found) < at_once
                if capacity is not None and not is_last and found[0][1] != found[-1][1]:
                    # The last key may start more jobs than were read; it is read next.
                    found = [one for one in found if one[1] != found[-1][1]]
                for job_id, key in found:
                    ids = waiting.setdefault(key, [])
                    if capacity is None or len(ids) < capacity.free(key):
                        ids.append(job_id)
                if is_last:
                    break
                # The last key may have more jobs, but has got its share; skip it.
                keys = {"$gt": found[-1][1], **upto}
        return waiting

    async def _of_keys(self, flow: str, priority: int, keys: Document, wanted: int) -> list[tuple[str, int]]:
        where: Document = {"flow": flow, "ready": 1, "priority": priority, "keyHash": keys, **self.in_time()}

        async def run(hint: str | None) -> list[tuple[str, int]]:
            found = self._jobs.find(where, {"keyHash": 1}, hint=hint).sort(ORDER[1:]).limit(wanted)
            # Jobs of older versions have no hash: they count as such without a key.
            return [(one["_id"], int(one.get("keyHash", NO_KEY))) async for one in found]

        return await self._link.hinted(run, INDEX)
