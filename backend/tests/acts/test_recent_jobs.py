"""A report on a job that this process handed over is applied without a read; what is stored still decides."""

import pytest
from msgspec import structs

from job_processor.acts.recent_jobs import MAX_JOBS, MAX_PROMPT_CHARACTERS, RecentJobs
from job_processor.core import transitions
from job_processor.core.claiming import claim
from job_processor.core.errors import JobNotFound
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, Lease, State
from job_processor.core.outcome import Accepted, Cancelled, Reported, Succeeded
from job_processor.store.base import Claim
from tests.support.site import DEFAULT, Site


async def _handed_over(site: Site) -> str:
    """The id of a WAITING job that this process claimed and whose acceptance it recorded."""
    made: str = (await site.submit())["id"]
    [job] = (await site.acts.outcomes.claim(Claim(DEFAULT, 1, "w1"))).jobs
    assert job.lease is not None
    await site.acts.outcomes.record(job, job.lease, Accepted(60_000))
    return made


def _count_reads(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    read: list[str] = []
    get = site.store.get

    async def counted(job_id: str, flows: frozenset[str] | None = None) -> Job | None:
        read.append(job_id)
        return await get(job_id, flows)

    monkeypatch.setattr(site.store, "get", counted)
    return read


async def test_the_report_on_a_job_handed_over_here_needs_no_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await _handed_over(site)
    read = _count_reads(site, monkeypatch)

    reply = await site.callback({"jobId": made, "result": "r"})

    assert (reply.status, reply.json()["status"], read) == (200, "COMPLETED", [])
    monkeypatch.undo()
    assert (await site.stored(made)).result == "r"


async def test_a_report_that_comes_before_its_acceptance_is_recorded_needs_no_read_either(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (await site.submit())["id"]
    await site.acts.outcomes.claim(Claim(DEFAULT, 1, "w1"))
    read = _count_reads(site, monkeypatch)

    reply = await site.callback({"jobId": made, "result": "r"})

    assert (reply.status, reply.json()["status"], read) == (200, "COMPLETED", [])


async def test_what_another_process_wrote_meanwhile_decides(site: Site) -> None:
    made = await _handed_over(site)
    cancelled = transitions.decide(await site.stored(made), Cancelled(), site.store.now(), DEFAULT, 0.5)
    assert cancelled is not None
    assert await site.store.apply(cancelled)

    reply = await site.callback({"jobId": made, "result": "r"})

    assert (reply.status, (await site.stored(made)).state) == (409, State.CANCELLED)


async def test_what_is_remembered_is_never_the_answer(site: Site) -> None:
    """A signal that would change nothing of the remembered job is judged by the stored one."""
    made = await _handed_over(site)
    done = transitions.decide(await site.stored(made), Reported(Succeeded("r")), site.store.now(), DEFAULT, 0.5)
    assert done is not None
    assert await site.store.apply(done)

    moved = await site.acts.signals.send(made, Reported(Accepted(60_000), 1, "another token"))

    assert (moved.written, moved.job.state) == (False, State.COMPLETED)


async def test_a_job_that_another_process_deleted_is_not_found(site: Site) -> None:
    made = await _handed_over(site)
    cancelled = transitions.decide(await site.stored(made), Cancelled(), site.store.now(), DEFAULT, 0.5)
    assert cancelled is not None
    assert await site.store.apply(cancelled)
    assert await site.store.delete(made)

    with pytest.raises(JobNotFound):
        await site.acts.signals.send(made, Reported(Succeeded("r")))


def _in_flight(number: int, prompt: str = "p", **fields: object) -> Job:
    job = transitions.submit(job_id=f"{number:024x}", prompt=prompt, rules=FlowRules("main"), now=1)
    return structs.replace(claim(job, Lease("t", "w", 10), 2), **fields)


@pytest.mark.parametrize(
    "job",
    [
        _in_flight(1, "x" * (MAX_PROMPT_CHARACTERS + 1)),
        _in_flight(1, result_schema={}),
        _in_flight(1, attempt=3),
        _in_flight(1, state=State.COMPLETED),
    ],
    ids=["long prompt", "with a schema", "many attempts", "final"],
)
def test_only_small_jobs_in_flight_are_remembered(job: Job) -> None:
    recent = RecentJobs()
    recent.note(_in_flight(1))

    recent.note(job)

    assert recent.take(job.id) is None


def test_the_oldest_are_forgotten() -> None:
    recent = RecentJobs()
    for number in range(MAX_JOBS + 10):
        recent.note(_in_flight(number))
    # Written again, so it is not the oldest any more.
    recent.note(_in_flight(10))
    recent.note(_in_flight(MAX_JOBS + 10))

    assert len(recent) == MAX_JOBS
    assert recent.take(f"{10:024x}") is not None
    assert recent.take(f"{11:024x}") is None
