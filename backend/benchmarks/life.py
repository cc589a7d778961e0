"""CPU of jobs that live their life in one process, without HTTP: submit, claim, the processor accepts, its callback
completes, through the acts and a store."""

import asyncio
import secrets
import time
from typing import NamedTuple

from job_processor.acts import Acts, acts_over
from job_processor.acts.flow_table import FlowTable
from job_processor.acts.jobs import NewJob
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import Job
from job_processor.core.outcome import Accepted
from job_processor.core.report import Report
from job_processor.store.base import Claim, Store

RULES = FlowRules("life")
CALLBACK_MS = 300_000


class Cpu(NamedTuple):
    """Microseconds a job."""

    loop: float
    """Of the event loop's thread."""
    others: float
    """Of the other threads of this process: the SQLite writer's, mostly."""

    @property
    def all(self) -> float:
        return self.loop + self.others


async def cpu_of_a_life(store: Store, rounds: int, at_once: int) -> Cpu:
    """The round at the tenth percentile: what else runs on the machine makes rounds dearer. In each round ``at_once``
    jobs live side by side."""
    acts = acts_over(store, FlowTable({RULES.name: RULES}, RULES.name), IdFactory(secrets.randbits(48)))
    took = [await _round(acts, at_once) for _ in range(rounds)]
    return sorted(took, key=lambda one: one.all)[rounds // 10]


async def _round(acts: Acts, at_once: int) -> Cpu:
    loop, process = time.thread_time(), time.process_time()
    await asyncio.gather(*(acts.jobs.submit(NewJob(f"Summarise document number {i}")) for i in range(at_once)))
    claimed = (await acts.outcomes.claim(Claim(RULES, at_once, "bench"))).jobs
    assert len(claimed) == at_once
    await asyncio.gather(*(_accept(acts, job) for job in claimed))
    await asyncio.gather(*(_complete(acts, job) for job in claimed))
    loop, process = time.thread_time() - loop, time.process_time() - process
    return Cpu(loop / at_once * 1e6, (process - loop) / at_once * 1e6)


async def _accept(acts: Acts, job: Job) -> None:
    assert job.lease is not None
    moved = await acts.outcomes.record(job, job.lease, Accepted(CALLBACK_MS))
    assert moved.written


async def _complete(acts: Acts, job: Job) -> None:
    judged = await acts.callbacks.report(Report(result='{"ok":true}'), job.id, job.attempt)
    assert judged.verdict is CallbackVerdict.APPLIED
