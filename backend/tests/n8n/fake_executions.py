"""What the fake n8n remembers of a run, and the bodies that it reads and sends."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web


class ExecutionStatus(StrEnum):
    """What n8n's API says of an execution; these are its words."""

    RUNNING = "running"
    WAITING = "waiting"
    SUCCESS = "success"
    ERROR = "error"
    CRASHED = "crashed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Received:
    """One dispatch as it came in."""

    job_id: str
    attempt: int
    prompt: str
    metadata: Mapping[str, object]
    callback_url: str
    callback_token: str
    execution_id: str


@dataclass(slots=True)
class Execution:
    """What the fake remembers of a run, for its API. ``body``: the callback it built, if it got that far."""

    received: Received
    status: ExecutionStatus = ExecutionStatus.RUNNING
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One callback the fake sent: its body, and the status it got (``None``: nobody there)."""

    body: Mapping[str, object]
    status: int | None


def parse(text: str, execution_id: str) -> Received | None:
    """The dispatch, or ``None`` when it lacks what the workflow's "Dispatch ok?" asks for."""
    body = json.loads(text)
    match body:
        case {"jobId": str(job_id), "prompt": str(prompt), "callbackUrl": str(callback_url)} if job_id:
            attempt, metadata, token = body.get("attempt"), body.get("metadata"), body.get("callbackToken")
            return Received(
                job_id=job_id,
                attempt=attempt if isinstance(attempt, int) else 0,
                prompt=prompt,
                metadata=metadata if isinstance(metadata, dict) else {},
                callback_url=callback_url,
                callback_token=token if isinstance(token, str) else "",
                execution_id=execution_id,
            )
        case _:
            return None


def accepted(received: Received) -> web.Response:
    body = {"accepted": True, "jobId": received.job_id, "executionId": received.execution_id}
    return web.json_response(body, status=202)


def callback_body(received: Received, result: str | None, error: str | None) -> dict[str, object]:
    body: dict[str, object] = {
        "jobId": received.job_id,
        "attempt": received.attempt,
        "executionId": received.execution_id,
    }
    if error is not None:
        return body | {"error": error}
    return body | {"result": json.dumps({"answer": f"echo: {received.prompt}"}) if result is None else result}


def summary(execution: Execution) -> dict[str, object]:
    return {
        "id": execution.received.execution_id,
        "finished": execution.status is ExecutionStatus.SUCCESS,
        "mode": "webhook",
        "status": execution.status,
        "workflowId": "jpMain0000000001",
    }


def run_data(execution: Execution) -> dict[str, object]:
    """Nodes that ran and what each put out; only the one that others read."""
    if execution.body is None:
        return {}
    item = {"json": {"body": execution.body}, "pairedItem": {"item": 0}}
    return {"Callback body": [{"executionStatus": "success", "data": {"main": [[item]]}}]}
