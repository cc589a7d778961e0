"""What the status of an answer says: about the job, about the lane, or about the processor's health."""

import re
from collections.abc import Mapping

import msgspec

from job_processor.core.lane import Trouble
from job_processor.processors.base import LaneTrouble, ServerFault
from job_processor.processors.outgoing import AttemptFailed, Reply
from job_processor.processors.retry_after import retry_at

QUOTE_LIMIT = 300
"""Characters of somebody else's error message that are passed on."""

_CONFIGURATION = {
    401: "says that the credentials are wrong",
    403: "says that the credentials do not allow this",
    404: "says that nothing is found at this address",
    405: "does not take this kind of request at this address",
    407: "is behind a proxy that wants credentials",
    410: "says that this address is gone",
}
_TRY_AGAIN = frozenset({408, 409, 425})


def trouble_of(status: int, headers: Mapping[str, str], body: bytes, now: int) -> Exception:
    """What a status that is not a success means: LaneTrouble, ServerFault or AttemptFailed, for the caller to raise.

    ``now`` in milliseconds since 1970.
    """
    said = quoted(body)
    told = f"HTTP {status}: {said}" if said else f"HTTP {status}"
    if 300 <= status < 400:
        return LaneTrouble(Trouble.MISCONFIGURED, f"It redirects elsewhere, which is not followed (HTTP {status}).")
    if status in _CONFIGURATION:
        return LaneTrouble(Trouble.MISCONFIGURED, f"It {_CONFIGURATION[status]} ({told}).")
    if status == 429:
        return LaneTrouble(Trouble.RATE_LIMITED, f"It asks for fewer requests ({told}).", retry_at(headers, now))
    if status == 503:
        until = retry_at(headers, now)
        if until is not None:
            return LaneTrouble(Trouble.RATE_LIMITED, f"It asks to come back later ({told}).", until)
    if 400 <= status < 500:
        return AttemptFailed(f"http_{status}", f"It refused the job ({told}).", retryable=status in _TRY_AGAIN)
    return ServerFault(f"http_{status}", told)


def raise_for_trouble(reply: Reply, now: int) -> None:
    """Raises what ``trouble_of`` says, unless the status is a success (2xx)."""
    if not 200 <= reply.status < 300:
        raise trouble_of(reply.status, reply.headers, reply.body, now)


def quoted(body: bytes) -> str:
    """The error message in an answer, short and on one line; empty when there is none for people to read."""
    try:
        text = body[: 64 * 1024].decode()
    except UnicodeDecodeError:
        return ""
    try:
        found = _message(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError):
        found = "" if text.lstrip().startswith("<") else text
    return one_line(found)


def one_line(text: str) -> str:
    """A stranger's words, short, on one line, and of characters that can be kept: half of one cannot."""
    printable = "".join(c if c.isprintable() else " " for c in text[: 2 * QUOTE_LIMIT])
    line = re.sub(r" {2,}", " ", printable).strip()
    return line if len(line) <= QUOTE_LIMIT else line[: QUOTE_LIMIT - 1] + "…"


def _message(value: object) -> str:
    """The forms that n8n, OpenAI, problem+json and others use."""
    match value:
        case str():
            return value
        case {"error": dict() as inner}:
            return _message(inner)
        case {"message": str(message)} | {"error": str(message)} | {"detail": str(message)} | {"title": str(message)}:
            return message
        case _:
            return ""
