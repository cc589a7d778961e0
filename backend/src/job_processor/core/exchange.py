"""What was sent to a processor for an attempt and what came back: the small facts, without texts and secrets."""

from enum import StrEnum

import msgspec
from msgspec import structs

MAX_SENT_TO_CHARACTERS = 300


class EndedBy(StrEnum):
    """What from the processor ended an attempt."""

    RESPONSE = "response"
    """Its response to the request, or what its function returned or raised."""
    CALLBACK = "callback"
    """A callback, after it had accepted the attempt or before its response was there."""
    RECONCILE = "reconcile"
    """Its answer to a reconcile call."""


class Exchange(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """``sent_to`` and ``timeout_ms`` are recorded with the claim, before anything is sent; the rest with the outcome.

    ``array_like``: it is stored with every attempt, without the names of its fields.
    """

    sent_to: str
    """Method and host, and the model; or the function. At most ``MAX_SENT_TO_CHARACTERS``."""
    timeout_ms: int
    """How long the hand-over may take."""
    request_bytes: int | None = None
    """Size of the request's body. ``None``: not sent by HTTP, or not known."""
    status: int | None = None
    """HTTP status of the response. ``None``: none came, or none is expected."""
    response_bytes: int | None = None
    """Bytes of the response's body that were read."""
    ended_by: EndedBy | None = None
    """``None``: the attempt has not ended, or something else ended it: a timeout, a cancel, the end of a worker."""


def ended(known: Exchange | None, by: EndedBy, *, of_processor: bool) -> Exchange | None:
    """The exchange of an attempt that ended. ``by``: how the outcome came; ``of_processor``: only a processor gives it.

    A worker also reports what is not the processor's, such as a timeout. So it says itself what a response ended.
    """
    return (
        known if known is None or (by is EndedBy.RESPONSE and not of_processor) else structs.replace(known, ended_by=by)
    )
