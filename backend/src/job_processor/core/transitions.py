"""The state machine of a job. ``decide``: (job, signal, now) → the changed job, or ``None``.

All transitions are decided here (with ``success`` and ``failure``); stores only write them. docs/job-lifecycle.md has a
diagram.
"""

from collections.abc import Mapping

import msgspec
from msgspec import structs

from job_processor.core import reconciling
from job_processor.core.closing import close_attempt, finish, is_current
from job_processor.core.cost import NO_PRICES, Prices, priced
from job_processor.core.events import Event, EventKind
from job_processor.core.failure import defer, ends_without_flow, expire, fail_attempt, had_unreadable_callback
from job_processor.core.flow import FlowRules
from job_processor.core.inbox import MAX_UNREADABLE_EVENTS
from job_processor.core.job import (
    NOTHING_SPENT,
    Attempt,
    AttemptEnd,
    Job,
    JobError,
    JobWebhook,
    Json,
    Spent,
    State,
)
from job_processor.core.limits import append_bulk_action, append_event
from job_processor.core.outcome import (
    Accepted,
    Asked,
    Asking,
    CallbackUnreadable,
    CancelAnswered,
    Cancelled,
    Deferred,
    Expired,
    Failed,
    FlowMissing,
    LateResult,
    Progressed,
    Reported,
    ResultAccepted,
    Retried,
    Signal,
    Succeeded,
)
from job_processor.core.series import Counted, count
from job_processor.core.spent import idle_at, spend
from job_processor.core.success import accept_result, is_refused_by_flow, refuse_result, succeed, takes_result
from job_processor.core.webhooks import Delivery

MAX_CALLBACK_TIMEOUTS = 10
"""Maximum time that an attempt may wait for its callback, in callback timeouts of its flow. It is limited even if the
processor keeps answering "still running", because its record of the run may be stale."""


class Guard(msgspec.Struct, frozen=True, gc=False):
    """The compare part of a compare-and-set: the values that the stored job must still have.

    ``lease_until``: compared only for the expiry of a lease, because a renewal does not change ``rev``. ``None``: not
    compared.
    """

    state: State
    token: str | None
    rev: int
    lease_until: int | None = None


class Change(msgspec.Struct, frozen=True, gc=False):
    """A decided transition: the new job, and the guard of the compare-and-set.

    ``notices``: webhook notices of the transition, stored in the same write, so that none is lost. ``counted``: the
    counts for the series (``core.series``), stored in the same write; ``None``: none.
    """

    guard: Guard
    job: Job
    notices: tuple[Delivery, ...] = ()
    counted: Counted | None = None


def submit(
    *,
    job_id: str,
    prompt: str,
    rules: FlowRules,
    now: int,
    run_at: int | None = None,
    priority: int = 0,
    max_attempts: int | None = None,
    deadline: int | None = None,
    tags: tuple[str, ...] = (),
    metadata: Mapping[str, Json] | None = None,
    result_schema: Mapping[str, Json] | None = None,
    replay_of: str | None = None,
    batch_id: str | None = None,
    batch_line: int | None = None,
    custom_id: str | None = None,
    owner: str = "",
    webhook: JobWebhook | None = None,
    key: str | None = None,
) -> Job:
    """A new PENDING job. Times in milliseconds since 1970; ``run_at``: not before ``now``."""
    run_at = now if run_at is None else max(run_at, now)
    return Job(
        id=job_id,
        prompt=prompt,
        flow=rules.name,
        state=State.PENDING,
        rev=1,
        created_at=now,
        updated_at=now,
        run_at=run_at,
        priority=priority,
        max_attempts=rules.max_attempts if max_attempts is None else max_attempts,
        deadline=deadline,
        history=(Event(now, EventKind.SUBMITTED),),
        tags=tags,
        metadata={} if metadata is None else metadata,
        result_schema=result_schema,
        replay_of=replay_of,
        batch_id=batch_id,
        batch_line=batch_line,
        custom_id=custom_id,
        owner=owner,
        webhook=webhook,
        idle_ms=run_at - now,
        spent=Spent(scheduled=run_at - now) if run_at > now else NOTHING_SPENT,
        key=key,
    )


def decide(
    job: Job, signal: Signal, now: int, rules: FlowRules, jitter: float, prices: Mapping[str, Prices] = NO_PRICES
) -> Change | None:
    """The change of a job by a signal; ``None``: nothing changes.

    ``now``: milliseconds since 1970; ``jitter``: a random number in [0, 1) for the back-off; ``prices``: those of the
    fallback flows, by name.
    """
    until = job.lease_until if isinstance(signal, Expired) else None
    guard = Guard(job.state, None if job.lease is None else job.lease.token, job.rev, until)
    bulk = signal.bulk if isinstance(signal, Cancelled | Retried) else None
    if bulk is not None and bulk in job.bulk_actions:
        return None
    after: Job | None
    match signal:
        case Reported(asked=str() as words) if is_current(job, signal.attempt, signal.token):
            job = reconciling.add_answer(job, words, now)
        case Expired(asked=str() as words) if job.state is State.WAITING:
            job = reconciling.add_answer(job, words, now)
    match signal:
        case Reported(outcome=Succeeded() as success):
            if is_refused_by_flow(job, success, rules):
                after = refuse_result(job, success, signal, now, rules, jitter)
            else:
                after = succeed(job, success, signal, now)
        case Reported(outcome=outcome) if is_current(job, signal.attempt, signal.token, signal.execution):
            match outcome:
                case Accepted():
                    after = _accept(job, outcome, now, rules, signal)
                case Deferred():
                    after = defer(job, outcome, now, signal)
                case Failed():
                    what = EventKind.ATTEMPT_FAILED
                    after = fail_attempt(job, outcome, AttemptEnd.FAILED, what, now, rules, jitter, signal.note, signal)
                case _:
                    after = None
        case Progressed() if is_current(job, signal.attempt, signal.token):
            after = structs.replace(job, progress=signal.text)
        case CallbackUnreadable():
            after = _note_unreadable(job, signal, now)
        case Expired():
            after = expire(job, now, rules, jitter)
        case FlowMissing() if job.state is State.PENDING and ends_without_flow(job.run_at) <= now:
            error = JobError(
                "no_flow", f"The flow {job.flow} is not defined any more, and was not defined again in time."
            )
            gone = Event(now, EventKind.FAILED, job.attempt or None, error.message)
            after = finish(structs.replace(job, error=error), State.FAILED, gone, now)
        case Asking() if is_current(job, signal.attempt, signal.token):
            after = reconciling.begin_reconcile(job, now)
        case Asked() if job.state is State.WAITING and is_current(job, signal.attempt, signal.token):
            after = reconciling.end_reconcile(job, signal.text, now, answered=signal.answered)
        case Cancelled() if not job.is_final:
            after = finish(
                close_attempt(job, now, AttemptEnd.CANCELLED),
                State.CANCELLED,
                Event(now, EventKind.CANCELLED, job.attempt or None, signal.reason),
                now,
            )
        case CancelAnswered() if _was_cancelled(job, signal.attempt):
            told = Event(now, EventKind.CANCEL_ANSWERED, signal.attempt, signal.text)
            after = structs.replace(job, history=append_event(job.history, told))
        case LateResult() if job.state in (State.FAILED, State.CANCELLED):
            after = reconciling.note_late_result(job, signal.attempt, now)
        case Retried() if job.state in (State.FAILED, State.CANCELLED):
            after = _retry(job, signal, now)
        case ResultAccepted() if takes_result(job, signal):
            after = accept_result(job, signal, now)
        case _:
            after = None
    if after is None:
        return None
    if bulk is not None:
        after = structs.replace(after, bulk_actions=append_bulk_action(job.bulk_actions, bulk))
    spent = job.spent if after.state is job.state else spend(job, now)
    after = structs.replace(after, rev=job.rev + 1, updated_at=now, spent=spent)
    if rules.prices is not None or prices:
        after = priced(job, after, rules.prices, prices)
    return Change(guard, after, counted=count(job, after))


def _note_unreadable(job: Job, signal: CallbackUnreadable, now: int) -> Job | None:
    """The job with the unreadable callback in its history: each text once, and at most ``MAX_UNREADABLE_EVENTS`` texts.

    If the attempt is WAITING, a reconcile call for its result is due at once. ``None`` for a COMPLETED job.
    """
    if job.state is State.COMPLETED:
        return None
    number = signal.attempt if signal.attempt is not None and signal.attempt <= job.attempt else (job.attempt or None)
    known = [event for event in job.history if event.what is EventKind.CALLBACK_UNREADABLE]
    if len(known) >= MAX_UNREADABLE_EVENTS or any((e.attempt, e.detail) == (number, signal.text) for e in known):
        return None
    told = structs.replace(
        job, history=append_event(job.history, Event(now, EventKind.CALLBACK_UNREADABLE, number, signal.text))
    )
    if job.state is State.WAITING and job.lease is not None and number == job.attempt:
        return structs.replace(told, lease=structs.replace(job.lease, ask_at=now))
    return told


def attempt_ended_by_cancel(job: Job) -> Attempt | None:
    """The attempt that a cancel ended, so that the cancel can be passed on to its processor; ``None``: there is none,
    or the history has the processor's answer, or that none came."""
    newest = job.attempts[-1] if job.attempts else None
    if newest is None or newest.end is not AttemptEnd.CANCELLED or newest.ended_at != job.finished_at:
        return None
    if any(one.what is EventKind.CANCEL_ANSWERED and one.attempt == newest.number for one in job.history):
        return None
    return newest


def _was_cancelled(job: Job, attempt: int) -> bool:
    return any(event.what is EventKind.CANCELLED and event.attempt == attempt for event in job.history)


def _accept(job: Job, accepted: Accepted, now: int, rules: FlowRules, reported: Reported) -> Job | None:
    if job.lease is None:
        return None
    if job.state is State.WAITING:
        # The processor was asked and is still working: extend the callback deadline, up to MAX_CALLBACK_TIMEOUTS.
        longest = job.attempts[-1].started_at + int(MAX_CALLBACK_TIMEOUTS * 1000 * rules.callback_timeout_seconds)
        if now >= longest:
            return None
        return structs.replace(
            job, lease=structs.replace(job.lease, until=min(now + accepted.timeout_ms, longest), ask_at=None)
        )
    attempts = job.attempts
    if accepted.execution_id or reported.exchange is not None:
        newest = attempts[-1]
        execution_id = accepted.execution_id or newest.execution_id
        exchange = reported.exchange or newest.exchange
        newest = structs.replace(newest, execution_id=execution_id, exchange=exchange)
        attempts = (*attempts[:-1], newest)
    # An unreadable callback arrived before the hand-over was answered: ask the processor now.
    ask_at = now if had_unreadable_callback(job) else None
    return structs.replace(
        job,
        state=State.WAITING,
        refusals=None,
        lease=structs.replace(job.lease, until=now + accepted.timeout_ms, ask_at=ask_at),
        attempts=attempts,
        history=append_event(job.history, Event(now, EventKind.ACCEPTED, job.attempt, accepted.execution_id)),
    )


def _retry(job: Job, signal: Retried, now: int) -> Job:
    return structs.replace(
        job,
        state=State.PENDING,
        run_at=now,
        idle_ms=idle_at(job, now),
        finished_at=None,
        error=None,
        refusals=None,
        attempts=tuple(one if one.refusals is None else structs.replace(one, refusals=None) for one in job.attempts),
        result=None,
        verdict=None,
        answered_by=None,
        # A deadline that has passed would fail the job at once; the retry drops it.
        deadline=job.deadline if job.deadline is not None and job.deadline > now else None,
        max_attempts=job.failures + signal.more_attempts,
        history=append_event(job.history, Event(now, EventKind.RETRIED, detail=signal.reason)),
    )
