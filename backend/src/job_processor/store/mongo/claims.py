"""claim: who gets which jobs. Workers take the head of the queue; those that lose a race spread out behind it."""

import asyncio
import contextlib
import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from job_processor.core.errors import StoreUnavailable
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, Lease
from job_processor.core.lane import Lane, admit, took, waits_until, without_probe
from job_processor.core.transitions import claim as claim_job
from job_processor.store.base import Claim, Claimed
from job_processor.store.mongo import documents
from job_processor.store.mongo.client import Document, Link, is_passing
from job_processor.store.mongo.lanes import Lanes, Slot

_ROUNDS = 5
"""Lost races after which a claim answers with what it has."""
_RESERVE_ROUNDS = 60
_WIDEST = 8
_ORDER = [("priority", -1), ("runAt", 1), ("_id", 1)]


class Claims:
    """``now`` is the store's clock; ``database_now`` the database's own, by which reservations age."""

    def __init__(self, link: Link, lanes: Lanes, now: Callable[[], int], database_now: Callable[[], int]) -> None:
        self._link = link
        self._lanes = lanes
        self._jobs = link.collection("jobs")
        self._now, self._database_now = now, database_now
        self._crowd: dict[str, int] = {}
        """By flow: how many claims in a row have lost a race, up to a limit."""
        self._turns: dict[str, asyncio.Lock] = {}
        """By flow: reservations of this process wait for each other here and not in the database."""

    async def claim(self, wish: Claim) -> Claimed:
        rules, at = wish.rules, self._now()
        stored, upcoming = await asyncio.gather(self._lanes.read(rules.name), self._next_run_at(rules.name))
        if upcoming is not None and upcoming <= at:
            await self._make_ready(rules.name, at)
            upcoming = await self._next_run_at(rules.name)
        if stored.lane.paused:
            jobs, lane, idle = list[Job](), stored.lane, False
        elif rules.concurrency is None and rules.rate_per_minute is None and stored.lane.trouble is None:
            jobs, lane = await self._take_free(wish, at), stored.lane
            idle = not jobs
        else:
            async with self._turns.setdefault(rules.name, asyncio.Lock()):
                jobs, lane, idle = await self._take_reserved(wish, at)
        if len(jobs) == wish.limit:
            return Claimed(jobs, lane)
        opens = waits_until(lane, rules, at)
        return Claimed(jobs, lane, opens if opens is not None and opens > at else upcoming, idle)

    async def _take_free(self, wish: Claim, at: int) -> list[Job]:
        jobs: list[Job] = []
        for _ in range(_ROUNDS):
            wanted = wish.limit - len(jobs)
            picked = await self._pick(wish.rules.name, wanted)
            taken = await self._take(picked, wish, at, _tokens(len(picked)))
            jobs += taken
            if len(jobs) == wish.limit or len(taken) == len(picked):
                break
        return jobs

    async def _take_reserved(self, wish: Claim, at: int) -> tuple[list[Job], Lane, bool]:
        """Reserve in the lane first, then claim: at no moment is more in flight than the lane admits.

        Also says whether the lane would have admitted a job, and none was due.
        """
        rules = wish.rules
        stored = await self._lanes.read(rules.name)
        for _ in range(_RESERVE_ROUNDS):
            found = await self._lanes.with_live_probe(stored, at, self._database_now())
            in_flight, kept = 0, self._lanes.young(stored, self._database_now())
            if rules.concurrency is not None:
                in_flight, kept = await self._lanes.occupied(rules.name, stored, self._database_now())
            allowed, admitted = admit(found.lane, wish.limit, in_flight, rules, at)
            if allowed <= 0:
                return [], admitted, False
            probes = admitted.trouble is not None
            picked = await (self._pick_probe(admitted) if probes else self._pick(rules.name, allowed))
            if not picked:
                return [], admitted, True
            tokens = _tokens(len(picked))
            after = took(admitted, len(picked), rules, tokens[0], picked[0]["_id"])
            new = self._slots(picked, tokens) if rules.concurrency is not None or probes else ()
            if await self._lanes.reserve(stored, after, (*kept, *new)):
                jobs = await self._take(picked, wish, at, tokens)
                if len(jobs) < len(picked):
                    held = {job.lease.token for job in jobs if job.lease is not None}
                    await self._give_back([t for t in tokens if t not in held], after, rules, none=not jobs)
                return jobs, after, False
            await asyncio.sleep(random.uniform(0, 0.01))
            stored = await self._lanes.read(rules.name)
        return [], stored.lane, False

    async def _pick_probe(self, lane: Lane) -> list[Document]:
        """The whole document of the job that goes alone, as the contract of ``claim`` says."""
        due: Document = {"flow": lane.flow, "ready": 1, **self._in_time()}
        others: Document = {**due, "_id": {"$ne": lane.probed}}

        async def run(again: bool) -> Document | None:
            wanted = None if lane.wanted is None else await self._jobs.find_one({**due, "_id": lane.wanted})
            if wanted is None and lane.probed is None:
                return await self._jobs.find_one(due, sort=_ORDER)
            return (
                wanted
                or await self._jobs.find_one({**others, "attempt": 0}, sort=_ORDER)
                or await self._jobs.find_one(others, sort=[("runAt", 1), ("_id", 1)])
                or await self._jobs.find_one({**due, "_id": lane.probed})
            )

        found = await self._link.do(run)
        return [] if found is None else [found]

    def _slots(self, picked: Sequence[Document], tokens: Sequence[str]) -> tuple[Slot, ...]:
        at = self._database_now()
        return tuple(Slot(token, one["_id"], one["rev"], at) for one, token in zip(picked, tokens, strict=True))

    async def _give_back(self, unused: Sequence[str], reserved: Lane, rules: FlowRules, none: bool) -> None:
        """Undo what was reserved for jobs that others got first. Left undone it heals, only later."""
        try:
            for _ in range(_RESERVE_ROUNDS):
                stored = await self._lanes.read(rules.name)
                lane = stored.lane
                if rules.rate_per_minute is not None:
                    lane = replace(lane, tokens=lane.tokens + len(unused))
                if none and lane.probe is not None and lane.probe == reserved.probe:
                    lane = without_probe(lane)
                kept = tuple(slot for slot in stored.slots if slot.token not in unused)
                if (lane, kept) == (stored.lane, stored.slots) or await self._lanes.reserve(stored, lane, kept):
                    return
                await asyncio.sleep(random.uniform(0, 0.01))
        except StoreUnavailable:
            pass

    async def _take(self, picked: Sequence[Document], wish: Claim, at: int, tokens: Sequence[str]) -> list[Job]:
        """The jobs of these that are now ours: each by a compare-and-set of its own, all in one message."""
        if not picked:
            return []
        until = at + int(wish.rules.lease_seconds * 1000)
        jobs: dict[str, Job] = {}
        writes: list[UpdateOne] = []
        for one, token in zip(picked, tokens, strict=True):
            after = claim_job(documents.to_job(one), Lease(token, wish.owner, until), at)
            guard = {"_id": one["_id"], "state": "PENDING", "rev": one["rev"], "fence": one.get("fence")}
            writes.append(UpdateOne(guard, documents.move(after, at, token)))
            jobs[token] = after

        async def run(again: bool) -> list[Job]:
            try:
                result = await self._jobs.bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                if is_passing(error):
                    raise
            else:
                if result.matched_count == len(writes):
                    return list(jobs.values())
            # Some were lost, or taken by an earlier try whose answer was: our tokens tell which are ours.
            ids = [job.id for job in jobs.values()]
            found = self._jobs.find({"_id": {"$in": ids}, "token": {"$in": list(jobs)}}, {"token": 1})
            ours = {one["token"] async for one in found}
            return [job for token, job in jobs.items() if token in ours]

        taken = await self._link.do(run)
        crowd = self._crowd.get(wish.rules.name, 0)
        lost = len(taken) < len(picked)
        self._crowd[wish.rules.name] = min(_WIDEST, crowd + 1) if lost else max(0, crowd - 1)
        return taken

    async def _pick(self, flow: str, wanted: int) -> list[Document]:
        """Whole documents of due jobs: the head of the queue, or where others crowd there, a fair part behind it.

        Whatever the crowd, no job is picked while one of higher priority within sight is left out.
        """
        crowd = self._crowd.get(flow, 0)
        where: Document = {"flow": flow, "ready": 1, **self._in_time()}
        if crowd:
            ids = await self._spread(flow, wanted, crowd)
            where = {"_id": {"$in": ids}, "ready": 1, **self._in_time()}

        async def run(hint: str | None) -> list[Document]:
            found = await documents.page(self._jobs.find(where, hint=hint).sort(_ORDER).limit(wanted))
            return [one for one in found if documents.is_job(one)]

        # Chosen jobs are looked up by their ids; the head of the queue is where one index ends.
        return await self._link.read(lambda again: run(None)) if crowd else await self._link.hinted(run, "ready")

    def _in_time(self) -> Document:
        # What is past its deadline is the reaper's; `$not` also takes what has none.
        return {"deadline": {"$not": {"$lte": self._now()}}}

    async def _spread(self, flow: str, wanted: int, crowd: int) -> list[str]:
        # From the index alone, which does not know deadlines: those are looked at once some are chosen.
        where: Document = {"flow": flow, "ready": 1}

        async def run(again: bool) -> list[Document]:
            return await self._jobs.find(where, {"priority": 1}).sort(_ORDER).limit(wanted * (1 + crowd)).to_list()

        seen = await self._link.read(run)
        if len(seen) <= wanted:
            return [one["_id"] for one in seen]
        last = seen[wanted - 1]["priority"]
        certain = [one["_id"] for one in seen if one["priority"] > last]
        equal = [one["_id"] for one in seen if one["priority"] == last]
        return certain + random.sample(equal, wanted - len(certain))

    async def _next_run_at(self, flow: str) -> int | None:
        async def run(again: bool) -> Document | None:
            return await self._jobs.find_one({"flow": flow, "ready": 0}, {"_id": 0, "runAt": 1}, sort=[("runAt", 1)])

        found = await self._link.read(run)
        return None if found is None else int(found["runAt"])

    async def _make_ready(self, flow: str, at: int) -> None:
        """Those that are due longest, so many at once: everything may come due at midnight.

        A failure is nobody's trouble: the next claim goes on, and what is ready already is claimed meanwhile.
        """
        due: Document = {"flow": flow, "ready": 0, "runAt": {"$lte": at}}
        limit = self._link.tuning.due_at_once

        async def run(again: bool) -> None:
            ids = [one["_id"] async for one in self._jobs.find(due, {"_id": 1}).sort("runAt", 1).limit(limit)]
            # Under the same condition: whoever was put off meanwhile is not due.
            await self._jobs.update_many({"_id": {"$in": ids}, **due}, {"$set": {"ready": 1}})

        with contextlib.suppress(StoreUnavailable):
            await self._link.read(run)


def _tokens(count: int) -> list[str]:
    return [secrets.token_hex(16) for _ in range(count)]
