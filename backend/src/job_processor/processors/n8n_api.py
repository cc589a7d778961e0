"""n8n's public API about one execution: what became of it, and stop it."""

import json
import logging
from dataclasses import dataclass
from typing import Any, Final

from yarl import URL

from job_processor.core.job import JobError
from job_processor.core.outcome import Accepted, Failed, HandOver, Succeeded
from job_processor.processors import json_pointer, result_size
from job_processor.processors.answers import detail_of, one_line, quoted
from job_processor.processors.base import Finding
from job_processor.processors.callback_dispatch import is_execution_id
from job_processor.processors.completion import sound
from job_processor.processors.error_body import decoded
from job_processor.processors.outgoing import Outgoing, Reply

SECONDS: Final = 10.0
"""The deadline of one question."""
BODY_LIMIT: Final = 16 * 1_048_576
RESULTS: Final = 8
"""Bytes of an execution, or so many of the largest results: it comes with what every node of it put out."""

_STILL_GOING: Final = frozenset({"new", "running", "waiting"})
_ENDED: Final = {
    "success": "has finished it",
    "error": "says that it failed",
    "crashed": "says that it crashed",
    "canceled": "says that it was stopped",
}
_RESULT: Final = json_pointer.parse("/result")
_log = logging.getLogger(__name__)


class N8nApi:
    """Asks about executions of one n8n. Its key travels in connections of its own, to this address only."""

    def __init__(
        self,
        root: URL,
        key: str,
        *,
        result_node: str,
        callback_timeout_ms: int,
        max_result_bytes: int,
        ca_file: str | None = None,
    ) -> None:
        self._executions = root / "api" / "v1" / "executions"
        self._result_node = result_node
        self._callback_timeout_ms = callback_timeout_ms
        self._most = max_result_bytes
        headers = {"X-N8N-API-KEY": key, "Accept": "application/json"}
        limit = max(BODY_LIMIT, RESULTS * max_result_bytes)
        self._outgoing = Outgoing(SECONDS, headers=headers, ca_file=ca_file, body_limit=limit)

    async def open(self) -> None:
        await self._outgoing.open()

    async def close(self) -> None:
        await self._outgoing.close()

    async def became_of(self, job_id: str, execution_id: str) -> Finding | None:
        """What n8n says of the execution; ``None`` for what is no execution's id."""
        if not is_execution_id(execution_id):
            return None
        reply = await self._ask("GET", (self._executions / execution_id).with_query(includeData="true"))
        asked = f"Asked n8n about execution {execution_id}: it"
        if isinstance(reply, str):
            return Finding(f"{asked} could not be reached ({reply}).", answered=False)
        if reply.status != 200:
            said = quoted(reply.body)
            told = f"HTTP {reply.status}: {said}" if said else f"HTTP {reply.status}"
            if reply.status == 404:
                # Only n8n's own word counts: while it starts, its API is not there yet.
                return Finding(f"{asked} does not know it ({told}).", answered=_is_json(reply.body))
            if reply.status in (401, 403):
                return Finding(f"{asked} refuses the key of api_key_env ({told}).")
            return Finding(f"{asked} answered {told}.", answered=False)
        if reply.unread is not None:
            return Finding(f"{asked} answered with a record that could not be read ({reply.unread}).")
        try:
            execution = decoded(reply.body)
        except (ValueError, RecursionError):
            execution = None
        if not isinstance(execution, dict):
            return Finding(f"{asked} answered with something that is no execution.", answered=False)
        return self._read(execution, asked, job_id, execution_id)

    def _read(self, execution: dict[str, Any], asked: str, job_id: str, execution_id: str) -> Finding:
        status = one_line(str(execution.get("status")), 40)
        told = _callback_of(execution, self._result_node)
        if told is not None and told.job_id not in (None, job_id):
            return Finding(f"{asked} knows it as another job's. Is api_url the n8n of this flow?")
        if status in _STILL_GOING:
            # It may have built its callback while we were down, and wait to deliver it again.
            if told is not None and (told.result is not None or told.error is not None):
                return _found(
                    f"{asked} has not delivered what it built ({status}).", told, "success", execution_id, self._most
                )
            return Finding(f"{asked} still works on it ({status}).", Accepted(self._callback_timeout_ms, execution_id))
        if status not in _ENDED:
            return Finding(f"{asked} says {status!r} of it, which tells nothing.")
        words = f"{asked} {_ENDED[status]}."
        if told is not None:
            return _found(words, told, status, execution_id, self._most)
        failed = _ended(status, execution_id, _error_of(execution))
        # A run that succeeded may have left its callback to somebody else.
        return Finding(words, failed, ended=status != "success")

    async def stop(self, execution_id: str) -> str | None:
        """What came of the wish to stop it, in words; ``None`` for what is no execution's id."""
        if not is_execution_id(execution_id):
            return None
        reply = await self._ask("POST", self._executions / execution_id / "stop")
        if isinstance(reply, str):
            return f"n8n could not be reached to stop execution {execution_id}."
        if reply.status == 200:
            return f"n8n stopped execution {execution_id}."
        return f"n8n did not stop execution {execution_id} (HTTP {reply.status}: {quoted(reply.body)})."

    async def _ask(self, method: str, url: URL) -> Reply | str:
        """The answer, or why there is none."""
        reply = await self._outgoing.request(method, url)
        if isinstance(reply, HandOver):
            said = detail_of(reply)
            _log.warning("n8n's API could not be asked: %s", said)
            return one_line(said).rstrip(".")
        if reply.status in (401, 403):
            _log.warning("n8n's API refuses the key of api_key_env (HTTP %d)", reply.status)
        return reply


def _is_json(body: bytes) -> bool:
    try:
        decoded(body)
    except (ValueError, RecursionError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Built:
    """The callback that a run had built. ``result`` is text, or the JSON text of any other value."""

    job_id: object
    result: str | None
    error: str | None


def _callback_of(execution: dict[str, Any], node: str) -> _Built | None:
    """What the workflow built for us, from the last run of the node that builds it."""
    match execution:
        case {"data": {"resultData": {"runData": dict() as runs}}}:
            pass
        case _:
            return None
    match runs.get(node):
        case [*_, {"data": {"main": [[{"json": dict() as item}, *_], *_]}}]:
            pass
        case _:
            return None
    if not isinstance(item.get("body"), str):
        return _built(item, json.dumps(item.get("result"), ensure_ascii=False))
    body = item["body"].removeprefix("\ufeff")
    try:
        # Numbers stay text: a result may hold any.
        fields = json.loads(body, parse_int=str, parse_float=str)
        return _built(fields, json_pointer.find(body, _RESULT)) if isinstance(fields, dict) else None
    except json_pointer.NotThere:
        return _built(fields, "null")
    except (ValueError, RecursionError, json_pointer.NotJson):
        return None


def _built(fields: dict[str, Any], spelt: str) -> _Built:
    """``spelt``: the result as the document spells it."""
    result, error = fields.get("result"), fields.get("error")
    text = None if result is None else result if isinstance(result, str) else spelt
    return _Built(fields.get("jobId"), text, one_line(str(error)) if error else None)


def _found(words: str, told: _Built, status: str, execution_id: str, most: int) -> Finding:
    """With the callback that the run had built."""
    if told.result is not None:
        text, note = sound(told.result)
        outcome = result_size.refused(text, "The result", most) or Succeeded(text, note=note)
        return Finding(words, outcome, ended=True)
    return Finding(words, _ended(status, execution_id, told.error), ended=True)


def _error_of(execution: dict[str, Any]) -> str | None:
    match execution:
        case {"data": {"resultData": {"error": {"message": str(message)}}}}:
            return one_line(message)
        case _:
            return None


def _ended(status: str, execution_id: str, reason: str | None) -> Failed:
    """Retryable all: an execution that died, or was stopped (a shutdown does that), says nothing about the job."""
    if status == "success" and reason is None:
        message = f"n8n finished execution {execution_id} and kept no result that could be fetched."
        return Failed(JobError("n8n_result_lost", message))
    because = f": {reason}" if reason else "."
    words = {"success": "ended with an error", "error": "failed", "crashed": "crashed", "canceled": "was stopped"}
    return Failed(
        JobError(
            "n8n_error" if status == "success" else f"n8n_{status}",
            f"n8n says that execution {execution_id} {words[status]}{because}",
        )
    )
