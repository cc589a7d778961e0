"""Keys, the session, and the audit."""

from typing import Annotated, Literal

from msgspec import Meta

from job_processor.core.access import PrincipalKind, Right
from job_processor.core.audit import AuditAct, AuditOutcome
from job_processor.core.key_text import ID_LENGTH, PATTERN
from job_processor.http.models.types import NO_NUL, TEXT, FlowName, JobId, Time, TimeIn, WireIn, WireOut

KeyId = Annotated[str, Meta(pattern=f"^[0-9a-z]{{{ID_LENGTH}}}$", description="the id of an API key")]
KeyText = Annotated[str, Meta(pattern=f"^{PATTERN}$", description="the key, which is shown this once")]


class KeyRequest(WireIn):
    """``rights``: `operate` includes `read`, and `admin` everything. ``flows``: the flows that the key is limited to;
    null: all."""

    name: Annotated[str, Meta(min_length=1, max_length=100, extra_json_schema=TEXT)]
    rights: Annotated[list[Right], Meta(min_length=1, max_length=4)]
    flows: Annotated[list[FlowName], Meta(min_length=1, max_length=50)] | None = None
    expires_at: TimeIn | None = None
    rate_per_minute: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None


class RotateRequest(WireIn):
    overlap_seconds: Annotated[
        float, Meta(ge=0, le=2_592_000, description="how long the old key is valid beside the new one")
    ] = 86_400.0


class KeyOut(WireOut):
    """An API key without its secret. ``createdBy``: the id of the key, or the person, that made it. ``lastUsedAt``: to
    the minute."""

    id: KeyId
    name: str
    rights: list[Right]
    flows: list[str] | None
    created_at: Time
    created_by: str
    expires_at: Time | None
    revoked_at: Time | None
    last_used_at: Time | None
    rate_per_minute: int | None


class MadeKeyOut(KeyOut):
    """A new API key. ``key`` is stored nowhere: it cannot be shown again."""

    key: KeyText


class SignIn(WireIn):
    key: Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_NUL, description="an API key")]


class SignInWay(WireOut):
    """``key``: send an API key to `POST /session`. ``oidc``: open ``path``, a link for the browser; ``name``: of the
    identity provider, for people: "Sign in with …"."""

    kind: Literal["key", "oidc"]
    name: str
    path: str


class SignInWaysOut(WireOut):
    """How one can sign in. ``auth``: how the server authenticates. ``ways``: empty where nobody needs to sign in."""

    auth: str
    ways: list[SignInWay]


class SessionOut(WireOut):
    """Who asks. ``auth``: how the server authenticates. ``flows``: null: all."""

    auth: str
    kind: PrincipalKind
    id: str
    name: str
    rights: list[Right]
    flows: list[str] | None
    expires_at: Time | None


class ActiveSessionOut(WireOut):
    """``who``: the key's id, or the person's subject. ``seenAt``: to the minute. ``expiresAt``: if it is not used until
    then. ``current``: of this request."""

    id: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    kind: PrincipalKind
    who: str
    name: str
    address: str
    created_at: Time
    seen_at: Time
    expires_at: Time
    current: bool


class AuditOut(WireOut):
    """``kind`` and ``who``: of the principal. ``what``: the job, key, session or flow, or the route that was
    refused."""

    id: JobId
    at: Time
    act: AuditAct
    outcome: AuditOutcome
    kind: str
    who: str
    address: str
    request_id: str
    what: str
    detail: str | None
