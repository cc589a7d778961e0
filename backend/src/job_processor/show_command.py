"""``show``: prints one job of a running server."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from job_processor.client import Client

_ENDED_BY = {"callback": "a callback", "reconcile": "a reconcile call"}


async def show(client: Client, job_id: str, *, as_json: bool) -> int:
    """Print the job; for a PENDING one also its place in the queue and its expected start. Returns the exit code.

    Raises ``RequestFailed``.
    """
    path = f"/jobs/{quote(job_id, safe='')}"
    job = await client.ask("GET", path)
    if as_json:
        client.say(json.dumps(job, ensure_ascii=False, indent=2))
        return 0
    place = (await client.ask("GET", f"{path}/place")) if job["status"] == "PENDING" else None
    for line in _lines(job, place):
        client.say(line)
    return 0


def _lines(job: Mapping[str, Any], place: Mapping[str, Any] | None) -> list[str]:
    lines = [f"{job['id']}  {job['status']}  {job['flow']}"]
    fields = {"created": job["createdAt"], "finished": job["finishedAt"], "key": job["key"]}
    fields |= {"attempt": f"{job['attempt']} ({job['failures']} of {job['maxAttempts']} failed)"}
    exchange = job["attempts"][-1]["exchange"] if job["attempts"] else None
    if exchange is not None:
        fields |= {"sent to": _with_size(exchange["sentTo"], exchange["requestBytes"]), "answer": _answer(exchange)}
    if job["waitingOn"] is not None:
        fields["waits"] = job["waitingOn"]["detail"]
    if place is not None and place["ahead"] is not None:
        fields["queue"] = place["detail"]
    if place is not None and place["expectedStart"] is not None:
        fields["start"] = f"{'after' if place['more'] else 'about'} {place['expectedStart']}"
    if job["error"] is not None:
        fields["error"] = f"{job['error']['code']}: {job['error']['message']}"
    fields |= {"prompt": job["prompt"], "result": job["result"]}
    return [*lines, *(f"{name:<8}  {_printable(text)}" for name, text in fields.items() if text is not None)]


def _answer(exchange: Mapping[str, Any]) -> str | None:
    """The response and callback of the newest attempt in words; ``None``: no response with a status, no callback."""
    status, later = exchange["status"], _ENDED_BY.get(exchange["endedBy"])
    first = None if status is None else _with_size(f"HTTP {status}", exchange["responseBytes"])
    return ", then ".join(filter(None, (first, later))) or None


def _with_size(text: str, size: int | None) -> str:
    return text if size is None else f"{text} ({size:,} bytes)"


def _printable(text: str) -> str:
    """The text without terminal escape sequences, because prompts and results are untrusted."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
