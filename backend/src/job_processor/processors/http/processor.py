"""``processor = "http"``: an endpoint whose response is the result. One that answers 202 will call back."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec

from job_processor.core.errors import ProcessorUnusable
from job_processor.core.job import Attempt
from job_processor.core.outcome import Accepted, Failed, HandOver, Outcome
from job_processor.outgoing.session import Outgoing, Reply, total_seconds
from job_processor.processors.answers.again import again_in
from job_processor.processors.answers.meaning import error_in_success, judge_status
from job_processor.processors.base import Dispatch, ProcessorSetup
from job_processor.processors.callback_dispatch import dispatch_body, execution_id_in
from job_processor.processors.health import Health, ask_any
from job_processor.processors.http import answer as http_answer
from job_processor.processors.http import json_pointer
from job_processor.processors.http.template import Template, Text
from job_processor.processors.http_options import HttpOptions, address, secret, sends_to

BODY_LIMIT: Final = 4 * 1_048_576
ESCAPED: Final = 6
"""The response limit is ``BODY_LIMIT`` bytes or ``ESCAPED`` times the largest result: JSON may need six bytes (``\\u``
and four digits) for one."""
_THREAD_ABOVE: Final = 65_536
"""Responses with more bytes are parsed in a thread, so that the event loop is not blocked."""

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,2000}[\x21-\x7e])?")
_SECRET: Final = frozenset({"authorization", "proxy-authorization", "cookie"})
_OURS: Final = frozenset({"idempotency-key", "x-job-id", "x-job-attempt"})
_OF_THE_CONNECTION: Final = frozenset(
    {"accept-encoding", "connection", "content-encoding", "content-length", "expect", "host", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
_Url = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]


class Method(StrEnum):
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    GET = "GET"


class Send(StrEnum):
    """The body of the request."""

    DISPATCH = "dispatch"
    """JSON with the job and the callback URL, as in webhook and n8n flows."""
    PROMPT = "prompt"
    """Only the prompt, as plain text."""
    TEMPLATE = "template"
    """JSON from the flow's ``template``."""


class EndpointOptions(HttpOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``headers_env``: header name to the environment variable with its value. ``query``: added to the URL.

    ``send`` defaults to "template" if a template is set, else to "dispatch"; a GET has no body.
    """

    url: _Url
    method: Method = Method.POST
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    headers_env: dict[str, str] = msgspec.field(default_factory=dict)
    query: dict[str, str] = msgspec.field(default_factory=dict)
    send: Send | None = None
    template: str | dict[str, Any] | None = None
    take: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    """JSON Pointer (RFC 6901) to the result in a JSON response; without it the whole body is the result."""
    web_pages: bool = False
    """Accept a web page as a result. Usually it is a sign-in page or an error page of a proxy."""


class EndpointProcessor:
    """A response with 202 is an acceptance, or a request for the job later; with any other 2xx it is the result."""

    def __init__(self, options: EndpointOptions, setup: ProcessorSetup) -> None:
        self._url = address("url", options.url)
        self._method = options.method.value
        self._query = dict(_texts("query", options.query))
        self.sends_to = sends_to(self._method, self._url, has_query=bool(self._query))
        self._sending = _Sending(options)
        self._take = None if options.take is None else _pointer(options.take)
        self._pages = options.web_pages
        self._now = setup.now
        self._timeout_ms = int(1000 * setup.rules.callback_timeout_seconds)
        headers = dict(_headers(options, setup))
        self._max_bytes = setup.max_result_bytes
        self._outgoing = Outgoing(
            total_seconds(setup.rules),
            headers=headers,
            ca_file=options.ca_file,
            body_limit=max(BODY_LIMIT, ESCAPED * self._max_bytes),
        )
        self._content_type = None if "content-type" in {name.lower() for name in headers} else self._sending.media

    async def open(self) -> None:
        await self._outgoing.open()

    async def close(self) -> None:
        await self._outgoing.close()

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        url = self._url.update_query({name: text.text(dispatch) for name, text in self._query.items()})
        body, headers = self._sending.body(dispatch), self._headers_of(dispatch)
        reply = await self._outgoing.request(self._method, url, body, headers, dispatch.measured)
        if isinstance(reply, HandOver):
            return reply
        refused = judge_status(reply.status, reply.headers, reply.body, self._now())
        if refused is not None:
            return refused
        if reply.status == 202:
            now = self._now()
            return (
                error_in_success(reply.status, reply.headers, reply.body, now)
                or again_in(reply.body, dispatch.job_id, now)
                or Accepted(self._timeout_ms, _execution_id(reply.body))
            )
        outcome = await self._read(reply)
        if isinstance(outcome, Failed) and outcome.error.code == http_answer.NO_RESULT:
            # Without a result the body may be an error.
            return error_in_success(reply.status, reply.headers, reply.body, self._now()) or outcome
        return outcome

    async def _read(self, reply: Reply) -> Outcome | HandOver:
        if self._take is not None and len(reply.body) > _THREAD_ABOVE:
            return await asyncio.to_thread(
                http_answer.outcome_of, reply, self._take, self._max_bytes, pages=self._pages
            )
        return http_answer.outcome_of(reply, self._take, self._max_bytes, pages=self._pages)

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        """Always ``None``, because an endpoint cannot be told to stop. A running request is aborted with its task."""
        return None

    async def health(self) -> Health:
        return await ask_any(self._outgoing, self._url, self._now)

    def _headers_of(self, dispatch: Dispatch) -> dict[str, str]:
        # All attempts share the idempotency key, so that the endpoint can recognise a retry. An attempt after an
        # invalid result needs a new answer, and gets a key of its own.
        key = dispatch.job_id if dispatch.complaint is None else f"{dispatch.job_id}-{dispatch.attempt}"
        headers = {"Idempotency-Key": key, "X-Job-Id": dispatch.job_id, "X-Job-Attempt": str(dispatch.attempt)}
        if self._content_type is not None:
            headers["Content-Type"] = self._content_type
        return headers


class _Sending:
    """The request body and its content type. Raises ProcessorUnusable for options that contradict each other."""

    def __init__(self, options: EndpointOptions) -> None:
        self.media: str | None = "application/json"
        self._template: Template | None = None
        wanted = options.send
        if options.method is Method.GET:
            if wanted is not None or options.template is not None:
                raise ProcessorUnusable("send and template do not go with GET, which has no body; use query")
            self._send = None
            self.media = None
            return
        if options.template is not None and wanted not in (None, Send.TEMPLATE):
            raise ProcessorUnusable('template goes with send = "template" only')
        if wanted is Send.TEMPLATE and options.template is None:
            raise ProcessorUnusable('send = "template" needs a template')
        if options.template is not None:
            self._template = _template(options.template)
        self._send = wanted or (Send.DISPATCH if options.template is None else Send.TEMPLATE)
        if self._send is Send.PROMPT:
            self.media = "text/plain; charset=utf-8"

    def body(self, dispatch: Dispatch) -> bytes | None:
        match self._send:
            case Send.DISPATCH:
                return dispatch_body(dispatch)
            case Send.PROMPT:
                return dispatch.prompt.encode()
            case _:
                return None if self._template is None else self._template.body(dispatch)


def _template(source: str | Mapping[str, object]) -> Template:
    try:
        return Template(source)
    except ValueError as error:
        raise ProcessorUnusable(f"template {error}") from None


def _texts(option: str, given: Mapping[str, str]) -> Iterator[tuple[str, Text]]:
    for name, text in given.items():
        try:
            yield name, Text(text)
        except ValueError as error:
            raise ProcessorUnusable(f"{option}.{name} {error}") from None


def _pointer(take: str) -> json_pointer.Pointer:
    try:
        return json_pointer.parse(take)
    except ValueError as error:
        raise ProcessorUnusable(f"take {error}") from None


def _headers(options: EndpointOptions, setup: ProcessorSetup) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for option, given in (("headers", options.headers), ("headers_env", options.headers_env)):
        for name, value in given.items():
            low = name.lower()
            if not _NAME.fullmatch(name):
                raise ProcessorUnusable(f"{option}: invalid header name")
            if low in seen:
                raise ProcessorUnusable(f"{option}: {name} is given twice")
            if low in _OURS or low in _OF_THE_CONNECTION:
                raise ProcessorUnusable(f"{option}: {name} cannot be set; it is set by this server")
            if option == "headers" and low in _SECRET:
                raise ProcessorUnusable(f"headers: {name} is a secret; name the variable that holds it in headers_env")
            if option == "headers" and not _VALUE.fullmatch(value):
                raise ProcessorUnusable(f"headers: {name} must be printable ASCII")
            seen.add(low)
            yield name, value if option == "headers" else secret("headers_env", value, setup)


def _execution_id(body: bytes) -> str | None:
    try:
        return execution_id_in(msgspec.json.decode(body))
    except (msgspec.DecodeError, RecursionError):
        return None
