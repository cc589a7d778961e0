"""n8n's public API: read the outcome of an execution, and stop it."""

import json
import logging
from dataclasses import dataclass
from typing import Any, Final

from yarl import URL

from job_processor.core.job import JobError
from job_processor.core.outcome import Accepted, Failed, HandOver, Succeeded
from job_processor.outgoing.error_details import decoded
from job_processor.outgoing.session import Outgoing, Reply
from job_processor.processors import result_size
from job_processor.processors.answers.meaning import detail_of, error_text, one_line
from job_processor.processors.base import Finding
from job_processor.processors.callback_dispatch import is_execution_id
from job_processor.processors.http import json_pointer
from job_processor.processors.model.answer import valid_unicode

SECONDS: Final = 10.0
"""Timeout of one request."""
BODY_LIMIT: Final = 16 * 1_048_576
RESULTS: Final = 8
"""The limit of an execution record is ``BODY_LIMIT`` bytes or ``RESULTS`` times the largest result, because it contains
the output of every node."""

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
    """A client for the executions of one n8n. Its API key is sent only over its own connections, to this address."""

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
        self._max_bytes = max_result_bytes
        headers = {"X-N8N-API-KEY": key, "Accept": "application/json"}
        limit = max(BODY_LIMIT, RESULTS * max_result_bytes)
        self._outgoing = Outgoing(SECONDS, headers=headers, ca_file=ca_file, body_limit=limit)

    async def open(self) -> None:
        await self._outgoing.open()

    async def close(self) -> None:
        await self._outgoing.close()

    async def find_outcome(self, job_id: str, execution_id: str) -> Finding | None:
        """Read the execution; ``None`` if ``execution_id`` is not a valid id."""
        if not is_execution_id(execution_id):
            return None
        reply = await self._ask("GET", (self._executions / execution_id).with_query(includeData="true"))
        asked = f"Asked n8n about execution {execution_id}: it"
        if isinstance(reply, str):
            return Finding(f"{asked} could not be reached ({reply}).", answered=False)
        if reply.status != 200:
            said = error_text(reply.body)
            callback = f"HTTP {reply.status}: {said}" if said else f"HTTP {reply.status}"
            if reply.status == 404:
                # Only JSON of n8n itself counts as an answer, because while n8n starts its API is not available.
                return Finding(f"{asked} does not know it ({callback}).", answered=_is_json(reply.body))
            if reply.status in (401, 403):
                return Finding(f"{asked} refuses the key of api_key_env ({callback}).")
            return Finding(f"{asked} answered {callback}.", answered=False)
        if reply.unread is not None:
            return Finding(f"{asked} answered with a record that could not be read ({reply.unread}).")
        try:
            execution = decoded(reply.body)
        except (ValueError, RecursionError):
            execution = None
        if not isinstance(execution, dict):
            return Finding(f"{asked} answered with something that is not an execution.", answered=False)
        return self._read(execution, asked, job_id, execution_id)

    def _read(self, execution: dict[str, Any], asked: str, job_id: str, execution_id: str) -> Finding:
        status = one_line(str(execution.get("status")), 40)
        callback = _callback_of(execution, self._result_node)
        if callback is not None and callback.job_id not in (None, job_id):
            return Finding(f"{asked} knows it as another job's. Is api_url the n8n of this flow?")
        if status in _STILL_GOING:
            # n8n may have built the callback while this server was down, and may be about to retry its delivery.
            if callback is not None and (callback.result is not None or callback.error is not None):
                return _found(
                    f"{asked} has not delivered what it built ({status}).",
                    callback,
                    "success",
                    execution_id,
                    self._max_bytes,
                )
            return Finding(f"{asked} still works on it ({status}).", Accepted(self._callback_timeout_ms, execution_id))
        if status not in _ENDED:
            return Finding(f"{asked} says {status!r} of it, which tells nothing.")
        words = f"{asked} {_ENDED[status]}."
        if callback is not None:
            return _found(words, callback, status, execution_id, self._max_bytes)
        failed = _ended(status, execution_id, _error_of(execution))
        # After a success without a callback, another workflow may be sending it.
        return Finding(words, failed, ended=status != "success")

    async def refusal(self) -> str | None:
        """The reason why the API cannot be used, for people; ``None`` if it can."""
        reply = await self._ask("GET", self._executions.with_query(limit="1"))
        if isinstance(reply, str):
            return f"Its API could not be reached ({reply})."
        if reply.status in (401, 403):
            return f"Its API refuses the key of api_key_env (HTTP {reply.status})."
        return None if reply.status == 200 else f"Its API answered HTTP {reply.status}. Is api_url right?"

    async def stop(self, execution_id: str) -> str | None:
        """Stop the execution; the answer for people, or ``None`` if ``execution_id`` is not a valid id."""
        if not is_execution_id(execution_id):
            return None
        reply = await self._ask("POST", self._executions / execution_id / "stop")
        if isinstance(reply, str):
            return f"n8n could not be reached to stop execution {execution_id}."
        if reply.status == 200:
            return f"n8n stopped execution {execution_id}."
        return f"n8n did not stop execution {execution_id} (HTTP {reply.status}: {error_text(reply.body)})."

    async def _ask(self, method: str, url: URL) -> Reply | str:
        """The reply, or the reason why there is none."""
        reply = await self._outgoing.request(method, url)
        if isinstance(reply, HandOver):
            reason = detail_of(reply)
            _log.warning("n8n's API could not be reached: %s", reason)
            return one_line(reason).rstrip(".")
        if reply.status in (401, 403):
            _log.warning("n8n's API rejects the key of api_key_env (HTTP %d)", reply.status)
        return reply


def _is_json(body: bytes) -> bool:
    try:
        decoded(body)
    except (ValueError, RecursionError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Callback:
    """The callback that an execution built. ``result``: a string, or the JSON text of any other value."""

    job_id: object
    result: str | None
    error: str | None


def _callback_of(execution: dict[str, Any], node: str) -> _Callback | None:
    """The callback in the output of the last run of ``node``; ``None`` if there is none."""
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
        # Numbers are not converted, because a result may contain any.
        fields = json.loads(body, parse_int=str, parse_float=str)
        return _built(fields, json_pointer.find(body, _RESULT)) if isinstance(fields, dict) else None
    except json_pointer.NotThere:
        return _built(fields, "null")
    except (ValueError, RecursionError, json_pointer.NotJson):
        return None


def _built(fields: dict[str, Any], result_json: str) -> _Callback:
    """``result_json``: the text of the result in the document, unchanged."""
    result, error = fields.get("result"), fields.get("error")
    text = None if result is None else result if isinstance(result, str) else result_json
    return _Callback(fields.get("jobId"), text, one_line(str(error)) if error else None)


def _found(words: str, callback: _Callback, status: str, execution_id: str, max_bytes: int) -> Finding:
    """The finding for an execution that built a callback."""
    if callback.result is not None:
        text, note = valid_unicode(callback.result)
        outcome = result_size.refused(text, "The result", max_bytes) or Succeeded(text, note=note)
        return Finding(words, outcome, ended=True)
    return Finding(words, _ended(status, execution_id, callback.error), ended=True)


def _error_of(execution: dict[str, Any]) -> str | None:
    match execution:
        case {"data": {"resultData": {"error": {"message": str(message)}}}}:
            return one_line(message)
        case _:
            return None


def _ended(status: str, execution_id: str, reason: str | None) -> Failed:
    """Always retryable, because an execution that failed or was stopped (also by a shutdown) is no fault of the job."""
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
