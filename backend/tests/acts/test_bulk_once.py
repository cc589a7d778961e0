"""Exactly once, by chance: several bulk actions on the same jobs, carried out by several processes that die, lose
replies and take over from each other, while the jobs fail again and are moved by others."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from job_processor.acts import Acts, acts_over, bulk_groups
from job_processor.acts.bulk import NewBulkAction
from job_processor.acts.flow_table import FlowTable
from job_processor.core.access import COMMAND
from job_processor.core.bulk import LEASE_MS, BulkAction, BulkKind, BulkState
from job_processor.core.errors import StoreUnavailable
from job_processor.core.ids import IdFactory
from job_processor.core.job import JobError, State
from job_processor.http.job_filters import stored_query
from job_processor.store.base import AuditQuery, Query, Store
from tests.store_suite import given
from tests.store_suite.places import Place
from tests.support.stores import place, store

__all__ = ["place", "store"]
JOBS = 16
STEPS = 40
RUNNERS = ("w1", "w2", "w3")
NEW = (
    NewBulkAction(BulkKind.RETRY, {"status": ["FAILED"]}),
    NewBulkAction(BulkKind.RETRY, {}),
    NewBulkAction(BulkKind.CANCEL, {"status": ["PENDING"]}),
    NewBulkAction(BulkKind.REPLAY, {"status": ["FAILED", "CANCELLED"]}),
    NewBulkAction(BulkKind.DELETE, {"status": ["CANCELLED"]}, limit=5),
)
ACTS = {
    BulkKind.RETRY: "retried",
    BulkKind.CANCEL: "cancelled",
    BulkKind.REPLAY: "replayed",
    BulkKind.DELETE: "deleted",
}


class Unreliable:
    """The store of a process: writes fail now and then, before they are made or after. Either way the process is told
    that nobody knows."""

    def __init__(self, store: Store, rng: random.Random) -> None:
        self._store = store
        self._rng = rng
        self.fails = 0.1

    def __getattr__(self, name: str) -> object:
        verb = getattr(self._store, name)
        if name not in ("add", "apply", "delete", "save_bulk_action"):
            return verb
        return lambda *args: self._write(verb, *args)

    async def _write(self, verb: Callable[..., Awaitable[Any]], *args: object) -> object:
        if self._rng.random() < self.fails:
            raise StoreUnavailable("before")
        done = await verb(*args)
        if self._rng.random() < self.fails:
            raise StoreUnavailable("after")
        return done


class World:
    def __init__(self, place: Place, store: Store, seed: int) -> None:
        self.place = place
        self.store = store
        self.rng = random.Random(seed)
        self.unreliable = Unreliable(store, self.rng)
        self.actions: list[str] = []
        self.jobs: set[str] = set()
        self.processes = {name: self._process(self.unreliable, number) for number, name in enumerate(RUNNERS)}

    def _process(self, store: Any, number: int) -> Acts:
        table = FlowTable({"f": given.RULES}, "f")
        return acts_over(store, table, IdFactory(0xABCDEF000000 + number), read_query=stored_query)

    async def begin(self) -> None:
        for _ in range(JOBS):
            job = await self.rng.choice((given.failed, given.cancelled))(self.store)
            self.jobs.add(job.id)
        self.jobs.add((await given.completed(self.store)).id)
        for _ in range(JOBS // 4):
            self.jobs.add((await given.added(self.store)).id)
        reliable = self._process(self.store, len(RUNNERS))
        for new in NEW:
            self.actions.append((await reliable.bulk.start(new, COMMAND)).action.id)
            self.place.clock.forward(1)

    async def step(self) -> None:
        what = self.rng.random()
        if what < 0.15:
            await self._others()
        elif what < 0.3:
            # Every lease has ended, and who had one does not know.
            before = await self._read()
            self.place.clock.forward(LEASE_MS)
            await asyncio.gather(*(self._act(name, before) for name in RUNNERS))
        elif what < 0.34:
            with contextlib.suppress(StoreUnavailable):
                await self.processes[RUNNERS[0]].bulk.abort(self.rng.choice(self.actions), COMMAND)
        else:
            await self._act(self.rng.choice(RUNNERS), await self._read())

    async def _read(self) -> BulkAction:
        action = await self.store.get_bulk_action(self.rng.choice(self.actions))
        assert action is not None
        return action

    async def _act(self, runner: str, action: BulkAction) -> None:
        with contextlib.suppress(StoreUnavailable):
            await self.processes[runner].bulk_groups.act(action, runner)

    async def _others(self) -> None:
        """A job fails (again), or somebody cancels or retries it."""
        claimed = (await given.claim(self.store)).jobs
        for job in claimed:
            if job.id in self.jobs:
                await given.moved(
                    self.store, job, given.says(job, given.Failed(JobError("bad", "bad"), retryable=False))
                )
        chosen = await self.store.get(self.rng.choice(sorted(self.jobs)))
        if chosen is not None and chosen.state is not State.COMPLETED:
            await given.moved(self.store, chosen, given.Retried(1) if chosen.is_final else given.Cancelled())

    async def end(self) -> list[BulkAction]:
        self.unreliable.fails = 0.0
        for _ in range(JOBS * len(NEW)):
            left = await self.store.open_bulk_actions()
            if not left:
                break
            self.place.clock.forward(LEASE_MS)
            for action in left:
                await self._act(RUNNERS[0], action)
        found = [await self.store.get_bulk_action(id_) for id_ in self.actions]
        ended = [action for action in found if action is not None and not action.is_open]
        assert len(ended) == len(NEW)
        return ended


@pytest.mark.parametrize("seed", range(4))
async def test_each_job_is_acted_on_once(
    place: Place, store: Store, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_groups, "GROUP", 4)
    world = World(place, store, seed)
    await world.begin()
    for _ in range(STEPS):
        await world.step()
    ended = await world.end()

    # The audit has each act, in the same write; it says nothing of what was not done.
    entries = Counter(
        (str(one.detail), one.act.value, one.what) for one in await store.list_audit(AuditQuery(limit=10_000))
    )
    replays = Counter(job.replay_of for job in await given.jobs_of(store, Query(limit=1000)))
    assert {key: n for key, n in entries.items() if n > 1} == {}
    assert {id_: n for id_, n in replays.items() if id_ is not None and n > 1} == {}
    for action in ended:
        acted = [what for detail, act, what in entries if detail == action.id]
        assert {act for detail, act, _ in entries if detail == action.id} <= {f"job_{ACTS[action.kind]}"}
        assert set(acted) <= world.jobs, "nothing newer"
        # A process died and somebody deleted the job: whether it had been acted on cannot be seen any more.
        if action.state is BulkState.ABORTED:
            unseen = sum([await store.get(job_id) is None for job_id in acted])
        else:
            assert action.handled == action.matched
            unseen = action.skipped.get("job_not_found", 0)
        assert action.done <= len(acted) <= action.done + unseen, (action, acted)
