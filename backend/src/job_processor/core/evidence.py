"""Whose fault is a refusal, the job's or the lane's? The one rule, and the reasons are in docs/decisions/lanes.md.

A processor that answers "403" may mean all jobs (wrong credentials) or only this one (a firewall dislikes its prompt).
One refusal looks like the other; what tells them apart is how other jobs of the lane fare. Every time here is that at
which a hand-over began: what was sent before a key was withdrawn may be answered for minutes after it.

- Nobody handed over since this job was first refused was answered: the lane is closed, the job is put back at no cost.
- Others were: it is held against the job. It counts as an attempt, and the lane stays as it is.
- A rate limit says nothing of a job that shared the lane with others. It is held against a job only that was refused
  ``ALONE`` times as the probe, sent alone after the wait, while others got through between.
- Others got through since the job was submitted, but none is left to compare with: a key that was withdrawn in the
  middle of a backlog looks like that. The job waits for another to compare with, and ends after ``PATIENCE_MS``.
"""

from dataclasses import dataclass, replace

from job_processor.core.job import Job, Refusals
from job_processor.core.lane import Lane, Trouble, answered, close
from job_processor.core.outcome import Deferred, Failed, HandOver, LaneClosed, Outcome

ALONE = 5
"""Rate limits met alone, others getting through between, after which a job ends (or its attempts, if they are more)."""
CERTAIN = 3
"""Refusals after which it is enough that jobs of the same claim were answered."""
DOUBT_MS = 1_000
"""How long a job is put back alone that is refused for the first time while others get through."""
HELD = "Held against this job: others got through."

PATIENCE_MS = 3 * 86_400_000
"""How long a job is refused with nobody to compare with before it ends: a key that is withdrawn on a Friday is mended
by Monday. Only in a flow that nobody submits to does a job wait so long."""
PATIENCE_TIMES = 10
"""How often it must have been refused in that time (or its attempts, if they are more)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a refusal means for the job, and the lane after it (the same object when nothing is to be written)."""

    outcome: Outcome
    lane: Lane


def blamed(handed: HandOver) -> Failed | None:
    """What to hold against the job if it is to blame; ``None``: this is no refusal, or no job can be to blame."""
    if not isinstance(handed.lane, LaneClosed):
        return None
    return handed.job if isinstance(handed.job, Failed) else handed.against_job


def judge(handed: HandOver, job: Job, lane: Lane, others: int | None, now: int, jitter: float) -> Judged:
    """``handed``: a refusal (``blamed``). ``job``: as it was claimed. ``others``: when the newest hand-over of another
    job of the lane began that was answered, if any. Times in milliseconds since 1970; ``jitter`` in [0, 1)."""
    sign, blame = handed.lane, blamed(handed)
    assert isinstance(sign, LaneClosed)
    assert blame is not None
    met = _met(job, lane, others)
    if sign.trouble is Trouble.RATE_LIMITED:
        return _limited(handed, blame, job, lane, met, others, now, jitter)
    others_since = others is not None and others >= met.since
    # Another job was refused that was handed over after all who were answered: the lane may well be to blame.
    shared = lane.trouble is not None and lane.accuser != job.id and lane.troubled_at > (others or 0)
    better = others_since and not shared
    outrun = others_since and job.refusals is not None
    # Who was sent together with it may have been let in just before a key was withdrawn: first the next probe, which
    # is another job if any is due, may tell.
    certain = met.times >= CERTAIN or (others is not None and others > met.since)
    if outrun and better and certain:
        return Judged(_held(handed, blame, met), answered(lane) if lane.accuser == job.id else lane)
    if better and not outrun:
        reason = f"{sign.detail} Others get through, so only this job is put back."
        doubt = Deferred(now + DOUBT_MS, "refused", reason, met)
        return Judged(_counted(handed, met) or doubt, lane)
    # A job that others have outrun speaks against no other: it tells no more than its first refusal did.
    accuser = lane.accuser if outrun and shared else job.id
    since = met.since if outrun else _began(job)
    shut = close(lane, sign.trouble, sign.detail, sign.until, now, jitter, accuser, since)
    return Judged(_put_back(handed, blame, job, met, others, now), _lapsing(shut, job, others))


def _limited(
    handed: HandOver, blame: Failed, job: Job, lane: Lane, met: Refusals, others: int | None, now: int, jitter: float
) -> Judged:
    sign = handed.lane
    assert isinstance(sign, LaneClosed)
    shut = close(lane, sign.trouble, sign.detail, sign.until, now, jitter, began=_began(job))
    if met.alone >= max(ALONE, job.max_attempts):
        return Judged(replace(_held(handed, blame, met), retryable=False), _lapsing(shut, job, others))
    outrun = met.times > 1 and others is not None and others >= met.since
    if outrun and not _is_probe(job, lane) and shut.wanted is None:
        # It lost a race, or it is too large for the limit: sent alone, it will show.
        shut = replace(shut, wanted=job.id)
    return Judged(_put_back(handed, blame, job, met, others, now), _lapsing(shut, job, others))


def _began(job: Job) -> int:
    return job.attempts[-1].started_at


def _met(job: Job, lane: Lane, others: int | None) -> Refusals:
    """The refusals of the job with this one."""
    began = _began(job)
    before = job.refusals or Refusals(began, times=0, alone_at=began)
    met = replace(before, times=before.times + 1)
    if not _is_probe(job, lane):
        return met
    met = replace(met, probes=met.probes + 1)
    if others is None or others < met.alone_at:
        return met
    return replace(met, alone=met.alone + 1, alone_at=began)


def _put_back(handed: HandOver, blame: Failed, job: Job, met: Refusals, others: int | None, now: int) -> Outcome:
    """At no cost, but not for ever."""
    counted = _counted(handed, met)
    if counted is not None:
        return counted
    was_outrun = others is not None and others >= job.created_at
    if was_outrun and met.times >= max(PATIENCE_TIMES, job.max_attempts) and now - met.since >= PATIENCE_MS:
        note = f"Held against this job: refused {met.times} times, and others got through in its time."
        return replace(blame, retryable=False, note=note, refusals=met)
    if isinstance(handed.job, Deferred):
        return replace(handed.job, refusals=met)
    return handed.job


def _held(handed: HandOver, blame: Failed, met: Refusals) -> Failed:
    retryable = blame.retryable if isinstance(handed.job, Failed) else True
    return replace(blame, retryable=retryable, note=HELD, refusals=met)


def _counted(handed: HandOver, met: Refusals) -> Failed | None:
    """The attempt that failed by this refusal whoever is to blame, if it did."""
    return replace(handed.job, refusals=met) if isinstance(handed.job, Failed) else None


def _is_probe(job: Job, lane: Lane) -> bool:
    return job.lease is not None and lane.probe == job.lease.token


def _lapsing(lane: Lane, job: Job, others: int | None) -> Lane:
    if lane.lapses or others is None or others < job.created_at:
        return lane
    return replace(lane, lapses=True)
