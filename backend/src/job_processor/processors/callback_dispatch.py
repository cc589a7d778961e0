"""The body of a dispatch whose answer comes by callback: what webhook and n8n flows receive."""

from typing import Any

import msgspec

from job_processor.processors.base import Dispatch

_ENCODER = msgspec.json.Encoder()


def dispatch_body(dispatch: Dispatch) -> bytes:
    """JSON with jobId, attempt, prompt, metadata, callbackUrl, callbackToken; and resultSchema and complaint if any."""
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
