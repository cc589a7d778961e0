"""Hand-overs that are answered by callback: the request body, and the execution id in the acceptance."""

import re
from typing import Any, Final

import msgspec

from job_processor.processors.base import Dispatch

_ENCODER = msgspec.json.Encoder()
_EXECUTION_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def dispatch_body(dispatch: Dispatch) -> bytes:
    """JSON with jobId, attempt, prompt, metadata, callbackUrl and callbackToken; resultSchema and complaint if set."""
    body: dict[str, Any] = {
        "jobId": dispatch.job_id,
        "attempt": dispatch.attempt,
        "prompt": dispatch.prompt,
        "metadata": dict(dispatch.metadata),
        "callbackUrl": dispatch.callback_url,
        "callbackToken": dispatch.callback_token,
    }
    if dispatch.result_schema is not None:
        body["resultSchema"] = dispatch.result_schema
    if dispatch.complaint is not None:
        body["complaint"] = dispatch.complaint
    return _ENCODER.encode(body)


def is_execution_id(text: str) -> bool:
    """True for 1 to 64 letters, digits, ``_`` and ``-``: an id from outside that is safe as part of a URL."""
    return _EXECUTION_ID.fullmatch(text) is not None


def execution_id_in(acceptance: object) -> str | None:
    """The ``executionId`` (string or number) of an acceptance (decoded JSON); ``None`` if missing or invalid."""
    given = acceptance.get("executionId") if isinstance(acceptance, dict) else None
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        return None
    return str(given) if is_execution_id(str(given)) else None
