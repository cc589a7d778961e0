"""429 to everything, in each form a server may say until when: one probe a window, no attempt spent, all done after."""

import asyncio
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from pathlib import Path

import pytest

from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import AttemptEnd, State
from job_processor.lifecycle import Lifecycle, NewJob
from job_processor.processors.base import Surroundings
from job_processor.processors.openai import OpenAIOptions, OpenAIProcessor
from job_processor.store.base import Query
from job_processor.store.sqlite.store import SqliteStore
from job_processor.telemetry import Telemetry
from job_processor.workers.dispatcher import Dispatcher
from tests.lanes.storm import Storm, serving
from tests.support.waiting import until, until_true

RULES = FlowRules("model", concurrency=10, max_attempts=2)
JOBS = 30
PROBES = 2

FORMS: dict[str, Callable[[], Mapping[str, str]]] = {
    "retry-after-ms": lambda: {"retry-after-ms": "1200", "retry-after": "600"},
    "seconds": lambda: {"retry-after": "1"},
    "date": lambda: {"retry-after": formatdate(time.time() + 2, usegmt=True)},
    "reset": lambda: {"x-ratelimit-reset-requests": "1s"},
    "no word at all": dict,
    "negative": lambda: {"retry-after": "-7"},
}


@pytest.mark.parametrize("form", FORMS)
async def test_a_storm_of_429_spends_no_attempt_and_sends_one_probe_a_window(form: str, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    storm = Storm(store, FORMS[form])
    async with serving(storm) as base_url:
        around = Surroundings(RULES, {}, store.now, "secret")
        processor = OpenAIProcessor(OpenAIOptions(model="m", base_url=base_url), around)
        await processor.open()
        lifecycle = Lifecycle(store, {"model": RULES}, "model", IdFactory(1))
        await asyncio.gather(*(lifecycle.submit(NewJob(f"prompt {i}")) for i in range(JOBS)))
        dispatcher = Dispatcher(
            lifecycle=lifecycle,
            store=store,
            rules=RULES,
            processor=processor,
            owner="test",
            callback_url="http://127.0.0.1:1/",
            callback_token=lambda job: "",
            telemetry=Telemetry(),
        )
        dispatcher.start()

        await until_true(lambda: storm.probes >= PROBES, "the probes")
        storm.raging = False

        async def all_completed() -> bool:
            return (await store.counts()).by_state == {("model", State.COMPLETED): JOBS}

        await until(all_completed, "all jobs to complete")
        await dispatcher.stop()
        await processor.close()

    assert storm.burst <= RULES.concurrency  # type: ignore[operator]  # it is set above
    assert storm.early == 0
    assert storm.together == 1
    jobs = [one.job for one in await store.list(Query(limit=JOBS))]
    await store.close()
    assert [job.failures for job in jobs] == [0] * JOBS
    ends = [attempt.end for job in jobs for attempt in job.attempts]
    assert len(ends) == storm.requests
    assert ends.count(AttemptEnd.SUCCEEDED) == JOBS
    assert ends.count(AttemptEnd.SNOOZED) == storm.burst + storm.probes
