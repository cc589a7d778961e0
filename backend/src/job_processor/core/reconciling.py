"""Job updates around a reconcile call (asking the processor about an attempt), and for a late result."""

from dataclasses import replace

from msgspec import structs

from job_processor.core.events import Event, EventKind
from job_processor.core.job import Job, State
from job_processor.core.lane import Lane
from job_processor.core.limits import append_answer, append_event

RECONCILE_AGAIN_MS = 30_000
"""Minimum time between two reconcile calls for the same attempt; longer than the timeout of one call."""


def begin_reconcile(job: Job, now: int) -> Job | None:
    """The job with ``asked_at`` of its attempt set; ``None`` if another worker is asking already.

    Asking again before ``RECONCILE_AGAIN_MS`` is allowed if the lease ended or ``ask_at`` was reached since then.
    """
    if job.state is not State.WAITING or job.lease is None:
        return None
    newest = job.attempts[-1]
    # An `asked_at` in the future was written before the clock was set back; ignore it.
    if newest.asked_at is not None and newest.asked_at <= now < newest.asked_at + RECONCILE_AGAIN_MS:
        due = job.lease.until if job.lease.ask_at is None else min(job.lease.until, job.lease.ask_at)
        if not newest.asked_at < due <= now:
            return None
    return structs.replace(job, attempts=(*job.attempts[:-1], structs.replace(newest, asked_at=now)))


def end_reconcile(job: Job, text: str | None, now: int, *, answered: bool) -> Job | None:
    """The job after a reconcile call that leaves it WAITING; ``None`` if nothing changes.

    ``text``: the processor's answer; ``None`` if the call could not be made. ``lease.ask_at`` is cleared, unless it was
    set after the call began, because the answer may be older than the reason to ask.
    """
    assert job.lease is not None
    ask_at, asked_at = job.lease.ask_at, job.attempts[-1].asked_at
    is_newer = ask_at is not None and asked_at is not None and ask_at > asked_at
    if text is None and (ask_at is None or is_newer):
        return None
    waiting = job if is_newer else structs.replace(job, lease=structs.replace(job.lease, ask_at=None))
    return waiting if text is None else add_answer(waiting, text, now, answered=answered)


def add_answer(job: Job, text: str, now: int, *, answered: bool = True) -> Job:
    """The job with the processor's answer about the current attempt in its history.

    Of a run of identical answers the history keeps the first and the newest. ``answered``: false if the processor
    could not be reached; then ``heard_at`` is not changed.
    """
    newest = job.attempts[-1]
    heard_at = now if answered else newest.heard_at
    return structs.replace(
        job,
        attempts=(*job.attempts[:-1], structs.replace(newest, heard_at=heard_at)),
        history=append_answer(job.history, Event(now, EventKind.ASKED, newest.number, text)),
    )


def note_late_result(job: Job, attempt: int | None, now: int) -> Job | None:
    """The final job with an entry about a late result in its history; ``None`` if it has one already."""
    number = attempt or job.attempt or None
    events = [event.what for event in job.history if event.attempt == number]
    if EventKind.LATE_RESULT in events:
        return None
    if EventKind.CANCEL_ANSWERED in events:
        words = "A result came after all: the run was not stopped in time. It is kept among the callbacks."
    else:
        words = f"A result came after the job was {job.state.value}. It is kept among the callbacks."
    return structs.replace(job, history=append_event(job.history, Event(now, EventKind.LATE_RESULT, number, words)))


def lost_before(lane: Lane) -> int | None:
    """The time (ms since 1970) before which started attempts may be lost and must be reconciled.

    ``None``: there are none, or the lane is closed, so that asking would fail.
    """
    return None if lane.trouble is not None else lane.out_at


def note_lost_runs(lane: Lane, now: int) -> Lane:
    """The lane of a processor that is unreachable or lost a run: attempts that began before ``now`` may be lost."""
    return replace(lane, out_at=now)
