"""claim: workers take the head of the queue; workers that lost a race choose at random among the next jobs too."""

import asyncio
import contextlib
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from job_processor.core.claiming import claim as claim_job
from job_processor.core.errors import StoreUnavailable
from job_processor.core.fallback import FellBack, fall_back
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, Lease
from job_processor.core.key_limits import KeyCapacity, refunded
from job_processor.core.lane import Lane, admit, admits_again_at, charge, clear_probe, is_over_budget
from job_processor.store.base import Claim, Claimed, earliest
from job_processor.store.mongo import documents
from job_processor.store.mongo.client import Document, Link, is_transient
from job_processor.store.mongo.documents import key_hash_of
from job_processor.store.mongo.lanes import MAX_REFILLING_KEYS, Lanes, Occupied, Slot
from job_processor.store.mongo.shared_limits import RESERVE_ROUNDS, SharedLimits
from job_processor.store.mongo.turns import ORDER, Queue

_ROUNDS = 5
"""Maximum number of rounds of a claim that loses races; then it returns the jobs that it has."""
_MOST_LOST_RACES = 8
_KEYS_OPEN_MS = 100


class Claims:
    """``now`` is the clock of the store; ``database_now`` that of the database, by which reservations age."""

    def __init__(self, link: Link, lanes: Lanes, now: Callable[[], int], database_now: Callable[[], int]) -> None:
        self._link = link
        self._lanes = lanes
        self._jobs = link.collection("jobs")
        self._queue = Queue(link, now)
        self._limits = SharedLimits(lanes, database_now)
        self._now, self._database_now = now, database_now
        self._lost_races: dict[str, int] = {}
        """By flow: how many claims in a row lost a race, up to ``_MOST_LOST_RACES``."""
        self._turns: dict[str, asyncio.Lock] = {}
        """By flow: a lock, so that the reservations of this process do not race in the database."""

    async def claim(self, wish: Claim) -> Claimed:
        rules, flow, at = wish.rules, wish.source.name, self._now()
        stored, upcoming, lanes = await asyncio.gather(
            self._lanes.read(rules.name),
            self._next_run_at(flow),
            asyncio.gather(*map(self._lanes.read, wish.lanes)),
        )
        fallen = None
        if wish.of is not None:
            fallen = fall_back(rules.name, wish.of, wish.before, {one.lane.flow: one.lane for one in lanes}, at)
            if fallen is None:
                return Claimed([], stored.lane)
        if upcoming is not None and upcoming <= at:
            await self._make_ready(flow, at)
            upcoming = await self._next_run_at(flow)
        if stored.lane.paused or is_over_budget(stored.lane, rules, at):
            found = Claimed([], stored.lane)
        elif not rules.has_limits and stored.lane.trouble is None:
            jobs = await self._take_free(wish, at, fallen)
            found = Claimed(jobs, stored.lane, idle=not jobs)
        else:
            together = rules.name if rules.limit is None else rules.limit.rules.name
            async with self._turns.setdefault(together, asyncio.Lock()):
                found = await self._take_reserved(wish, at, fallen)
        found = replace(found, idle=found.idle and fallen is None)
        if len(found.jobs) == wish.limit:
            return found
        opens = admits_again_at(found.lane, rules, at)
        next_at = opens if opens is not None and opens > at else upcoming
        return replace(found, retry_at=earliest(next_at, found.retry_at))

    async def _take_free(self, wish: Claim, at: int, fallen: FellBack | None) -> list[Job]:
        jobs: list[Job] = []
        for _ in range(_ROUNDS):
            wanted = wish.limit - len(jobs)
            picked = await self._pick(wish.source.name, wanted)
            taken = await self._take(picked, wish, at, _tokens(len(picked)), fallen)
            jobs += taken
            if len(jobs) == wish.limit or len(taken) == len(picked):
                break
        return jobs

    async def _take_reserved(self, wish: Claim, at: int, fallen: FellBack | None) -> Claimed:
        """Reserve in the lane first, then claim, so that never more jobs are in flight than the lane admits.

        ``retry_at`` of the result takes only the limits of keys into account.
        """
        rules, flow = wish.rules, wish.source.name
        stored = await self._lanes.read(rules.name)
        for _ in range(RESERVE_ROUNDS):
            found = await self._lanes.with_live_probe(stored, at, self._database_now())
            used = Occupied(0, {}, self._lanes.young(stored, self._database_now()))
            counts = rules.concurrency is not None or rules.concurrency_per_key is not None
            if counts:
                used = await self._lanes.occupied([rules.name], stored, self._database_now(), rules.limits_keys)
            allowed, admitted = admit(found.lane, wish.limit, used.in_flight, rules, at)
            capacity = KeyCapacity(rules, used.of_keys, stored.refills, at) if rules.limits_keys else None
            if capacity is not None:
                allowed = min(allowed, MAX_REFILLING_KEYS - capacity.refilling)
            if allowed <= 0:
                return Claimed([], admitted, await self._when_keys_open(flow, capacity, at))
            shared = None
            if rules.limit is not None:
                shared = await self._limits.admit(rules.limit, rules, wish.queue_entry, allowed, at)
                allowed = shared.allowed
                if allowed <= 0:
                    waits = await self._queue.has_ready(flow)
                    return Claimed([], admitted, await self._limits.refused(shared, waits))
            probes = admitted.trouble is not None
            picked = await (
                self._queue.probe(admitted, flow, capacity) if probes else self._pick(flow, allowed, capacity)
            )
            charged = None
            if capacity is not None:
                charged = KeyCapacity(rules, used.of_keys, stored.refills, at)
                picked = [one for one in picked if charged.start(key_hash_of(one))]
            if not picked:
                if shared is not None:
                    await self._limits.refused(shared, waits=False)
                retry_at = await self._when_keys_open(flow, capacity, at)
                return Claimed(
                    [], admitted, retry_at, idle=capacity is None or not (capacity.full or capacity.has_more)
                )
            tokens = _tokens(len(picked))
            after = charge(admitted, len(picked), rules, tokens[0], picked[0]["_id"])
            slots = self._slots(picked, tokens)
            new = slots if counts or probes else ()
            refills = None if charged is None else charged.refills()
            if shared is not None and not await self._limits.reserve(shared, picked, slots):
                await asyncio.sleep(random.uniform(0, 0.01))
                stored = await self._lanes.read(rules.name)
                continue
            if await self._lanes.reserve(stored, after, (*used.kept, *new), refills):
                jobs = await self._take(picked, wish, at, tokens, fallen)
                if len(jobs) < len(picked):
                    held = {job.lease.token for job in jobs if job.lease is not None}
                    unused = {t: key_hash_of(one) for t, one in zip(tokens, picked, strict=True) if t not in held}
                    await self._release(unused, after, rules, none=not jobs)
                    if shared is not None:
                        await self._limits.release(shared, picked, unused)
                estimated = None if shared is None else shared.estimated(picked)
                if len(jobs) == wish.limit:
                    return Claimed(jobs, after, estimated=estimated)
                keys_open = await self._when_keys_open(flow, capacity, at)
                limit_opens = None if shared is None else self._limits.opens_at(shared, picked)
                return Claimed(jobs, after, earliest(keys_open, limit_opens), estimated=estimated)
            if shared is not None:
                await self._limits.release(shared, picked, tokens)
            await asyncio.sleep(random.uniform(0, 0.01))
            stored = await self._lanes.read(rules.name)
        return Claimed([], stored.lane)

    async def _when_keys_open(self, flow: str, capacity: KeyCapacity | None, at: int) -> int | None:
        """When a key that is at its limit may start a job again; ``None``: unknown."""
        if capacity is None:
            return None
        if capacity.has_more:
            return at
        opens = capacity.next_opening(capacity.full)
        if opens is None or not await self._queue.has_ready(flow):
            return None
        # Which of the full keys have jobs waiting is unknown, so the pause has a minimum: no claim for each key.
        return max(opens, at + _KEYS_OPEN_MS)

    def _slots(self, picked: Sequence[Document], tokens: Sequence[str]) -> tuple[Slot, ...]:
        at = self._database_now()
        return tuple(
            Slot(token, one["_id"], one["rev"], at, key_hash_of(one)) for one, token in zip(picked, tokens, strict=True)
        )

    async def _release(self, unused: Mapping[str, int], reserved: Lane, rules: FlowRules, none: bool) -> None:
        """Undo the reservation of jobs that other workers got first. If this fails, the slots are freed later.

        ``unused``: the keys by token.
        """
        try:
            for _ in range(RESERVE_ROUNDS):
                stored = await self._lanes.read(rules.name)
                lane = stored.lane
                if rules.rate_per_minute is not None:
                    lane = replace(lane, tokens=lane.tokens + len(unused))
                if none and lane.probe is not None and lane.probe == reserved.probe:
                    lane = clear_probe(lane)
                kept = tuple(slot for slot in stored.slots if slot.token not in unused)
                refills = None
                if rules.rate_per_key is not None:
                    refills = refunded(stored.refills, list(unused.values()), rules.rate_per_key)
                unchanged = refills is None and (lane, kept) == (stored.lane, stored.slots)
                if unchanged or await self._lanes.reserve(stored, lane, kept, refills):
                    return
                await asyncio.sleep(random.uniform(0, 0.01))
        except StoreUnavailable:
            pass

    async def _take(
        self, picked: Sequence[Document], wish: Claim, at: int, tokens: Sequence[str], fallen: FellBack | None
    ) -> list[Job]:
        """Claim these jobs and return those that this claim got: one compare-and-set per job, all in one command."""
        if not picked:
            return []
        until = at + int(wish.rules.lease_seconds * 1000)
        jobs: dict[str, Job] = {}
        writes: list[UpdateOne] = []
        for one, token in zip(picked, tokens, strict=True):
            lease = Lease(token, wish.owner, until)
            after = claim_job(documents.to_job(one), lease, at, fallen, wish.exchange)
            guard = {"_id": one["_id"], "state": "PENDING", "rev": one["rev"], "fence": one.get("fence")}
            writes.append(UpdateOne(guard, documents.move(after, at, token)))
            jobs[token] = after

        async def run(again: bool) -> list[Job]:
            try:
                result = await self._jobs.bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                if is_transient(error):
                    raise
            else:
                if result.matched_count == len(writes):
                    return list(jobs.values())
            # Some went to other workers, or an earlier try claimed them and its reply was lost: the tokens show which.
            ids = [job.id for job in jobs.values()]
            found = self._jobs.find({"_id": {"$in": ids}, "token": {"$in": list(jobs)}}, {"token": 1})
            ours = {one["token"] async for one in found}
            return [job for token, job in jobs.items() if token in ours]

        taken = await self._link.do(run)
        lost_races = self._lost_races.get(wish.source.name, 0)
        lost = len(taken) < len(picked)
        self._lost_races[wish.source.name] = min(_MOST_LOST_RACES, lost_races + 1) if lost else max(0, lost_races - 1)
        return taken

    async def _pick(self, flow: str, wanted: int, capacity: KeyCapacity | None = None) -> list[Document]:
        """Whole documents of due jobs: the next ones or, after lost races, a random choice of these and later jobs.

        Jobs of a higher priority are always preferred.
        """
        lost_races = self._lost_races.get(flow, 0)
        if capacity is None and not lost_races and (head := await self._queue.head(flow, wanted)) is not None:
            return head
        ids = _some(await self._queue.next_ids(flow, wanted, wanted * (1 + lost_races), capacity), wanted)
        where: Document = {"_id": {"$in": ids}, "ready": 1, **self._queue.in_time()}

        async def run(again: bool) -> list[Document]:
            found = await documents.page(self._jobs.find(where).sort(ORDER).limit(wanted))
            return [one for one in found if documents.is_job(one)]

        # They are looked up by id.
        place = {job_id: number for number, job_id in enumerate(ids)}
        return sorted(await self._link.read(run), key=lambda one: place[one["_id"]])

    async def _next_run_at(self, flow: str) -> int | None:
        async def run(again: bool) -> Document | None:
            return await self._jobs.find_one({"flow": flow, "ready": 0}, {"_id": 0, "runAt": 1}, sort=[("runAt", 1)])

        found = await self._link.read(run)
        return None if found is None else int(found["runAt"])

    async def _make_ready(self, flow: str, at: int) -> None:
        """Mark due jobs as ready, longest due first and a limited number at once: many may come due at the same moment.

        A failure is ignored: the next claim continues, and jobs that are ready already are claimed meanwhile.
        """
        due: Document = {"flow": flow, "ready": 0, "runAt": {"$lte": at}}
        limit = self._link.tuning.due_at_once

        async def run(again: bool) -> None:
            ids = [one["_id"] async for one in self._jobs.find(due, {"_id": 1}).sort("runAt", 1).limit(limit)]
            # With the condition again: a job that was put back meanwhile is not due.
            await self._jobs.update_many({"_id": {"$in": ids}, **due}, {"$set": {"ready": 1}})

        with contextlib.suppress(StoreUnavailable):
            await self._link.read(run)


def _some(seen: Sequence[tuple[str, int]], wanted: int) -> list[str]:
    """``wanted`` of these jobs in their order; those of the lowest priority among them are chosen at random."""
    if len(seen) <= wanted:
        return [job_id for job_id, _ in seen]
    last = seen[wanted - 1][1]
    certain = [job_id for job_id, priority in seen if priority > last]
    equal = [job_id for job_id, priority in seen if priority == last]
    chosen = {*certain, *random.sample(equal, wanted - len(certain))}
    return [job_id for job_id, _ in seen if job_id in chosen]


def _tokens(count: int) -> list[str]:
    return [secrets.token_hex(16) for _ in range(count)]
