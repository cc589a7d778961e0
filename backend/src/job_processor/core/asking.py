"""What is written down when a processor is asked about an attempt, and when a result comes too late to count."""

from dataclasses import replace

from job_processor.core.bounds import remember, remember_answer
from job_processor.core.events import Event, Happened
from job_processor.core.job import Job, State

ASK_AGAIN_MS = 30_000
"""How long nobody else asks about an attempt after somebody began to: longer than any answer may take."""


def begin(job: Job, now: int) -> Job | None:
    """The job while somebody asks about its current attempt; ``None`` when somebody does already.

    A deadline that has passed since is a reason to ask again, and so is a wish to have it asked about.
    """
    if job.state is not State.WAITING or job.lease is None:
        return None
    newest = job.attempts[-1]
    # A question from the future was asked before the clock was set back.
    if newest.asked_at is not None and newest.asked_at <= now < newest.asked_at + ASK_AGAIN_MS:
        due = job.lease.until if job.lease.ask_at is None else min(job.lease.until, job.lease.ask_at)
        if not newest.asked_at < due <= now:
            return None
    return job._replace(attempts=(*job.attempts[:-1], replace(newest, asked_at=now)))


def noted(job: Job, text: str | None, now: int, *, answered: bool) -> Job | None:
    """The job as it waits on after it was asked about; without a ``text`` nobody could be asked.

    A wish that is younger than the question stays: the answer may be from before there was a reason for it.
    """
    assert job.lease is not None
    wish, asked_at = job.lease.ask_at, job.attempts[-1].asked_at
    stays = wish is not None and asked_at is not None and wish > asked_at
    if text is None and (wish is None or stays):
        return None
    waits_on = job if stays else job._replace(lease=replace(job.lease, ask_at=None))
    return waits_on if text is None else told(waits_on, text, now, answered=answered)


def told(job: Job, text: str, now: int, *, answered: bool = True) -> Job:
    """The job with what its processor said of the current attempt. The same words again and again are kept twice:
    when they were said first, and last."""
    newest = job.attempts[-1]
    heard_at = now if answered else newest.heard_at
    return job._replace(
        attempts=(*job.attempts[:-1], replace(newest, heard_at=heard_at)),
        history=remember_answer(job.history, Event(now, Happened.ASKED, newest.number, text)),
    )


def late(job: Job, attempt: int | None, now: int) -> Job | None:
    """The final job with the news that a result came after all; ``None`` when its history says so already."""
    number = attempt or job.attempt or None
    said = [event.what for event in job.history if event.attempt == number]
    if Happened.LATE_RESULT in said:
        return None
    if Happened.CANCEL_ANSWERED in said:
        words = "A result came after all: the run was not stopped in time. It is kept among the callbacks."
    else:
        words = f"A result came after the job was {job.state.value}. It is kept among the callbacks."
    return job._replace(history=remember(job.history, Event(now, Happened.LATE_RESULT, number, words)))
