"""``processor = "n8n"``: hand a job to a workflow, check its acceptance, and reconcile by n8n's API."""

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import structs

from job_processor.core.errors import ProcessorUnusable
from job_processor.core.job import Attempt, JobError
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Accepted, Failed, HandOver, LaneClosed, Outcome, lane_closed
from job_processor.outgoing.session import Outgoing, Reply, total_seconds
from job_processor.outgoing.text import one_line
from job_processor.processors.answers.again import again_in
from job_processor.processors.answers.meaning import error_text, judge_status
from job_processor.processors.base import Dispatch, Finding, ProcessorSetup
from job_processor.processors.callback_dispatch import dispatch_body, execution_id_in
from job_processor.processors.health import Health, ask
from job_processor.processors.http_options import HttpOptions, address, secret, sends_to
from job_processor.processors.n8n.api import N8nApi

_WORKFLOW: Final = re.compile(r"/workflow/[A-Za-z0-9_-]+/?\Z")
SWITCHED_OFF = (
    "n8n may have switched the workflow off after crashes, as N8N_WORKFLOW_AUTODEACTIVATION_ENABLED has it do."
)


class N8nOptions(HttpOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``token_env``: variable with the value of x-n8n-token. ``api_url``: n8n's root; needs ``api_key_env``."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
    token_env: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    api_url: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)] | None = None
    api_key_env: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    result_node: Annotated[str, msgspec.Meta(min_length=1)] = "Callback body"
    """The workflow's node whose output is the callback; an overdue result is read from its output."""
    editor_url: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)] | None = None
    """The workflow in n8n's editor: the page links its executions. Nothing is sent there."""

    @property
    def executions_url(self) -> str | None:
        """The URL of the workflow's executions for people, to which ``/`` and an id are appended; ``None``: unknown.

        Raises ProcessorUnusable if ``editor_url`` is not the address of a workflow.
        """
        if self.editor_url is None:
            return None
        url = address("editor_url", self.editor_url)
        if not _WORKFLOW.search(url.raw_path) or url.raw_query_string:
            raise ProcessorUnusable(
                "editor_url must be the workflow's address in n8n's editor, like https://n8n.example/workflow/ID"
            )
        return f"{str(url).rstrip('/')}/executions"


class N8nProcessor:
    """Only a 202 with the job's id is an acceptance, because n8n answers 200 with a web page while it starts."""

    def __init__(self, options: N8nOptions, setup: ProcessorSetup) -> None:
        self._url = address("url", options.url)
        self.sends_to = sends_to("POST", self._url)
        self._now = setup.now
        self._timeout_ms = int(1000 * setup.rules.callback_timeout_seconds)
        headers = {"Content-Type": "application/json"}
        if options.token_env is not None:
            headers["x-n8n-token"] = secret("token_env", options.token_env, setup)
        self._outgoing = Outgoing(total_seconds(setup.rules), headers=headers, ca_file=options.ca_file)
        _ = options.executions_url  # Raise for invalid options at the start, not at the first use.
        self._api: N8nApi | None = None
        if options.api_url is not None and options.api_key_env is not None:
            self._api = N8nApi(
                address("api_url", options.api_url),
                secret("api_key_env", options.api_key_env, setup),
                result_node=options.result_node,
                callback_timeout_ms=self._timeout_ms,
                max_result_bytes=setup.max_result_bytes,
                ca_file=options.ca_file,
            )
        elif options.api_url is not None or options.api_key_env is not None:
            raise ProcessorUnusable("api_url and api_key_env must be set together")

    async def open(self) -> None:
        await self._outgoing.open()
        if self._api is not None:
            await self._api.open()

    async def close(self) -> None:
        await self._outgoing.close()
        if self._api is not None:
            await self._api.close()

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        reply = await self._outgoing.request("POST", self._url, dispatch_body(dispatch), measured=dispatch.measured)
        if isinstance(reply, HandOver):
            return reply
        if reply.status == 404:
            return _not_there(reply)
        meaning = judge_status(reply.status, reply.headers, reply.body, self._now())
        if meaning is not None:
            return meaning
        acceptance = _acceptance(reply, dispatch.job_id)
        if acceptance is None:
            return again_in(reply.body, dispatch.job_id, self._now(), must_name_job=True) or _not_accepted(reply)
        return Accepted(self._timeout_ms, execution_id_in(acceptance))

    async def health(self) -> Health:
        """Check n8n's health, and with ``api_key_env`` that its API accepts the key. The workflow itself is not
        started."""
        # n8n may be served below a path: https://host/n8n/webhook/name.
        root, found, _ = self._url.path.rpartition("/webhook")
        reply = await ask(self._outgoing, "GET", self._url.with_path(f"{root if found else ''}/healthz"), self._now)
        if isinstance(reply, Health):
            return reply
        if b'"ok"' not in reply.body:
            return Health(False, "Something answers, but not as n8n's /healthz does. Is url the address of n8n?")
        refused = None if self._api is None else await self._api.refusal()
        if refused is not None:
            return Health(False, f"n8n is up. {refused}")
        if "/webhook-test/" in self._url.path:
            return Health(False, "n8n is up. url is a test address, which works once per click in n8n's editor.")
        return Health(True, "n8n is up." if self._api is None else "n8n is up, and its API takes the key.")

    @property
    def instance(self) -> str:
        return str(self._url.origin())

    @property
    def can_reconcile(self) -> bool:
        return self._api is not None

    async def reconcile(self, job_id: str, attempt: Attempt) -> Finding | None:
        """Ask n8n's API about the execution; ``None`` without an API key or an execution id."""
        if self._api is None or attempt.execution_id is None:
            return None
        return await self._api.find_outcome(job_id, attempt.execution_id)

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        if attempt.execution_id is None:
            return "n8n had not accepted the job yet; it may have started it, and continue."
        if self._api is None:
            return f"n8n was not asked to stop (api_key_env is not set): execution {attempt.execution_id} continues."
        return await self._api.stop(attempt.execution_id)


def _not_there(reply: Reply) -> HandOver:
    said = error_text(reply.body)
    because = f" (HTTP 404: {said})" if said else ""
    detail = f"n8n knows no workflow at this address: it is starting, or the workflow is not published{because}."
    closed = lane_closed(
        Trouble.MISCONFIGURED, detail, against_job=Failed(JobError("http_404", detail), retryable=False)
    )
    return structs.replace(closed, lane=LaneClosed(Trouble.MISCONFIGURED, detail, after_crashes=SWITCHED_OFF))


def _acceptance(reply: Reply, job_id: str) -> dict[str, Any] | None:
    """The acceptance (decoded JSON); ``None`` if the reply is not one for this job."""
    try:
        body = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if reply.status == 202 and isinstance(body, dict) and body.get("accepted") is True and body.get("jobId") == job_id:
        return body
    return None


def _not_accepted(reply: Reply) -> HandOver:
    """A 2xx that is not an acceptance.

    A web page does not count as an attempt, because n8n serves it while it starts. Anything else may have run a
    workflow: the attempt failed, and the lane's detail says what is wrong.
    """
    text = reply.unread or error_text(reply.body)
    if reply.unread is None and reply.body.lstrip()[:1] == b"<":
        detail = f"n8n is starting: it answered {reply.status} with a web page" + (f" ({text})." if text else ".")
        return lane_closed(Trouble.OUTAGE, detail, against_job=Failed(JobError("not_accepted", detail)))
    if not text:
        text = one_line(reply.body.decode(errors="replace")) or "nothing (an empty body)"
    detail = (
        f'It answered {reply.status} and not 202 with {{"accepted": true, "jobId": …}}: is this our workflow? '
        f"It said: {text}"
    )
    failed = Failed(JobError("not_accepted", detail))
    return HandOver(failed, LaneClosed(Trouble.MISCONFIGURED, detail), failed)
