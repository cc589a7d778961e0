"""Only a job in a final state has a result: stores count on it when they take an old result away."""

from dataclasses import replace

from job_processor.core.flow import OnInvalidResult
from job_processor.core.job import Job, State
from job_processor.core.outcome import Accepted, Deferred, ResultAccepted, Retried, Signal, Succeeded
from job_processor.core.verdict import ResultKind, Verdict
from tests.core.given import BAD, EVERY_STATE, FATAL, NOW, RULES, claimed, says, tried
from tests.core.test_final import MACHINES

BROKEN = Succeeded("{", Verdict(ResultKind.MALFORMED))
SIGNALS: list[Signal] = [
    *MACHINES,
    *(says(outcome, "t2") for outcome in (Succeeded("x"), BROKEN, Accepted(1), BAD, FATAL, Deferred(0, "a", "b"))),
    Retried(3),
    ResultAccepted("y"),
    ResultAccepted("y", unread=True),
]


def test_whatever_happens_to_a_job_three_times() -> None:
    seen: set[State] = set()
    for on_invalid in OnInvalidResult:
        rules = replace(RULES, on_invalid_result=on_invalid)
        jobs: list[Job] = [make() for make in EVERY_STATE.values()]
        for _ in range(3):
            after = [tried(job, signal, NOW + 10**6, rules) for job in jobs for signal in SIGNALS]
            moved = {(job.state, job.result, job.attempt, job.failures): job for job in after if job is not None}
            jobs = [*moved.values()]
            jobs += [claimed(job, "t2", NOW + 10**6) for job in jobs if job.state is State.PENDING]
            for job in jobs:
                assert job.result is None or job.is_final, job
                seen.add(job.state)
    assert seen == set(State)
