"""Decides whether a refusal is due to the job or to the lane. The reasons are in docs/decisions/lanes.md.

A refusal such as 403 may affect all jobs (wrong credentials) or only this one (a firewall rejects its prompt). The
decision compares the job with other jobs of the lane. It orders them by the start of their hand-over, because an
attempt that was sent before a key was revoked may be answered minutes later.

- If no other job handed over since this job's first refusal was answered: the lane is closed, and the job is put back;
  the attempt does not count.
- If another job was answered: the attempt counts as failed, and the lane is unchanged.
- A rate limit is no evidence against a job that was sent together with others. The job fails only after
  ``MAX_LONE_RATE_LIMITS`` rate limits as the probe, that is sent alone after the wait, with other jobs answered in
  between.
- If others were answered since the job was submitted, but no job is left to compare with: if the processor refuses only
  this job as misconfigured, the job fails after ``LAST_JOB_MS``. If it refuses others too, a key was probably revoked
  in the middle of a backlog; then the jobs wait for another one to compare with, and fail after
  ``MAX_WAIT_FOR_EVIDENCE_MS``.
"""

from dataclasses import dataclass, replace

from msgspec import structs

from job_processor.core.job import Job, Refusals
from job_processor.core.lane import Lane, Trouble, close, reopen
from job_processor.core.outcome import Deferred, Failed, HandOver, LaneClosed, Outcome

MAX_LONE_RATE_LIMITS = 5
"""Number of rate limits as the probe, with others answered in between, at which a job fails (or ``max_attempts``)."""
CERTAIN_REFUSALS = 3
"""Number of refusals from which answered jobs of the same claim count as evidence."""
FIRST_REFUSAL_DELAY_MS = 1_000
"""How long a job is put back after its first refusal while others are answered."""
HELD_NOTE = "Held against this job: others got through."

LAST_JOB_MS = 30_000
"""How long the last job of a backlog must be refused before it fails."""
LAST_JOB_REFUSALS = 3
"""Minimum number of refusals in that time (or ``max_attempts``, if that is more)."""
MAX_WAIT_FOR_EVIDENCE_MS = 3 * 86_400_000
"""How long a job must be refused, with no other job to compare with, before it fails. Long enough to replace a key on
Monday that was revoked on Friday. Only jobs of a flow without new submits wait that long."""
MIN_REFUSALS = 10
"""Minimum number of refusals in that time (or ``max_attempts``, if that is more)."""


@dataclass(frozen=True, slots=True)
class RefusalDecision:
    """The outcome of a refusal for the job, and the updated lane (the same object if nothing is to be written)."""

    outcome: Outcome
    lane: Lane


def failure_if_to_blame(handed: HandOver) -> Failed | None:
    """The failure to record if the job caused the refusal; ``None``: no refusal, or the job cannot be its cause."""
    if not isinstance(handed.lane, LaneClosed):
        return None
    return handed.job if isinstance(handed.job, Failed) else handed.against_job


def judge_refusal(
    handed: HandOver, job: Job, lane: Lane, others: int | None, now: int, jitter: float
) -> RefusalDecision:
    """Decide on the refusal ``handed``. ``failure_if_to_blame(handed)`` must not be ``None``.

    ``job``: as claimed. ``others``: the start of the newest answered hand-over of another job of the lane; ``None``:
    there is none. Times in milliseconds since 1970; ``jitter`` in [0, 1).
    """
    closed, blame = handed.lane, failure_if_to_blame(handed)
    assert isinstance(closed, LaneClosed)
    assert blame is not None
    refusals = _with_this_one(job, lane, others)
    if closed.trouble is Trouble.RATE_LIMITED:
        return _judge_rate_limit(handed, blame, job, lane, refusals, others, now, jitter)
    others_since = others is not None and others >= refusals.since
    # Another job, handed over after all answered ones, was refused too: the lane may be the cause.
    others_refused = lane.trouble is not None and lane.accuser != job.id and lane.troubled_at > (others or 0)
    only_this_job = others_since and not others_refused
    overtaken = others_since and job.refusals is not None
    # Jobs of the same claim may have been answered just before a key was revoked. So wait for the next probe, which is
    # another job if one is due.
    certain = refusals.times >= CERTAIN_REFUSALS or (others is not None and others > refusals.since)
    if overtaken and only_this_job and certain:
        return RefusalDecision(
            _held_against_job(handed, blame, refusals), reopen(lane) if lane.accuser == job.id else lane
        )
    if only_this_job and not overtaken:
        reason = f"{closed.detail} Other jobs are answered, so only this one is put back."
        doubt = Deferred(now + FIRST_REFUSAL_DELAY_MS, "refused", reason, refusals)
        return RefusalDecision(_already_failed(handed, refusals) or doubt, lane)
    # Only the first refusal of an overtaken job is evidence against the lane.
    accuser = lane.accuser if overtaken and others_refused else job.id
    since = refusals.since if overtaken else _began(job)
    shut = close(lane, closed.trouble, closed.detail, closed.until, now, jitter, accuser, since)
    return RefusalDecision(_put_back(handed, blame, job, refusals, others, now, shut), _lapsing(shut, job, others))


def _judge_rate_limit(
    handed: HandOver,
    blame: Failed,
    job: Job,
    lane: Lane,
    refusals: Refusals,
    others: int | None,
    now: int,
    jitter: float,
) -> RefusalDecision:
    closed = handed.lane
    assert isinstance(closed, LaneClosed)
    shut = close(lane, closed.trouble, closed.detail, closed.until, now, jitter, began=_began(job))
    if refusals.alone >= max(MAX_LONE_RATE_LIMITS, job.max_attempts):
        return RefusalDecision(
            structs.replace(_held_against_job(handed, blame, refusals), retryable=False), _lapsing(shut, job, others)
        )
    overtaken = refusals.times > 1 and others is not None and others >= refusals.since
    if overtaken and not _is_probe(job, lane) and shut.wanted is None:
        # Either a coincidence, or the job alone exceeds the limit. Make it the next probe to find out.
        shut = replace(shut, wanted=job.id)
    return RefusalDecision(_put_back(handed, blame, job, refusals, others, now, shut), _lapsing(shut, job, others))


def _began(job: Job) -> int:
    return job.attempts[-1].started_at


def _with_this_one(job: Job, lane: Lane, others: int | None) -> Refusals:
    """The job's refusals, including the current one."""
    began = _began(job)
    before = job.refusals or Refusals(began, times=0, alone_at=began)
    refusals = structs.replace(before, times=before.times + 1)
    if not _is_probe(job, lane):
        return refusals
    refusals = structs.replace(refusals, probes=refusals.probes + 1)
    if others is None or others < refusals.alone_at:
        return refusals
    return structs.replace(refusals, alone=refusals.alone + 1, alone_at=began)


def _put_back(
    handed: HandOver, blame: Failed, job: Job, refusals: Refusals, others: int | None, now: int, lane: Lane
) -> Outcome:
    """Put the job back, or fail it if it was refused for too long. ``lane``: as updated by the refusal."""
    failed = _already_failed(handed, refusals)
    if failed is not None:
        return failed
    is_last = lane.trouble is Trouble.MISCONFIGURED and lane.accuser == job.id
    times, span = (LAST_JOB_REFUSALS, LAST_JOB_MS) if is_last else (MIN_REFUSALS, MAX_WAIT_FOR_EVIDENCE_MS)
    overtaken = others is not None and others >= job.created_at
    if overtaken and refusals.times >= max(times, job.max_attempts) and now - refusals.since >= span:
        note = f"Held against this job: refused {refusals.times} times, while other jobs were answered."
        return structs.replace(blame, retryable=False, note=note, refusals=refusals)
    if isinstance(handed.job, Deferred):
        return structs.replace(handed.job, refusals=refusals)
    return handed.job


def _held_against_job(handed: HandOver, blame: Failed, refusals: Refusals) -> Failed:
    retryable = blame.retryable if isinstance(handed.job, Failed) else True
    return structs.replace(blame, retryable=retryable, note=HELD_NOTE, refusals=refusals)


def _already_failed(handed: HandOver, refusals: Refusals) -> Failed | None:
    """The failed attempt if this refusal always counts as one, whatever caused it; else ``None``."""
    return structs.replace(handed.job, refusals=refusals) if isinstance(handed.job, Failed) else None


def _is_probe(job: Job, lane: Lane) -> bool:
    return job.lease is not None and lane.probe == job.lease.token


def _lapsing(lane: Lane, job: Job, others: int | None) -> Lane:
    """The lane, with ``lapses`` set if other jobs were answered since this one was submitted."""
    if lane.lapses or others is None or others < job.created_at:
        return lane
    return replace(lane, lapses=True)
