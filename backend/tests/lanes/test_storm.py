"""429 to everything, in each form a server may say until when: one probe a window, no attempt spent, all done after.

``STORM=full`` (`make storm-test`) makes the storm 20 s long, measures, and prints a table.
"""

import asyncio
import os
import time
from pathlib import Path

from job_processor.core.job import AttemptEnd, Job, State
from tests.lanes.scene import CONCURRENCY, Scene, scene
from tests.lanes.storm import Storm
from tests.support.waiting import until, until_true

FULL = os.environ.get("STORM") == "full"
JOBS = 100 if FULL else 20
BUSY_SECONDS = 0.5 if FULL else 0.0
"""In the full form the processors' work is what takes time, and not this machine's."""
STORM_SECONDS = 20.0
PROBES = 2
"""In the short form the storm ends when each lane has had as many."""
BACK_SECONDS = 5.0
"""After a storm's end all is to be as before within this."""


async def test_a_storm_of_429_spends_no_attempt_and_sends_one_probe_a_window(tmp_path: Path) -> None:
    async with scene(tmp_path / "data", BUSY_SECONDS) as at_work:
        storms = at_work.storms
        await at_work.submit(JOBS)
        await until_true(lambda: all(storm.refused for storm in storms.values()), "the storms")
        # The lane beside them is not disturbed: it is done while all others are closed.
        await until_true(lambda: len(at_work.calm.served) == JOBS, "the calm lane")
        calm_seconds = at_work.calm.served[-1] - at_work.calm.served[0] + BUSY_SECONDS
        if FULL:
            await asyncio.sleep(max(storm.refused[0] for storm in storms.values()) + STORM_SECONDS - time.monotonic())
        await until_true(lambda: all(storm.probes >= PROBES for storm in storms.values()), "the probes")
        assert not any(storm.served for storm in storms.values())
        for storm in storms.values():
            storm.end()

        for flow, storm in storms.items():
            await until_true(lambda storm=storm: len(storm.served) == JOBS, f"the jobs of {flow}")  # type: ignore[misc]
        jobs = {flow: await all_completed(at_work, flow) for flow in storms}

    if FULL:
        print("\n".join(["", *table(storms, jobs, calm_seconds)]))
    assert {flow: storm.early for flow, storm in storms.items()} == dict.fromkeys(storms, 0)
    assert {flow: storm.probes + 1 for flow, storm in storms.items()} == {
        flow: storm.windows for flow, storm in storms.items()
    }
    for flow, storm in storms.items():
        assert spent(jobs[flow]) == 0
        ends = [attempt.end for job in jobs[flow] for attempt in job.attempts]
        assert ends.count(AttemptEnd.SNOOZED) == len(storm.refused) == CONCURRENCY + storm.probes
        assert ends.count(AttemptEnd.SUCCEEDED) == JOBS == len(ends) - len(storm.refused)
        if FULL:
            assert back_after(storm, calm_seconds) <= BACK_SECONDS


async def all_completed(at_work: Scene, flow: str) -> list[Job]:
    """The jobs of a flow once the last answer is recorded too."""
    jobs: list[Job] = []

    async def look() -> bool:
        jobs[:] = await at_work.jobs(flow)
        return all(job.state is State.COMPLETED for job in jobs)

    await until(look, f"the jobs of {flow} to complete")
    return jobs


def spent(jobs: list[Job]) -> int:
    return sum(job.failures for job in jobs)


def back_after(storm: Storm, calm_seconds: float) -> float:
    """Seconds from the storm's end until all is as before: what the same jobs took longer than in calm."""
    assert storm.ended_at is not None
    return storm.served[-1] - storm.ended_at - calm_seconds


def table(storms: dict[str, Storm], jobs: dict[str, list[Job]], calm_seconds: float) -> list[str]:
    lines = [
        f"{JOBS} jobs a lane, {CONCURRENCY} at once, {BUSY_SECONDS:g} s each: {calm_seconds:.2f} s in calm",
        "| form | requests in the storm | windows | probes | attempts spent "
        "| first answer after | all done after | back after |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for flow, storm in storms.items():
        assert storm.ended_at is not None
        first, last = storm.served[0] - storm.ended_at, storm.served[-1] - storm.ended_at
        lines.append(
            f"| {flow} | {len(storm.refused)} | {storm.windows} | {storm.probes} | {spent(jobs[flow])} "
            f"| {first:.2f} s | {last:.2f} s | {back_after(storm, calm_seconds):.2f} s |"
        )
    return lines
