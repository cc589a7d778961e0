"""The table of routes: one list makes the router and the OpenAPI document, so that they cannot differ."""

from collections.abc import Sequence

from job_processor.http import schemas as s
from job_processor.http.callbacks import Callbacks
from job_processor.http.context import Context
from job_processor.http.inbox import PARAMS as INBOX_PARAMS
from job_processor.http.inbox import InboxRoutes
from job_processor.http.jobs import Jobs
from job_processor.http.operations import Operations
from job_processor.http.query import PARAMS
from job_processor.http.spec import JOB_ID, Answer, Operation, Param
from job_processor.http.stream import Stream

_BODY = (400, 408, 413, 415, 422)
_FLOW = Param("name", "path", "the flow's name")
_RESUME = (
    Param("Last-Event-ID", "header", "the id of the last event seen: what was missed comes first"),
    Param("lastEventId", "query", "the same, for clients that cannot set headers"),
)
_KEY = Param(
    "Idempotency-Key",
    "header",
    "1 to 255 visible ASCII characters; the same key and body give the same job",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
)
_PREFER = Param(
    "Prefer",
    "header",
    "`wait=n`: answer when the job is final, or as it stands after n seconds (at most 60); "
    "`Preference-Applied` says the n that was used",
)
_MATCH = Param("If-None-Match", "header", "an ETag seen before: 304 when nothing changed")
_CALLBACK = Param("id", "path", "the kept callback's id", JOB_ID.schema)
_QUERY = tuple(
    Param(name, "query", f"may stand for `{name}` in the body", schema)
    for name, schema in (
        ("jobId", JOB_ID.schema),
        ("attempt", {"type": "integer", "minimum": 1, "maximum": s.MAX_ATTEMPT}),
        ("executionId", {"type": "string", "maxLength": 128}),
        ("flow", {"type": "string"}),
    )
)
_SECRET = Param("x-webhook-secret", "header", "the shared secret; or `Authorization: Bearer` with the callback token")


def operations(context: Context) -> Sequence[Operation]:
    """Every operation, the busiest first: routes are matched in this order."""
    jobs, callbacks, inbox = Jobs(context), Callbacks(context), InboxRoutes(context)
    ops, stream = Operations(context), Stream(context)
    event_stream = Answer("server-sent events", media="text/event-stream")
    callback_answers = {
        200: Answer("the job; `callback` says what the report did", s.CallbackAnswer),
        202: Answer("an executionId that belongs to no job in flight; the report is kept", s.CallbackNoted),
    }
    callback_problems = (*_BODY, 401, 404, 409, 429, 503)
    return (
        Operation(
            "POST",
            "/jobs",
            "submitJob",
            "Submit a job",
            jobs.submit,
            {201: Answer("stored durably; Location names it", s.JobWhole)},
            body=s.Submission,
            params=(_KEY, _PREFER),
            problems=(*_BODY, 503),
        ),
        Operation(
            "POST",
            "/webhook/callback",
            "reportCallback",
            "A processor reports a result, an error or progress",
            callbacks.receive,
            callback_answers,
            body=s.CallbackReport,
            params=(_SECRET, *_QUERY),
            problems=callback_problems,
            any_query=True,
        ),
        Operation(
            "GET",
            "/jobs",
            "listJobs",
            "List jobs, newest first",
            jobs.list,
            {200: Answer("a page; Link names the next", s.JobSummary, many=True)},
            params=PARAMS,
            problems=(422, 503),
        ),
        Operation(
            "POST",
            "/jobs/webhook/callback",
            "reportCallbackUnderJobs",
            "The same as /webhook/callback",
            callbacks.receive,
            callback_answers,
            body=s.CallbackReport,
            params=(_SECRET, *_QUERY),
            problems=callback_problems,
            any_query=True,
        ),
        Operation(
            "GET",
            "/jobs/{id}",
            "getJob",
            "The whole job",
            jobs.get,
            {200: Answer("the job", s.JobWhole), 304: Answer("nothing changed")},
            params=(JOB_ID, _PREFER, _MATCH),
            problems=(404, 503),
        ),
        Operation(
            "DELETE",
            "/jobs/{id}",
            "deleteJob",
            "Delete a final job",
            jobs.delete,
            {204: Answer("gone")},
            params=(JOB_ID,),
            problems=(404, 409, 503),
        ),
        Operation(
            "POST",
            "/jobs/{id}/cancel",
            "cancelJob",
            "Call a job off",
            jobs.cancel,
            {200: Answer("the job, CANCELLED", s.JobWhole)},
            body=s.CancelRequest,
            body_required=False,
            params=(JOB_ID,),
            problems=(*_BODY, 404, 409, 503),
        ),
        Operation(
            "POST",
            "/jobs/{id}/retry",
            "retryJob",
            "Try a FAILED or CANCELLED job again, under the same id",
            jobs.retry,
            {200: Answer("the job, PENDING", s.JobWhole)},
            body=s.RetryRequest,
            body_required=False,
            params=(JOB_ID,),
            problems=(*_BODY, 404, 409, 503),
        ),
        Operation(
            "POST",
            "/jobs/{id}/replay",
            "replayJob",
            "A new job from an old one's prompt, on the same or another flow",
            jobs.replay,
            {201: Answer("the new job; replayOf names the old", s.JobWhole)},
            body=s.ReplayRequest,
            body_required=False,
            params=(JOB_ID,),
            problems=(*_BODY, 404, 503),
        ),
        Operation(
            "GET",
            "/jobs/{id}/compare/{otherId}",
            "compareJobs",
            "Two jobs' results side by side",
            jobs.compare,
            {200: Answer("both, and where they differ", s.Comparison)},
            params=(JOB_ID, Param("otherId", "path", "the other job's id", JOB_ID.schema)),
            problems=(404, 503),
        ),
        Operation(
            "GET",
            "/jobs/{id}/events",
            "followJob",
            "Changes of one job",
            stream.job_events,
            {200: event_stream},
            params=(JOB_ID, *_RESUME),
            problems=(404, 503),
        ),
        Operation(
            "GET",
            "/events",
            "followJobs",
            "Changes of all jobs",
            stream.events,
            {200: event_stream},
            params=_RESUME,
            problems=(503,),
        ),
        Operation(
            "GET",
            "/callbacks",
            "listCallbacks",
            "The inbox: callbacks that changed nothing, newest first",
            inbox.list,
            {200: Answer("a page; Link names the next", s.KeptCallback, many=True)},
            params=INBOX_PARAMS,
            problems=(422, 503),
        ),
        Operation(
            "GET",
            "/callbacks/{id}",
            "getCallback",
            "The whole callback",
            inbox.get,
            {200: Answer("the callback", s.KeptCallback)},
            params=(_CALLBACK,),
            problems=(404, 503),
        ),
        Operation(
            "GET",
            "/callbacks/{id}/body",
            "getCallbackBody",
            "The bytes of a callback that could not be read, as they came",
            inbox.body,
            {200: Answer("the bytes", media="application/octet-stream")},
            params=(_CALLBACK,),
            problems=(404, 503),
        ),
        Operation(
            "POST",
            "/callbacks/{id}/accept",
            "acceptCallback",
            "Complete a job with a late result, or with what could not be read",
            inbox.accept,
            {200: Answer("the job, COMPLETED", s.JobWhole)},
            body=s.AcceptRequest,
            body_required=False,
            params=(_CALLBACK,),
            problems=(*_BODY, 404, 409, 503),
        ),
        Operation(
            "GET",
            "/stats",
            "getStats",
            "How many jobs there are",
            ops.stats,
            {200: Answer("counts", s.StatsOut)},
            problems=(503,),
        ),
        Operation(
            "GET",
            "/flows",
            "listFlows",
            "Flows and their lanes",
            ops.flows,
            {200: Answer("every flow", s.FlowOut, many=True)},
            problems=(503,),
        ),
        Operation(
            "POST",
            "/flows/{name}/pause",
            "pauseFlow",
            "Hand over no more jobs of a flow",
            ops.pause,
            {200: Answer("the flow", s.FlowOut)},
            body=s.PauseRequest,
            body_required=False,
            params=(_FLOW,),
            problems=(*_BODY, 404, 503),
        ),
        Operation(
            "POST",
            "/flows/{name}/resume",
            "resumeFlow",
            "Go on with a paused flow",
            ops.resume,
            {200: Answer("the flow", s.FlowOut)},
            body=s.PauseRequest,
            body_required=False,
            params=(_FLOW,),
            problems=(*_BODY, 404, 503),
        ),
        Operation(
            "GET",
            "/workers",
            "listWorkers",
            "Workers heard of lately",
            ops.workers,
            {200: Answer("every worker", s.WorkerOut, many=True)},
            problems=(503,),
        ),
        Operation(
            "GET",
            "/health",
            "getHealth",
            "Is the store up?",
            ops.health,
            {200: Answer("up", s.HealthOut), 503: Answer("down", s.HealthOut)},
        ),
        Operation(
            "GET",
            "/health/ready",
            "getReadiness",
            "The same, for load balancers",
            ops.ready,
            {200: Answer("ready", s.HealthOut), 503: Answer("not ready", s.HealthOut)},
        ),
        Operation(
            "GET",
            "/health/live",
            "getLiveness",
            "Does the process answer?",
            ops.live,
            {200: Answer("alive", s.LiveOut)},
        ),
        Operation(
            "GET",
            "/metrics",
            "getMetrics",
            "Prometheus metrics",
            ops.metrics,
            {200: Answer("text exposition format", media="text/plain")},
        ),
    )
