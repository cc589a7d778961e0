"""Applies to a flow's lane what a worker's attempts show: a trouble closes it, an answer opens it."""

import asyncio
import random
from collections.abc import Callable

from msgspec import structs

from job_processor.acts.crashes import with_latest_crash
from job_processor.acts.lanes import Lanes
from job_processor.core.evidence import RefusalDecision, judge_refusal
from job_processor.core.fallback import is_unavailable
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job
from job_processor.core.lane import (
    Lane,
    close,
    count_server_error,
    is_closed,
    note_answer,
    note_answer_at,
    reopen_if_idle,
)
from job_processor.core.outcome import HandOver, LaneClosed, LaneHealthy, LaneReport, LaneServerError
from job_processor.store.base import Claimed, Store


class LaneKeeper:
    """One flow's lane as this worker sees it. ``opened`` is called when an answer has opened a closed lane.

    Which jobs were answered is kept in memory while the lane is open. It is written when the lane is found in trouble,
    so that every worker can judge by it. Any method but ``answered`` may raise
    ``StoreUnavailable``.
    """

    def __init__(self, store: Store, lanes: Lanes, rules: FlowRules, opened: Callable[[], None]) -> None:
        self._store = store
        self._lanes = lanes
        self._rules = rules
        self._flow = rules.name
        self._opened = opened
        self._known = Lane(rules.name)
        self._answers: dict[str, int] = {}
        """The times of the two latest hand-overs of answered jobs. Two, because evidence about a job must come from
        another job."""
        self._turn = asyncio.Lock()
        """One change at a time in this process: the next one often finds that nothing is left to write."""

    @property
    def is_unavailable(self) -> bool:
        """Whether the lane was in trouble, or its budget used up, when it was last seen."""
        return is_unavailable(self._known, self._rules, self._store.now())

    async def seen(self, claimed: Claimed) -> None:
        """Take over the lane as a claim found it, and add what this worker knows and the store does not."""
        lane = self._known = claimed.lane
        if lane.trouble is None:
            return
        if claimed.idle and reopen_if_idle(lane, self._store.now()) is not lane:
            await self._change(reopen_if_idle)
        elif max(self._answers.values(), default=0) > lane.answered_at:
            await self._change(lambda lane, now: self._witnessed(lane))

    def answered(self, job: Job) -> None:
        """Remember that a job was answered. ``job``: as claimed."""
        self._answers[job.id] = job.attempts[-1].started_at
        if len(self._answers) > 2:
            del self._answers[min(self._answers, key=self._answers.__getitem__)]

    async def judge(self, job: Job, handed: HandOver) -> RefusalDecision:
        """Decide whether a refusal is the job's fault or the lane's, and write the lane."""
        judged: RefusalDecision | None = None
        if isinstance(handed.lane, LaneClosed):
            handed = structs.replace(handed, lane=await with_latest_crash(self._store, self._flow, handed.lane))

        def change(lane: Lane, now: int) -> Lane:
            nonlocal judged
            judged = judge_refusal(handed, job, lane, self._others(lane, job.id), now, random.random())
            return judged.lane if judged.lane is lane else self._witnessed(judged.lane)

        await self._change(change)
        assert judged is not None
        return judged

    def judge_from_memory(self, job: Job, handed: HandOver) -> RefusalDecision:
        """As ``judge``, from this worker's memory while the store is unavailable; nothing is written."""
        lane = self._known
        return judge_refusal(handed, job, lane, self._others(lane, job.id), self._store.now(), random.random())

    async def learn(self, job: Job, sign: LaneReport | None) -> None:
        """Write what an attempt showed about the lane. ``LaneHealthy`` writes nothing while the lane is open."""
        began = job.attempts[-1].started_at
        match sign:
            case LaneClosed():
                sign = await with_latest_crash(self._store, self._flow, sign)
                await self._change(
                    lambda lane, now: close(lane, sign.trouble, sign.detail, sign.until, now, random.random())
                )
            case LaneServerError():
                await self._change(lambda lane, now: count_server_error(lane, sign.detail, now, random.random()))
            case LaneHealthy() if not self._known.is_well:
                if (await self._change(lambda lane, now: note_answer(lane, now, job.id, began))).is_well:
                    self._opened()
            case LaneHealthy() | None:
                pass

    def _others(self, lane: Lane, job_id: str) -> int | None:
        """When the newest answered hand-over of another job began, as far as this worker and the store know."""
        times = [at for one, at in self._answers.items() if one != job_id]
        if lane.answered_by not in (None, job_id):
            times.append(lane.answered_at)
        return max(times, default=None)

    def _witnessed(self, lane: Lane) -> Lane:
        for job_id, at in self._answers.items():
            lane = note_answer_at(lane, job_id, at)
        return lane

    async def _change(self, change: Callable[[Lane, int], Lane]) -> Lane:
        async with self._turn:
            known = self._known
            if is_closed(known, self._store.now()) and change(known, self._store.now()) is known:
                # While its wait lasts only another trouble changes a closed lane, and this is none.
                return known
            self._known = await self._lanes.change(self._flow, change)
            return self._known
