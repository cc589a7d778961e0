"""Jobs in every state, made by the rules themselves."""

from collections.abc import Callable

from job_processor.core.claiming import claim
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, JobError, Lease, State
from job_processor.core.outcome import Accepted, Cancelled, Failed, Outcome, Reported, Signal, Succeeded
from job_processor.core.transitions import decide, submit

NOW = 1_790_000_000_000
RULES = FlowRules("f", max_attempts=3, backoff_base_seconds=2, backoff_cap_seconds=300)
JOB_ID = "0123456789abcdef01234567"
BAD = Failed(JobError("bad", "It went wrong."))
FATAL = Failed(JobError("content_filter", "Refused."), retryable=False)


def pending(
    *, run_at: int | None = None, deadline: int | None = None, max_attempts: int | None = None, rules: FlowRules = RULES
) -> Job:
    return submit(
        job_id=JOB_ID,
        prompt="p",
        rules=rules,
        now=NOW,
        run_at=run_at,
        deadline=deadline,
        max_attempts=max_attempts,
    )


def claimed(job: Job, token: str = "t1", now: int = NOW, owner: str = "w1", seconds: float = 30) -> Job:
    return claim(job, Lease(token, owner, now + int(seconds * 1000)), now)


def running(*, deadline: int | None = None) -> Job:
    return claimed(pending(deadline=deadline))


def waiting(*, deadline: int | None = None) -> Job:
    return after(running(deadline=deadline), says(Accepted(60_000, "exec-1"), "t1"))


def completed(result: str = "r") -> Job:
    return after(running(), says(Succeeded(result), "t1"))


def failed() -> Job:
    return after(running(), says(FATAL, "t1"))


def cancelled() -> Job:
    return after(pending(), Cancelled("no longer wanted"))


EVERY_STATE: dict[State, Callable[[], Job]] = {
    State.PENDING: pending,
    State.RUNNING: running,
    State.WAITING: waiting,
    State.COMPLETED: completed,
    State.FAILED: failed,
    State.CANCELLED: cancelled,
}


def says(outcome: Outcome, token: str, attempt: int | None = None) -> Reported:
    """The word of a worker that holds, or held, this lease."""
    return Reported(outcome, attempt, token)


def calls_back(outcome: Outcome, attempt: int | None = None) -> Reported:
    """A callback: with a token it names its attempt, with the shared secret alone it may not."""
    return Reported(outcome, attempt)


def tried(job: Job, signal: Signal, now: int = NOW, rules: FlowRules = RULES, jitter: float = 0.5) -> Job | None:
    """The job after the signal, or ``None`` when it changes nothing."""
    change = decide(job, signal, now, rules, jitter)
    if change is None:
        return None
    assert change.guard.state is job.state
    assert change.guard.rev == job.rev
    assert change.guard.token == (None if job.lease is None else job.lease.token)
    assert change.job.rev == job.rev + 1
    assert change.job.updated_at == now
    return change.job


def after(job: Job, signal: Signal, now: int = NOW, rules: FlowRules = RULES, jitter: float = 0.5) -> Job:
    """The job after a signal that must change it."""
    changed = tried(job, signal, now, rules, jitter)
    assert changed is not None
    return changed
