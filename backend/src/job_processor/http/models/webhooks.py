"""Webhooks: of a job, standing endpoints, deliveries."""

from typing import Annotated

from msgspec import Meta

from job_processor.core.job import WebhookEvent
from job_processor.core.webhooks import DeliveryState, DisabledBecause
from job_processor.http.models.types import TEXT, FlowName, JobId, Time, WireIn, WireOut

MAX_URL = 2_048
_NO_CREDENTIALS = "http or https, without user name and password; private addresses only where the server allows them"
WebhookUrl = Annotated[
    str,
    Meta(
        min_length=10,
        max_length=MAX_URL,
        description=_NO_CREDENTIALS,
        examples=["https://example.com/hooks/jobs"],
        extra_json_schema={"pattern": "^https?://[^\\u0000-\\u0020]+$"},
    ),
]
Events = Annotated[list[WebhookEvent], Meta(min_length=1, max_length=3, description="which ends are told")]
SigningSecret = Annotated[str, Meta(pattern="^whsec_[A-Za-z0-9+/]{43}=$", description="a signing secret")]


class JobWebhookIn(WireIn):
    """Where to tell that the job has ended. ``events`` null: of every end."""

    url: WebhookUrl
    events: Events | None = None


class JobWebhookOut(WireOut):
    """``url``: without its query, which may hold a secret."""

    url: str
    events: list[WebhookEvent]


class SigningSecretsOut(WireOut):
    """The secrets that sign the webhooks of the jobs of whoever asks. Two while
    WEBHOOK_SECRET is changed; the first one stays."""

    secrets: list[SigningSecret]


class EndpointRequest(WireIn):
    """``events``: of these ends only; null: of every end. ``flows``: of jobs of these flows only; null: of all."""

    url: WebhookUrl
    events: Events | None = None
    flows: Annotated[list[FlowName], Meta(min_length=1, max_length=50)] | None = None
    description: Annotated[str, Meta(max_length=200, extra_json_schema=TEXT)] = ""


class EndpointOut(WireOut):
    """A standing endpoint, without its secret. ``disabledBecause``: `asked` (by a person), `gone` (it answered 410) or
    `failing` (nothing was delivered for days). ``failingSince``: the first failed try since the last delivery."""

    id: JobId
    url: str
    events: list[WebhookEvent]
    flows: list[str] | None
    description: str
    created_at: Time
    created_by: str
    disabled_at: Time | None
    disabled_because: DisabledBecause | None
    failing_since: Time | None


class MadeEndpointOut(EndpointOut):
    """``secret``: it cannot be shown again."""

    secret: SigningSecret


class TryOut(WireOut):
    """One request. ``status`` null: there was no answer, and ``error`` says why. ``answer``: the beginning of what came
    back."""

    at: Time
    milliseconds: int
    status: int | None
    error: str | None
    answer: str


class DeliveryOut(WireOut):
    """One notice for one receiver. ``messageId``: its `webhook-id`. ``endpointId`` null: to the webhook of the job or
    batch itself. ``nextAt``: of the next try. ``url``: without its query."""

    id: JobId
    message_id: str
    event: str
    state: DeliveryState
    job_id: JobId | None
    endpoint_id: JobId | None
    batch_id: JobId | None
    flow: str
    url: str
    created_at: Time
    next_at: Time | None
    settled_at: Time | None
    note: str | None
    tries: list[TryOut]


class DeliveryWhole(DeliveryOut):
    """``body``: what is sent, byte for byte, with every try."""

    body: str
