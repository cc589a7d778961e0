"""The exchange of an attempt: address, sizes, status and end of what was sent and received; no texts, no secrets."""

from enum import StrEnum

import msgspec
from msgspec import structs

MAX_SENT_TO_CHARACTERS = 300


class EndedBy(StrEnum):
    """How the processor ended an attempt."""

    RESPONSE = "response"
    """By its response to the request, or by the return or exception of its Python function."""
    CALLBACK = "callback"
    """By a callback, after it had accepted the attempt or before its response arrived."""
    RECONCILE = "reconcile"
    """By its answer to a reconcile call."""


class Exchange(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One exchange. ``sent_to`` and ``timeout_ms`` are stored with the claim, before sending; others with the outcome.

    ``array_like``: it is stored with every attempt, without the names of its fields.
    """

    sent_to: str
    """Method, host and model, or the Python function. At most ``MAX_SENT_TO_CHARACTERS``."""
    timeout_ms: int
    """Timeout of the hand-over."""
    request_bytes: int | None = None
    """Size of the request's body. ``None``: not sent by HTTP, or unknown."""
    status: int | None = None
    """HTTP status of the response. ``None``: no response, or not HTTP."""
    response_bytes: int | None = None
    """Number of bytes that were read of the response's body."""
    ended_by: EndedBy | None = None
    """``None``: the attempt is open, or was ended by a timeout, a cancel or the stop of a worker."""


def ended(known: Exchange | None, by: EndedBy, *, of_processor: bool) -> Exchange | None:
    """The exchange of an attempt that has ended. ``by``: how the outcome was reported.

    ``of_processor``: only a processor gives such an outcome. Otherwise a worker's report may be about something else,
    such as a timeout; then ``ended_by`` stays as the worker has set it.
    """
    return (
        known if known is None or (by is EndedBy.RESPONSE and not of_processor) else structs.replace(known, ended_by=by)
    )
