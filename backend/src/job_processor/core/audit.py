"""The audit: who did what, on which object, with which outcome. It contains no secret, prompt or result."""

from dataclasses import dataclass
from enum import StrEnum

from job_processor.core.access import Requester


class AuditAct(StrEnum):
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    REFUSED = "refused"
    """A request without a valid credential, or without the right. A run of them is one entry with a count."""
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    KEY_ROTATED = "key_rotated"
    JOB_CANCELLED = "job_cancelled"
    JOB_RETRIED = "job_retried"
    JOB_REPLAYED = "job_replayed"
    JOB_DELETED = "job_deleted"
    BATCH_SUBMITTED = "batch_submitted"
    BATCH_CANCELLED = "batch_cancelled"
    RESULT_ACCEPTED = "result_accepted"
    CALLBACK_REJECTED = "callback_rejected"
    BULK_STARTED = "bulk_started"
    BULK_ABORTED = "bulk_aborted"
    FLOW_PAUSED = "flow_paused"
    FLOW_RESUMED = "flow_resumed"
    ENDPOINT_CREATED = "endpoint_created"
    ENDPOINT_CHANGED = "endpoint_changed"
    ENDPOINT_DELETED = "endpoint_deleted"
    ENDPOINT_ROTATED = "endpoint_rotated"
    ENDPOINT_ENABLED = "endpoint_enabled"
    ENDPOINT_DISABLED = "endpoint_disabled"
    ENDPOINT_TESTED = "endpoint_tested"
    DELIVERY_REPLAYED = "delivery_replayed"


class AuditOutcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """The process died, or lost its database, between writing this entry and the act itself (MongoDB)."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry. ``id``: 24 hex digits, ordered by time. ``at``: milliseconds since 1970.

    ``kind``, ``who``: the principal's kind and id. ``what``: the object: the id of a job, key, callback or session, the
    name of a flow, or a method and route. ``detail``: a code or a number, never text that a client sent.
    """

    id: str
    at: int
    act: AuditAct
    outcome: AuditOutcome
    kind: str
    who: str
    address: str
    request_id: str
    what: str
    detail: str | None = None


def entry_of(
    requester: Requester,
    entry_id: str,
    at: int,
    act: AuditAct,
    what: str,
    detail: str | None = None,
    outcome: AuditOutcome = AuditOutcome.DONE,
) -> AuditEntry:
    """The entry for an act of ``requester`` on the object ``what``. ``at``: milliseconds since 1970."""
    principal = requester.principal
    return AuditEntry(
        entry_id,
        at,
        act,
        outcome,
        principal.kind.value,
        principal.id,
        requester.address,
        requester.request_id,
        what,
        detail,
    )
