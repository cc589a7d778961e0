"""Decides whether a refusal is the job's fault or the lane's. The reasons are in docs/decisions/lanes.md.

A refusal such as 403 may concern all jobs (wrong credentials) or only this one (a firewall rejects its prompt). One
refusal alone cannot tell; a comparison with other jobs of the lane can. Every time here is the start of a hand-over,
because an attempt that was sent before a key was revoked may be answered minutes later.

- No other job that was handed over since this job's first refusal was answered: the lane is closed and the job is put
  back; the attempt does not count.
- Other jobs were: the attempt counts as failed, and the lane stays as it is.
- A rate limit proves nothing against a job that shared the lane with others. The job fails only if it was refused
  ``ALONE`` times as the probe, sent alone after the wait, while others got through in between.
- Others got through since the job was submitted, but no job is left to compare with. If this is the only job that the
  processor refuses as misconfigured, it fails after ``LAST_MS``. If others are refused too, a key was probably revoked
  in the middle of a backlog: they wait for another job to compare with, and fail after ``MAX_WAIT_FOR_EVIDENCE_MS``.
"""

from dataclasses import dataclass, replace

from msgspec import structs

from job_processor.core.job import Job, Refusals
from job_processor.core.lane import Lane, Trouble, close, reopen
from job_processor.core.outcome import Deferred, Failed, HandOver, LaneClosed, Outcome

ALONE = 5
"""Rate limits as the lone probe, others getting through in between, after which a job fails (or ``max_attempts``)."""
CERTAIN = 3
"""Refusals after which it suffices that jobs of the same claim were answered."""
DOUBT_MS = 1_000
"""How long a job is put back after its first refusal while others get through."""
HELD = "Held against this job: others got through."

LAST_MS = 30_000
"""How long the last job of a backlog is refused before it fails."""
LAST_TIMES = 3
"""Minimum number of refusals in that time (or ``max_attempts``, if that is more)."""
MAX_WAIT_FOR_EVIDENCE_MS = 3 * 86_400_000
"""How long a job is refused, with no other job to compare with, before it fails: a key that is revoked on a Friday is
replaced by Monday. A job waits so long only in a flow to which nobody submits jobs."""
MIN_REFUSALS = 10
"""Minimum number of refusals in that time (or ``max_attempts``, if that is more)."""


@dataclass(frozen=True, slots=True)
class RefusalDecision:
    """The outcome of a refusal for the job, and the updated lane (the same object if it need not be written)."""

    outcome: Outcome
    lane: Lane


def failure_if_to_blame(handed: HandOver) -> Failed | None:
    """The failure to record if the job is to blame; ``None``: no refusal, or the job cannot be to blame."""
    if not isinstance(handed.lane, LaneClosed):
        return None
    return handed.job if isinstance(handed.job, Failed) else handed.against_job


def judge_refusal(
    handed: HandOver, job: Job, lane: Lane, others: int | None, now: int, jitter: float
) -> RefusalDecision:
    """Decide on a refusal ``handed``, for which ``failure_if_to_blame`` must not be ``None``.

    ``job``: as claimed. ``others``: the start of the newest answered hand-over of another job of the lane, if any.
    Times in milliseconds since 1970; ``jitter`` in [0, 1).
    """
    closed, blame = handed.lane, failure_if_to_blame(handed)
    assert isinstance(closed, LaneClosed)
    assert blame is not None
    refusals = _with_this_one(job, lane, others)
    if closed.trouble is Trouble.RATE_LIMITED:
        return _judge_rate_limit(handed, blame, job, lane, refusals, others, now, jitter)
    others_since = others is not None and others >= refusals.since
    # Another job was refused whose hand-over began after all answered ones: the lane may be to blame.
    others_refused = lane.trouble is not None and lane.accuser != job.id and lane.troubled_at > (others or 0)
    only_this_job = others_since and not others_refused
    overtaken = others_since and job.refusals is not None
    # Jobs of the same claim may have been answered just before a key was revoked. The next probe, which is another job
    # if one is due, will tell.
    certain = refusals.times >= CERTAIN or (others is not None and others > refusals.since)
    if overtaken and only_this_job and certain:
        return RefusalDecision(
            _held_against_job(handed, blame, refusals), reopen(lane) if lane.accuser == job.id else lane
        )
    if only_this_job and not overtaken:
        reason = f"{closed.detail} Others get through, so only this job is put back."
        doubt = Deferred(now + DOUBT_MS, "refused", reason, refusals)
        return RefusalDecision(_already_failed(handed, refusals) or doubt, lane)
    # Later refusals of an overtaken job are no evidence against the lane; only its first one counts.
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
    if refusals.alone >= max(ALONE, job.max_attempts):
        return RefusalDecision(
            structs.replace(_held_against_job(handed, blame, refusals), retryable=False), _lapsing(shut, job, others)
        )
    overtaken = refusals.times > 1 and others is not None and others >= refusals.since
    if overtaken and not _is_probe(job, lane) and shut.wanted is None:
        # The job was unlucky, or it is too large for the limit: sent alone, it will show.
        shut = replace(shut, wanted=job.id)
    return RefusalDecision(_put_back(handed, blame, job, refusals, others, now, shut), _lapsing(shut, job, others))


def _began(job: Job) -> int:
    return job.attempts[-1].started_at


def _with_this_one(job: Job, lane: Lane, others: int | None) -> Refusals:
    """The job's refusals including the current one."""
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
    """Snooze the job, or fail it if it was refused too long. ``lane``: as updated by the refusal."""
    failed = _already_failed(handed, refusals)
    if failed is not None:
        return failed
    is_last = lane.trouble is Trouble.MISCONFIGURED and lane.accuser == job.id
    times, span = (LAST_TIMES, LAST_MS) if is_last else (MIN_REFUSALS, MAX_WAIT_FOR_EVIDENCE_MS)
    overtaken = others is not None and others >= job.created_at
    if overtaken and refusals.times >= max(times, job.max_attempts) and now - refusals.since >= span:
        note = f"Held against this job: refused {refusals.times} times, and others got through in its time."
        return structs.replace(blame, retryable=False, note=note, refusals=refusals)
    if isinstance(handed.job, Deferred):
        return structs.replace(handed.job, refusals=refusals)
    return handed.job


def _held_against_job(handed: HandOver, blame: Failed, refusals: Refusals) -> Failed:
    retryable = blame.retryable if isinstance(handed.job, Failed) else True
    return structs.replace(blame, retryable=retryable, note=HELD, refusals=refusals)


def _already_failed(handed: HandOver, refusals: Refusals) -> Failed | None:
    """The failed attempt, if the refusal counts as one no matter who is to blame."""
    return structs.replace(handed.job, refusals=refusals) if isinstance(handed.job, Failed) else None


def _is_probe(job: Job, lane: Lane) -> bool:
    return job.lease is not None and lane.probe == job.lease.token


def _lapsing(lane: Lane, job: Job, others: int | None) -> Lane:
    """The lane with ``lapses`` set if others were answered since the job was submitted."""
    if lane.lapses or others is None or others < job.created_at:
        return lane
    return replace(lane, lapses=True)
