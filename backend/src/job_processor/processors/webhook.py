"""``processor = "webhook"``: an endpoint that accepts a POST with 2xx and calls back later."""

from typing import Annotated

import msgspec

from job_processor.core.job import Attempt
from job_processor.core.outcome import Accepted, HandOver, Outcome
from job_processor.outgoing.session import Outgoing, total_seconds
from job_processor.processors.answers.again import again_in
from job_processor.processors.answers.meaning import error_in_success, judge_status
from job_processor.processors.base import Dispatch, ProcessorSetup
from job_processor.processors.callback_dispatch import dispatch_body
from job_processor.processors.health import Health, ask_any
from job_processor.processors.http_options import HttpOptions, address, secret, sends_to


class WebhookOptions(HttpOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The options of the flow. ``token_env``: the environment variable with the value of the header
    ``token_header``."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
    token_env: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    token_header: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,64}$")] = "Authorization"


class WebhookProcessor:
    """A response with 2xx is an acceptance, unless its body is an error with a status, or asks for the job later."""

    def __init__(self, options: WebhookOptions, setup: ProcessorSetup) -> None:
        self._url = address("url", options.url)
        self.sends_to = sends_to("POST", self._url)
        self._now = setup.now
        self._accepted = Accepted(int(1000 * setup.rules.callback_timeout_seconds))
        headers = {"Content-Type": "application/json"}
        if options.token_env is not None:
            headers[options.token_header] = secret("token_env", options.token_env, setup)
        self._outgoing = Outgoing(total_seconds(setup.rules), headers=headers, ca_file=options.ca_file)

    async def open(self) -> None:
        await self._outgoing.open()

    async def close(self) -> None:
        await self._outgoing.close()

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        reply = await self._outgoing.request("POST", self._url, dispatch_body(dispatch), measured=dispatch.measured)
        if isinstance(reply, HandOver):
            return reply
        now = self._now()
        return (
            judge_status(reply.status, reply.headers, reply.body, now)
            or error_in_success(reply.status, reply.headers, reply.body, now)
            or again_in(reply.body, dispatch.job_id, now)
            or self._accepted
        )

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        """Always ``None``, because an endpoint cannot be told to stop."""
        return None

    async def health(self) -> Health:
        return await ask_any(self._outgoing, self._url, self._now)
