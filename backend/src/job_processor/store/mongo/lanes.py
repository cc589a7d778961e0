"""The lane of a flow as one document: the lane itself, and the slots that implement its concurrency.

A slot is reserved by compare-and-set on the lane before its job is claimed. It is not freed when the attempt ends: the
next claim finds out from the jobs which slots are free (``occupied``). So an outcome costs no second write, and the
slots of a killed worker become free in the same way. The refill times of keys (``core.key_limits``) are in the document
too, so that one write charges a claim to the lane and its keys.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from pymongo.errors import DuplicateKeyError

from job_processor.core.fairness import NO_KEY
from job_processor.core.flow import FlowRules
from job_processor.core.key_limits import KeyCapacity
from job_processor.core.lane import Lane, clear_probe
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.documents import new_write_id
from job_processor.store.mongo.fallen import fallen_back

MAX_CONCURRENCY = 5_000
"""Highest concurrency of a flow: its slots are in one document, which is rewritten at each claim."""
MAX_REFILLING_KEYS = 10_000
"""Maximum number of keys of a flow with ``rate_per_key`` that started jobs lately: they are in that document too."""
_WRITES_KEPT = 32


class Slot(msgspec.Struct, frozen=True):
    """A reserved place for a lease: of this job, if it is claimed at this ``rev`` with this ``token``.

    ``at``: when it was reserved, by the clock of the database; ``key``: the hash of the job's key.
    """

    token: str
    job: str
    rev: int
    at: int
    key: int = NO_KEY


@dataclass(frozen=True, slots=True)
class Stored:
    """The document of a lane. ``version`` None: it does not exist yet; ``refills``: as ``core.key_limits`` has them."""

    lane: Lane
    version: int | None = None
    slots: tuple[Slot, ...] = field(default=())
    refills: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Occupied:
    """``in_flight``: upper bound of the number of jobs in flight; ``of_keys``: the same for each key; ``kept``: the
    slots that must be kept."""

    in_flight: int
    of_keys: Mapping[int, int]
    kept: tuple[Slot, ...]


class Lanes:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._lanes = link.collection("lanes")
        self._jobs = link.collection("jobs")

    async def all(self) -> list[Lane]:
        async def run(again: bool) -> list[Lane]:
            return [_lane(found) async for found in self._lanes.find({}, {"lane": 1}).sort("_id", 1)]

        return await self._link.read(run)

    async def read(self, flow: str) -> Stored:
        found = await self._link.read(lambda again: self._lanes.find_one({"_id": flow}))
        if found is None:
            return Stored(Lane(flow))
        slots = tuple(msgspec.convert(slot, Slot) for slot in found.get("slots", ()))
        refills = {int(key): int(at) for key, at in found.get("refills", {}).items()}
        return Stored(_lane(found), found["v"], slots, refills)

    async def put(self, lane: Lane) -> bool:
        """``Store.put_lane``: under the ``rev`` of the lane; slots are not changed."""
        fields: Document = {"lane": _document(lane, lane.rev + 1)}
        return await self._write({"_id": lane.flow, "lane.rev": lane.rev}, fields, insert=lane.rev == 0)

    async def reserve(
        self, stored: Stored, lane: Lane, slots: tuple[Slot, ...], refills: Mapping[int, int] | None = None
    ) -> bool:
        """Write lane, slots and ``refills`` unless the document was written since ``stored`` was read."""
        rev = stored.lane.rev if lane == stored.lane else stored.lane.rev + 1
        fields: Document = {
            "lane": _document(lane, rev),
            "slots": [msgspec.to_builtins(slot) for slot in slots],
        }
        if refills is not None:
            fields["refills"] = {str(key): at for key, at in refills.items()}
        return await self._write({"_id": lane.flow, "v": stored.version}, fields, insert=stored.version is None)

    async def _write(self, where: Document, fields: Document, insert: bool) -> bool:
        write_id = new_write_id()

        async def run(again: bool) -> bool:
            result = await self._lanes.update_one(
                where,
                {
                    "$set": fields,
                    "$inc": {"v": 1},
                    "$push": {"writes": {"$each": [write_id], "$slice": -_WRITES_KEPT}},
                },
            )
            if result.matched_count == 1:
                return True
            if insert:
                first = {"slots": [], **fields, "_id": where["_id"], "v": 1, "writes": [write_id]}
                try:
                    await self._lanes.insert_one(first)
                except DuplicateKeyError:
                    pass
                else:
                    return True
            # Not applied, or applied by an earlier try (ours or the driver's) whose reply was lost.
            return await self._lanes.find_one({"_id": where["_id"], "writes": write_id}, {"_id": 1}) is not None

        return await self._link.do(run)

    async def with_live_probe(self, stored: Stored, at: int, now: int) -> Stored:
        """``stored`` without its probe if that has ended: the job has left RUNNING, or the lease has ended by ``at``.

        A probe that is reserved and not claimed yet counts as running, as long as a slot may (see ``occupied``).
        """
        lane = stored.lane
        if lane.probe is None:
            return stored
        slot = next((slot for slot in stored.slots if slot.token == lane.probe), None)
        job = (await self._look_at([lane.probed or ""])).get(lane.probed or "")
        if job is not None and job.get("token") == lane.probe:
            lives = job["state"] == "RUNNING" and job["leaseUntil"] > at
        else:
            open_ = job is not None and slot is not None and job["rev"] == slot.rev
            lives = open_ and slot is not None and not await self._fence_off(slot, now)
        return stored if lives else replace(stored, lane=clear_probe(lane))

    def young(self, stored: Stored, now: int) -> tuple[Slot, ...]:
        """The slots that may still be claimed. Older ones matter only in a flow with a concurrency limit."""
        return tuple(slot for slot in stored.slots if now - slot.at < self._link.tuning.reservation * 1000)

    async def occupied(self, flows: Sequence[str], stored: Stored, now: int, with_keys: bool = False) -> Occupied:
        """The jobs of these flows that are in flight, or may be claimed by a claim that is running.

        A slot is taken when its job has its token. It is free when its job has moved past the ``rev`` of the slot: it
        can never be claimed any more. Any other slot may still be claimed by a claim that is running. A claim that
        takes too long is fenced off: the ``fence`` of the job is raised, so its compare-and-set fails.
        """
        leases = await self.leases(flows, with_keys)
        open_slots = [slot for slot in stored.slots if slot.token not in leases]
        jobs = await self._look_at([slot.job for slot in open_slots])
        # A slot that was claimed long ago is dropped to keep the document small: its job is counted in flight.
        young = now - int(self._link.tuning.slot_kept * 1000)
        kept = [slot for slot in stored.slots if slot.token in leases and slot.at > young]
        for slot in open_slots:
            job = jobs.get(slot.job)
            if job is None:
                continue
            taken = job.get("token") == slot.token
            if taken or (job["rev"] == slot.rev and not await self._fence_off(slot, now)):
                kept.append(slot)
        taken_by = {slot.token: slot.key for slot in kept} | leases
        return Occupied(len(taken_by), Counter(taken_by.values()), tuple(kept))

    async def leases(self, flows: Sequence[str], with_keys: bool) -> dict[str, int]:
        """The tokens of all leases of jobs that the processors of these flows have, with the hashes of their keys if
        these are wanted."""
        which: Document = {"flow": flows[0] if len(flows) == 1 else {"$in": list(flows)}}
        wanted: Document = {"_id": 0, "token": 1, **({"keyHash": 1} if with_keys else {})}

        async def run(again: bool) -> dict[str, int]:
            # All jobs of the flow: those claimed while it had no limit have no slots.
            # `$gt: ""` matches any token by a covered query; `$exists` would read every job.
            found = self._jobs.find({**which, "token": {"$gt": ""}}, wanted)
            return {str(one["token"]): int(one.get("keyHash") or NO_KEY) async for one in found}

        own, fallen = await asyncio.gather(self._link.read(run), fallen_back(self._link))
        gone = {one.token for one in fallen if one.flow in flows}
        come = {one.token: one.key for one in fallen if one.via in flows}
        return {token: key for token, key in own.items() if token not in gone} | come

    async def full_keys(self, rules: FlowRules, at: int) -> Mapping[int, int | None]:
        """``Jobs.full_keys``."""
        if not rules.limits_keys:
            return {}
        in_flight: Mapping[int, int] = {}
        refills: Mapping[int, int] = {}
        if rules.concurrency_per_key is not None:
            in_flight = Counter((await self.leases([rules.name], with_keys=True)).values())
        if rules.rate_per_key is not None:
            refills = (await self.read(rules.name)).refills
        capacity = KeyCapacity(rules, in_flight, refills, at)
        return {key: capacity.opens_at(key) for key in capacity.full}

    async def _look_at(self, ids: list[str]) -> dict[str, Document]:
        if not ids:
            return {}

        async def run(again: bool) -> dict[str, Document]:
            found = self._jobs.find({"_id": {"$in": ids}}, {"rev": 1, "token": 1, "state": 1, "leaseUntil": 1})
            return {one["_id"]: one async for one in found}

        return await self._link.read(run)

    async def _fence_off(self, slot: Slot, now: int) -> bool:
        """Fence off a claim that took too long. Returns ``False`` if the claim still has time, or the job moved just
        now; the next claim tries again."""
        if now - slot.at < self._link.tuning.reservation * 1000:
            return False

        async def run(again: bool) -> bool:
            result = await self._jobs.update_one(
                {"_id": slot.job, "rev": slot.rev, "state": "PENDING"}, {"$inc": {"fence": 1}}
            )
            return result.matched_count == 1

        return await self._link.do(run)


def _document(lane: Lane, rev: int) -> Document:
    document: Document = msgspec.to_builtins(lane)
    document["rev"] = rev
    return document


def _lane(found: dict[str, Any]) -> Lane:
    return msgspec.convert(found["lane"], Lane)
