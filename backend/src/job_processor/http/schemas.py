"""The wire: what goes in and out, as msgspec structs. The OpenAPI document is generated from these.

Times on the wire are RFC 3339 in UTC with milliseconds. Unknown fields are refused.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from job_processor.core.callbacks import Answer as Verdict
from job_processor.core.events import Happened
from job_processor.core.inbox import Said
from job_processor.core.job import AttemptEnd, State
from job_processor.core.verdict import ResultKind, WarningCode

JobId = Annotated[str, Meta(pattern="^[0-9a-f]{24}$", description="24 hex digits, time-ordered")]
Time = Annotated[
    str,
    Meta(
        description="RFC 3339, UTC, milliseconds",
        examples=["2026-11-24T10:15:30.123Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
YEARS = "^(19[7-9][0-9]|20[0-9][0-9])-"
TimeIn = Annotated[
    str,
    Meta(
        description="RFC 3339 with an offset, from 1970 to 2099",
        extra_json_schema={"format": "date-time", "pattern": YEARS},
    ),
]
# That a text holds no NUL is checked by the gate for all fields at once; the pattern says it to clients.
NO_NUL = "^[^\\u0000]*$"
_TEXT = {"pattern": NO_NUL}
_PROMPT = {"pattern": "^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$"}
Tag = Annotated[str, Meta(min_length=1, max_length=64, extra_json_schema=_TEXT)]
FlowName = Annotated[str, Meta(min_length=1, max_length=64, extra_json_schema=_TEXT)]
Reason = Annotated[str, Meta(max_length=500, extra_json_schema=_TEXT)]
# Free-form JSON that we carry and never look into; msgspec describes no other type as "anything".
JsonObject = dict[str, Any]

MAX_ATTEMPT = 2**31 - 1
"""The number of an attempt that a callback may name."""
MAX_PROMPT_BYTES = 512 * 1024
"""Of UTF-8. Well under the 1 MiB body limit, and under MongoDB's 16 MB a document with result and history."""


class WireIn(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What clients send."""


class WireOut(msgspec.Struct, rename="camel", kw_only=True):
    """What clients get."""


class Submission(WireIn):
    prompt: Annotated[
        str,
        Meta(
            min_length=1,
            description=f"not blank, at most {MAX_PROMPT_BYTES} bytes of UTF-8, no NUL",
            extra_json_schema=_PROMPT,
        ),
    ]
    flow: FlowName | None = None
    run_at: TimeIn | None = None
    delay_seconds: Annotated[float, Meta(ge=0, le=31_536_000)] | None = None
    priority: Annotated[int, Meta(ge=-100, le=100, description="higher goes first")] = 0
    max_attempts: Annotated[int, Meta(ge=1, le=100)] | None = None
    deadline: TimeIn | None = None
    tags: Annotated[list[Tag], Meta(max_length=20)] = []
    metadata: Annotated[JsonObject, Meta(description="at most 16 KiB as JSON")] = {}
    result_schema: Annotated[JsonObject, Meta(description="a JSON Schema (2020-12)")] | None = None


class ReplayRequest(WireIn):
    flow: FlowName | None = None
    prompt: Annotated[str, Meta(min_length=1, extra_json_schema=_PROMPT)] | None = None


class CancelRequest(WireIn):
    reason: Reason | None = None


class RetryRequest(WireIn):
    max_attempts: Annotated[int, Meta(ge=1, le=100, description="how many more; default: the flow's")] | None = None


class PauseRequest(WireIn):
    reason: Reason | None = None


class CallbackReport(msgspec.Struct, rename="camel", kw_only=True):
    """Exactly one of result, error and progress. ``executionId`` alone may stand for ``jobId`` beside an error.

    This is what should be sent; what is understood besides is in docs/callbacks.md.
    """

    job_id: Annotated[str, Meta(description="24 hex digits; a token stands for it")] | None = None
    result: Annotated[Any, Meta(description="a text is kept byte for byte, any other JSON as its text")] = None
    error: Annotated[Any, Meta(description="in words; of an object its message counts")] = None
    progress: Annotated[Any, Meta(description="in words, at most 4 KiB")] = None
    attempt: Annotated[int, Meta(ge=1, le=MAX_ATTEMPT)] | str | None = None
    execution_id: Annotated[str, Meta(max_length=128)] | Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    retryable: bool | str | Annotated[int, Meta(ge=0, le=1)] | None = True
    flow: Annotated[Any, Meta(description="whose execution it is, where several processors count alike")] = None
    workflow: Any = None
    last_node: Any = None


class ErrorOut(WireOut):
    code: str
    message: str


class UsageOut(WireOut):
    prompt_tokens: int | None
    completion_tokens: int | None
    model: str | None
    finish_reason: str | None


class AttemptOut(WireOut):
    """One try. ``partial``: what came of an answer that ended badly, at most 65,536 characters; no result."""

    number: int
    started_at: Time
    worker: str
    ended_at: Time | None
    end: AttemptEnd | None
    error: ErrorOut | None
    execution_id: str | None
    usage: UsageOut | None
    partial: str | None


class EventOut(WireOut):
    at: Time
    what: Happened
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
    """``cut``: the raw text ends before its JSON does; ``dropped``: what stood at that end and is not in ``text``."""

    text: str
    edits: list[EditOut]
    cut: bool
    dropped: str | None


class SchemaErrorOut(WireOut):
    path: str
    message: str


class WarningOut(WireOut):
    """What is odd about valid JSON. ``path`` is a JSON Pointer; ``line`` and ``column`` count from 1."""

    code: WarningCode
    path: str
    line: int
    column: int
    message: str


class VerdictOut(WireOut):
    """``note``: why there is no repair, or what was not checked and why.

    In lists ``repaired`` is absent (null), and of ``schemaErrors`` and ``warnings`` the first is there.
    """

    kind: ResultKind
    error: ParseErrorOut | None
    repaired: RepairOut | None
    schema_errors: list[SchemaErrorOut]
    warnings: list[WarningOut]
    note: str | None


class WaitingOn(WireOut):
    """What a job that is not final waits for, in words, and until when if that is known."""

    kind: str
    detail: str
    until: Time | None


class JobSummary(WireOut):
    """A job in a list. Texts beyond 4 KiB are cut; the sizes are of the whole, in bytes of UTF-8.

    ``waitingOn`` is null for a final job, and where it cannot be told at the moment.
    """

    id: JobId
    prompt: str
    status: State
    flow: str
    created_at: Time
    updated_at: Time
    run_at: Time
    finished_at: Time | None
    priority: int
    attempt: int
    failures: int
    max_attempts: int
    deadline: Time | None
    result: str | None
    result_verdict: VerdictOut | None
    error: ErrorOut | None
    progress: str | None
    waiting_on: WaitingOn | None
    tags: list[str]
    metadata: JsonObject
    replay_of: JobId | None
    prompt_truncated: bool
    prompt_bytes: int
    result_truncated: bool
    result_bytes: int | None


class JobWhole(JobSummary):
    """The whole job, texts uncut."""

    attempts: list[AttemptOut]
    history: list[EventOut]
    result_schema: JsonObject | None


class CallbackAnswer(JobWhole):
    """The job after a callback, and what the callback did: applied, duplicate, stale."""

    callback: str


class CallbackNoted(WireOut):
    """A report that belongs to no job in flight; it is kept in the inbox."""

    callback: str


class KeptCallback(WireOut):
    """A callback that changed nothing, as it came. ``content`` beyond 4 KiB is cut in lists.

    ``said``: result, error or unreadable. ``deliveries``: how often the same came. Of one that could not be read
    ``content`` says why, and ``body`` is what came, as text with U+FFFD for what is no UTF-8; lists leave it out and
    bring its size alone. ``bodyTruncated``: only its beginning is kept.
    """

    id: JobId
    received_at: Time
    last_received_at: Time
    deliveries: int
    verdict: Verdict
    said: Said
    job_id: JobId | None
    attempt: int | None
    execution_id: str | None
    flow: str | None
    content: str
    content_truncated: bool
    content_bytes: int
    content_type: str | None
    body: str | None
    body_bytes: int | None
    body_truncated: bool


class Side(WireOut):
    """One side of a comparison."""

    id: JobId
    flow: str
    status: State
    result: str | None
    result_verdict: VerdictOut | None
    seconds: float | None
    prompt_tokens: int | None
    completion_tokens: int | None


class Difference(WireOut):
    """A place where two JSON results differ. ``path`` is a JSON Pointer; a missing value is absent."""

    path: str
    left: Any | UnsetType = UNSET
    right: Any | UnsetType = UNSET


class Comparison(WireOut):
    """``sameResult``: the same bytes, or the same JSON value written differently."""

    left: Side
    right: Side
    same_prompt: bool
    same_result: bool
    differences: list[Difference]


class StatsOut(WireOut):
    """How many jobs there are of each status, in all and by flow; how long the oldest due job has waited."""

    total: int
    by_status: dict[str, int]
    by_flow: dict[str, dict[str, int]]
    oldest_pending_seconds: float | None


class LaneOut(WireOut):
    """``state``: open, closed, paused, or removed (not in flows.toml any more, with jobs that are not final).

    ``kind``: rate_limited, outage, misconfigured, out_of_credit, no_flow or null.
    """

    state: str
    kind: str | None
    detail: str | None
    until: Time | None


class FlowOut(WireOut):
    name: str
    processor: str
    is_default: bool
    max_attempts: int
    concurrency: int | None
    rate_per_minute: float | None
    on_invalid_result: str
    lane: LaneOut
    by_status: dict[str, int]


class WorkerOut(WireOut):
    id: str
    name: str
    flows: list[str]
    running: int
    started_at: Time
    seen_at: Time


class StoreOut(WireOut):
    kind: str
    state: str


class HealthOut(WireOut):
    """``status``: ok or down."""

    status: str
    store: StoreOut
    version: str


class LiveOut(WireOut):
    status: str


class FieldError(WireOut):
    field: str
    message: str


class Problem(WireOut):
    """RFC 9457 problem details; ``error`` is the same in short, for clients of old."""

    type: str
    title: str
    status: int
    detail: str
    error: str
    code: str
    request_id: str
    errors: list[FieldError] = []
