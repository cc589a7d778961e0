"""A processor that can be asked about its executions, and jobs that wait for it."""

from typing import TypeAlias

from job_processor.core.flow import FlowRules
from job_processor.core.job import Attempt, JobError
from job_processor.core.lane import Lane, Trouble, close, note_answer
from job_processor.core.outcome import Accepted, Failed, Succeeded
from job_processor.processors.base import Finding
from job_processor.workers.asker import Asker
from tests.support.clock import Clock
from tests.support.site import Site

WORKS = Finding("It still works on it.", Accepted(60_000))
CRASHED = Finding("It crashed.", Failed(JobError("n8n_crashed", "It crashed.")), ended=True)
AWAY = Finding("It could not be reached.", answered=False)
DONE = Finding("It has finished it.", Succeeded("found"), ended=True)
KEPT_NOTHING = Finding("It has finished it.", Failed(JobError("n8n_result_lost", "It kept no result.")))
UNKNOWN = Finding("It does not know it.")
Answer: TypeAlias = Finding | None | Exception


class Asked:
    """A processor that knows what became of an execution, or fails to tell."""

    can_reconcile = True
    instance = "the only one"

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[tuple[str, int]] = []

    async def reconcile(self, job_id: str, attempt: Attempt) -> Finding | None:
        self.asked.append((job_id, attempt.number))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def asker(site: Site, processor: Asked) -> Asker:
    return Asker(site.acts, site.store, FlowRules("main"), processor)


async def waiting(site: Site, execution: str | None = "exec-1", ms: int = 20_000) -> str:
    """A job that its processor has accepted."""
    job = str((await site.submit())["id"])
    await site.say(await site.claim(), Accepted(ms, execution))
    return job


async def asked_words(site: Site, job: str) -> list[str]:
    return [event["detail"] for event in (await site.job(job))["history"] if event["what"] == "asked"]


async def lane(site: Site) -> Lane:
    return next((one for one in await site.store.lanes() if one.flow == "main"), Lane("main"))


async def goes_out(site: Site, trouble: Trouble = Trouble.OUTAGE) -> None:
    assert await site.store.save_lane(close(await lane(site), trouble, "away", None, site.store.now(), 0.5))


async def comes_back(site: Site, clock: Clock) -> None:
    clock.forward(2_000)
    assert await site.store.save_lane(note_answer(await lane(site), site.store.now()))
