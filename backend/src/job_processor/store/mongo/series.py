"""The series, one document a row (``core.series.Row``).

MongoDB writes one document at a time: the tally of a change is stored in the document of its job, in the same update.
``roll_up`` moves tallies from there into the rows, each exactly once, even if processes die or are delayed:

- The ledger, one document, has the number of the running roll-up and its tallies. A compare-and-set on the number lets
  one process begin the next roll-up, and only after all steps of the last one are done. So the tallies that are found
  in jobs at that time are in no row.
- A row has the number of the last roll-up that was added to it; that roll-up and older ones are not added again.
- Tallies are removed from the jobs by their marks.

So any process may repeat any step, even a process that was stopped in the middle and resumes later. The decision is
explained in docs/decisions/series.md.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import Job
from job_processor.core.series import KEEP_MS, Counted, Tally, start_of
from job_processor.core.series_rows import (
    Collected,
    KeysCollected,
    Row,
    ids_of_keys,
    ids_too_old,
    row_id,
    row_of_id,
    rows_of,
    summed_by_row,
)
from job_processor.failpoints import failpoint
from job_processor.store.base import KeysQuery, SeriesQuery
from job_processor.store.mongo.client import Document, Link
from job_processor.store.series_record import Stored, stored, tally_of

TALLIES, MARK = "tallies", "talliesMark"
"""Fields of a job's document: its tallies that are in no row yet, and the mark of the last write that added one."""
_LEDGER = "ledger"
_TRIES = 20
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Stored).decode


def tallied(update: Document, counted: Counted | None, job: Job, write_id: str) -> Document:
    """The update of a move, with its tallies. ``job``: after it."""
    if counted is not None:
        new = [_noted(job, row, part, write_id) for row, part in rows_of(job, counted)]
        update["$push"] |= {TALLIES: {"$each": new}}
        update["$set"] |= {MARK: write_id}
    return update


def _noted(job: Job, row: str, counted: Counted, write_id: str) -> Document:
    tally = Tally()
    tally.count(counted)
    noted: Document = {"mark": write_id, "at": job.updated_at, "tally": _text(tally)}
    return noted if row == job.flow else {**noted, "flow": row}


class Series:
    def __init__(self, link: Link, now: Callable[[], int]) -> None:
        self._link = link
        self._now = now
        self._jobs = link.collection("jobs")
        self._rows = link.collection("series")
        self._meta = link.collection("seriesMeta")

    async def begin(self) -> None:
        """Record when counting began, unless it is recorded already."""
        new = {"$setOnInsert": {"number": 0, "since": self._now()}}
        await self._link.do(lambda again: self._meta.update_one({"_id": _LEDGER}, new, upsert=True))

    async def since(self) -> int:
        return int((await self._ledger())["since"])

    async def _ledger(self) -> Document:
        found = await self._link.read(lambda again: self._meta.find_one({"_id": _LEDGER}))
        if found is None:
            raise StoreUnavailable("The ledger of the series is missing; the next start makes it.")
        return found

    async def series(self, query: SeriesQuery) -> Collected:
        begin, end = row_id(query.span, query.since, ""), row_id(query.span, query.until, "")

        async def run(again: bool) -> list[Document]:
            return await self._rows.find({"_id": {"$gte": begin, "$lt": end}}).to_list()

        # Adding up many rows takes a while, so it is done off the event loop.
        return await asyncio.to_thread(_collected, await self._link.read(run), query)

    async def of_keys(self, query: KeysQuery) -> Sequence[tuple[str, Tally]]:
        begin, end = ids_of_keys(query.since, query.until)

        async def run(again: bool) -> list[Document]:
            return await self._rows.find({"_id": {"$gte": begin, "$lt": end}}).to_list()

        return await asyncio.to_thread(_of_keys, await self._link.read(run), query)

    async def note_waiting(self, oldest_ms: Mapping[str, int]) -> None:
        at = self._now()
        writes = [
            UpdateOne({"_id": row_id(span, start_of(span, at), flow)}, _longest(waited), upsert=True)
            for flow, waited in oldest_ms.items()
            for span in KEEP_MS
        ]
        if writes:
            await self._link.do(lambda again: self._rows.bulk_write(writes, ordered=False))

    async def roll_up(self, limit: int, job_ids: Sequence[str] | None = None) -> int:
        """``job_ids``: only the tallies of these jobs."""
        ledger = await self._ledger()
        if "taken" in ledger:
            # A roll-up is not finished: its process died, or is still running it.
            await self._carry_out(ledger)
            ledger = await self._ledger()
        if "taken" in ledger:
            return 0
        taken = await self._take(limit, job_ids)
        if not taken:
            return 0
        number = ledger["number"] + 1
        entry = {"number": number, "taken": taken}
        # If the reply is lost, the repeated update matches nothing; the next roll-up then carries this one out.
        idle: Document = {"_id": _LEDGER, "number": ledger["number"], "taken": None}

        async def run(again: bool) -> bool:
            return (await self._meta.update_one(idle, {"$set": entry})).matched_count == 1

        if not await self._link.do(run):
            return 0
        failpoint("mongo.in_roll_up")
        await self._carry_out(entry)
        return len(taken)

    async def settle(self, job_id: str) -> None:
        """Roll up the tallies of a job that is to be deleted."""
        for _ in range(_TRIES):
            await self.roll_up(1, [job_id])
            where = {"_id": job_id, MARK: {"$gt": ""}}
            found = await self._link.read(lambda again, where=where: self._jobs.find_one(where, {"_id": 1}))  # type: ignore[misc]
            if found is None:
                return
        raise StoreUnavailable("The job's changes are still being added to the series; try again.")

    async def _take(self, limit: int, job_ids: Sequence[str] | None) -> list[Document]:
        # The marks are hex digits.
        where: Document = {MARK: {"$gt": ""}} | ({} if job_ids is None else {"_id": {"$in": list(job_ids)}})

        async def run(again: bool) -> list[Document]:
            return await self._jobs.find(where, {"flow": 1, TALLIES: 1}).limit(limit).to_list()

        return [
            {"job": job["_id"], "flow": job["flow"], **one}
            for job in await self._link.read(run)
            for one in job.get(TALLIES, ())
        ]

    async def _carry_out(self, entry: Document) -> None:
        number: int = entry["number"]
        taken: list[dict[str, Any]] = entry["taken"]
        added = summed_by_row((one["at"], one["flow"], tally_of(_decode(one["tally"]))) for one in taken)
        for key, tally in added.items():
            await self._add(row_id(*key), tally, number)
            failpoint("mongo.in_roll_up")
        await self._take_out(taken)
        failpoint("mongo.in_roll_up")
        mine = {"_id": _LEDGER, "number": number}
        await self._link.do(lambda again: self._meta.update_one(mine, {"$unset": {"taken": ""}}))

    async def _take_out(self, taken: Sequence[Document]) -> None:
        marks: dict[str, list[str]] = {}
        for one in taken:
            marks.setdefault(one["job"], []).append(one["mark"])
        # A mark that a later change has left does not match and stays.
        last = [UpdateOne({"_id": id_, MARK: of[-1]}, {"$unset": {TALLIES: "", MARK: ""}}) for id_, of in marks.items()]
        done = await self._link.do(lambda again: self._jobs.bulk_write(last, ordered=False))
        if done.matched_count < len(last):
            pulls = [UpdateOne({"_id": id_}, {"$pull": {TALLIES: {"mark": {"$in": of}}}}) for id_, of in marks.items()]
            await self._link.do(lambda again: self._jobs.bulk_write(pulls, ordered=False))

    async def _add(self, key: str, tally: Tally, number: int) -> None:
        """Add to the row, unless this roll-up or a later one was added to it."""

        async def run(again: bool) -> None:
            found = await self._rows.find_one({"_id": key})
            if found is not None and found.get("number", 0) >= number:
                return
            whole = Tally() if found is None else _tally(found)
            whole.add(tally)
            fields = {"number": number, "tally": _text(whole)}
            # Only roll-ups change these fields, one after the other, and every process adds the same for this one.
            if found is not None:
                earlier = {"_id": key, "number": found.get("number")}
                await self._rows.update_one(earlier, {"$set": fields})
                return
            try:
                await self._rows.insert_one({"_id": key, **fields})
            except DuplicateKeyError:
                earlier = {"_id": key, "number": None}
                await self._rows.update_one(earlier, {"$set": fields})

        await self._link.do(run)

    async def prune(self, now: int, limit: int) -> int:
        deleted = 0
        for first, kept in ids_too_old(now):
            old: Document = {"_id": {"$gte": first, "$lt": kept}}

            async def run(again: bool, old: Document = old, most: int = limit - deleted) -> int:
                ids = [one["_id"] async for one in self._rows.find(old, {"_id": 1}).limit(most)] if most else []
                return (await self._rows.delete_many({"_id": {"$in": ids}})).deleted_count if ids else 0

            deleted += await self._link.do(run)
        return deleted

    async def list(self, after: str, limit: int) -> Sequence[Row]:
        async def run(again: bool) -> list[Document]:
            return await self._rows.find({"_id": {"$gt": after}}).sort("_id", 1).limit(limit).to_list()

        return [Row(*row_of_id(str(one["_id"])), _tally(one)) for one in await self._link.read(run)]

    async def put(self, rows: Sequence[Row], since: int) -> None:
        writes = [
            UpdateOne({"_id": row.id}, {"$setOnInsert": {"number": 0, "tally": _text(row.tally)}}, upsert=True)
            for row in rows
        ]
        if writes:
            await self._link.do(lambda again: self._rows.bulk_write(writes, ordered=False))
        earlier = {"$min": {"since": since}}
        await self._link.do(lambda again: self._meta.update_one({"_id": _LEDGER}, earlier))


def _collected(rows: Sequence[Document], query: SeriesQuery) -> Collected:
    collected = Collected(query.step)
    for one in rows:
        _, at, flow = row_of_id(str(one["_id"]))
        if query.flows is None or flow in query.flows:
            collected.add(at, flow, _tally(one))
    return collected


def _of_keys(rows: Sequence[Document], query: KeysQuery) -> Sequence[tuple[str, Tally]]:
    found = KeysCollected(query.flows)
    for one in rows:
        found.add(row_of_id(str(one["_id"]))[2], _tally(one))
    return found.most(query.limit)


def _longest(waited: int) -> Document:
    return {"$max": {"oldestMs": waited}}


def _text(tally: Tally) -> str:
    return _encode(stored(tally)).decode()


def _tally(found: Document) -> Tally:
    tally = tally_of(_decode(found["tally"])) if "tally" in found else Tally()
    if "oldestMs" in found:
        tally.add(Tally(oldest_ms=found["oldestMs"]))
    return tally
