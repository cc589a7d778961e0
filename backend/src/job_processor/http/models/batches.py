"""Batches: what is sent, what is shown of one, and a line of its results."""

from typing import Annotated

from msgspec import Meta

from job_processor.core.batch import MAX_LINES, BatchStatus
from job_processor.core.verdict import ResultKind
from job_processor.http.models.jobs import ErrorOut, UsageOut
from job_processor.http.models.requests import Submission
from job_processor.http.models.types import TEXT, FlowName, JobId, JsonObject, Key, Time, TimeIn, WireIn, WireOut
from job_processor.http.models.webhooks import WebhookUrl

MAX_RETENTION_DAYS = 3650


class BatchLine(Submission):
    """One job of a batch: the fields of a submission, and the client's own name for it."""

    custom_id: (
        Annotated[str, Meta(min_length=1, max_length=128, description="unique in the batch", extra_json_schema=TEXT)]
        | None
    ) = None


class BatchOptions(WireIn):
    name: Annotated[str, Meta(min_length=1, max_length=200, extra_json_schema=TEXT)] | None = None
    flow: Annotated[FlowName, Meta(description="of lines without a flow")] | None = None
    deadline: Annotated[TimeIn, Meta(description="of lines without a deadline")] | None = None
    partial: Annotated[bool, Meta(description="store the valid lines although others are not")] = False
    retention_days: (
        Annotated[
            int,
            Meta(ge=1, le=MAX_RETENTION_DAYS, description="how long it is kept with its jobs after its end"),
        ]
        | None
    ) = None
    metadata: Annotated[JsonObject, Meta(description="at most 16 KiB as JSON")] = {}
    webhook_url: WebhookUrl | None = None
    key: Annotated[Key, Meta(description="of lines without a key")] | None = None


class BatchSubmission(BatchOptions, kw_only=True):
    jobs: Annotated[list[BatchLine], Meta(min_length=1, max_length=MAX_LINES)]


class LineErrorOut(WireOut):
    """A line that became no job. ``field``: empty where the line as a whole is wrong."""

    line: int
    custom_id: str | None
    code: str
    field: str
    message: str


class BatchCountsOut(WireOut):
    """The jobs of a batch by state, as they are now. ``deleted``: those that are no longer there."""

    pending: int
    running: int
    waiting: int
    completed: int
    failed: int
    cancelled: int
    deleted: int


class BatchSummary(WireOut):
    """``lines``: of the request; ``jobs``: those that became jobs; ``refused``: the others. ``endedAt``: when the last
    job ended. ``keptUntil``: when it is deleted with its jobs; null: not before it has ended, or never.
    ``webhookUrl``: the URL that is notified of its end, without its query, which may contain a secret.
    ``costMicros``: of its jobs, in millionths of the currency that ``GET /flows`` names; null: none of them has a cost.
    """

    id: JobId
    name: str | None
    status: BatchStatus
    created_at: Time
    cancelled_at: Time | None
    ended_at: Time | None
    kept_until: Time | None
    lines: int
    jobs: int
    refused: int
    counts: BatchCountsOut
    cost_micros: int | None
    flows: list[str]
    metadata: JsonObject
    webhook_url: str | None


class BatchWhole(BatchSummary):
    """``errors``: of the lines that were refused, at most 100; the results have them all."""

    errors: list[LineErrorOut]


class BatchResult(WireOut):
    """A line of the results. ``status``: of its job, or REFUSED for a line that became none. ``answeredBy``: as of the
    job."""

    line: int
    custom_id: str | None
    job_id: JobId | None
    status: str
    flow: str | None
    answered_by: str | None
    finished_at: Time | None
    result: str | None
    verdict: ResultKind | None
    error: ErrorOut | None
    usage: UsageOut | None
    cost_micros: int | None
