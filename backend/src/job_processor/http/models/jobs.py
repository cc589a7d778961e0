"""A job in the API: in a list, whole, and in the response to a callback."""

from job_processor.core.events import EventKind
from job_processor.core.exchange import EndedBy
from job_processor.core.job import AttemptEnd, State
from job_processor.core.verdict import ResultKind, WarningCode
from job_processor.http.models.types import JobId, JsonObject, Time, WireOut
from job_processor.http.models.webhooks import JobWebhookOut


class ErrorOut(WireOut):
    code: str
    message: str


class UsageOut(WireOut):
    prompt_tokens: int | None
    completion_tokens: int | None
    model: str | None
    finish_reason: str | None


class ExchangeOut(WireOut):
    """What was sent to the processor for an attempt, and what came back.

    ``sentTo``: method and host, and the model; or the function. ``timeoutMs``: how long the
    hand-over may take. ``requestBytes``, ``status`` (of HTTP) and ``responseBytes`` (of the body, as far as it was
    read) are known once the hand-over has ended; null: not by HTTP, or none came. ``endedBy``: what of the processor's
    ended the attempt: its ``response``, a ``callback``, or its answer to a ``reconcile`` call; null: it goes on, or
    something else ended it, such as a timeout or a cancel.
    """

    sent_to: str
    timeout_ms: int
    request_bytes: int | None
    status: int | None
    response_bytes: int | None
    ended_by: EndedBy | None


class AttemptOut(WireOut):
    """One try to process the job. ``partial``: text of a model's answer that was received before the answer failed, at
    most 65,536 characters; not a result. ``costMicros``: in millionths of the currency that ``GET /flows`` names;
    null: its tokens are not known, or its flow has no prices. ``flow``: the flow whose processor had it, if it fell
    back; null: the job's. ``exchange``: null if a version claimed it that did not record it."""

    number: int
    started_at: Time
    worker: str
    ended_at: Time | None
    end: AttemptEnd | None
    error: ErrorOut | None
    execution_id: str | None
    usage: UsageOut | None
    cost_micros: int | None
    partial: str | None
    flow: str | None
    exchange: ExchangeOut | None


class EventOut(WireOut):
    at: Time
    what: EventKind
    attempt: int | None
    detail: str | None


class ParseErrorOut(WireOut):
    message: str
    line: int
    column: int


class EditOut(WireOut):
    position: int
    before: str
    after: str


class RepairOut(WireOut):
    """``cut``: the result ends before its JSON is complete. ``dropped``: the text at its end that ``text`` lacks."""

    text: str
    edits: list[EditOut]
    cut: bool
    dropped: str | None


class SchemaErrorOut(WireOut):
    path: str
    message: str


class WarningOut(WireOut):
    """Something unusual in valid JSON. ``path``: JSON Pointer (RFC 6901); ``line`` and ``column`` count from 1."""

    code: WarningCode
    path: str
    line: int
    column: int
    message: str


class VerdictOut(WireOut):
    """``note``: why there is no repair, or what was not checked and why.

    In lists ``repaired`` is null, and ``schemaErrors`` and ``warnings`` have at most their first element.
    """

    kind: ResultKind
    error: ParseErrorOut | None
    repaired: RepairOut | None
    schema_errors: list[SchemaErrorOut]
    warnings: list[WarningOut]
    note: str | None


class WaitingOn(WireOut):
    """What a job that is not final waits for. ``detail``: for people; ``until``: null if unknown."""

    kind: str
    detail: str
    until: Time | None


class JobSummary(WireOut):
    """A job in a list. ``prompt`` and ``result`` are cut to 4 KiB; their sizes are of the whole, in bytes of UTF-8.

    ``waitingOn`` is null for a final job, and when it could not be found out. ``idleMs``: milliseconds in which nothing
    was to be done: until the start that was asked for, and between an end and a retry. The duration of a job is
    ``finishedAt`` - ``createdAt`` - ``idleMs``. ``answeredBy``: the flow whose processor gave the result, if the job
    fell back to it; null otherwise. ``costMicros``: of all its attempts, in millionths of the currency that
    ``GET /flows`` names; null: none of them has a cost.
    """

    id: JobId
    prompt: str
    status: State
    flow: str
    created_at: Time
    updated_at: Time
    run_at: Time
    finished_at: Time | None
    idle_ms: int
    priority: int
    attempt: int
    failures: int
    max_attempts: int
    deadline: Time | None
    result: str | None
    result_verdict: VerdictOut | None
    answered_by: str | None
    error: ErrorOut | None
    progress: str | None
    waiting_on: WaitingOn | None
    tags: list[str]
    metadata: JsonObject
    replay_of: JobId | None
    batch_id: JobId | None
    batch_line: int | None
    custom_id: str | None
    key: str | None
    cost_micros: int | None
    prompt_truncated: bool
    prompt_bytes: int
    result_truncated: bool
    result_bytes: int | None


class JobWhole(JobSummary):
    """The whole job, with uncut texts."""

    attempts: list[AttemptOut]
    history: list[EventOut]
    result_schema: JsonObject | None
    webhook: JobWebhookOut | None


class JobPlace(WireOut):
    """The place of a job in the queue of its flow, of what waits now.

    ``ahead``: jobs that are claimed first, at most; null: the job has no place, because it is not PENDING or not due.
    Counted are the due jobs of a higher priority, those of its key before it, and of each other key of its priority as
    many as may have their turn first. With ``more``: these and others, which are not counted. ``perMinute``: attempts
    that the flow ended in a minute lately; null: none. ``expectedStart``: about when; with ``more`` not before; null:
    not known. ``detail``: for people.
    """

    ahead: int | None
    more: bool
    per_minute: float | None
    expected_start: Time | None
    detail: str


class CallbackAnswer(JobWhole):
    """The job after a callback. ``callback``: the verdict, such as applied, duplicate or stale."""

    callback: str


class CallbackNoted(WireOut):
    """The verdict on a report that belongs to no job in flight; it is kept in the callback inbox."""

    callback: str
