"""Jobs: submit, list, look, cancel, retry, replay, compare, delete."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from job_processor import results
from job_processor.core.errors import JobNotFound, MoveRefused
from job_processor.core.job import Attempt, AttemptEnd, Job, Json
from job_processor.failpoints import failpoint
from job_processor.http import paging, query, schemas, wire
from job_processor.http.comparison import compare
from job_processor.http.context import Context, answer, answer_list, header, job_id
from job_processor.http.fingerprint import idempotency_key
from job_processor.http.gate import check_free_form, read_json
from job_processor.http.hangup import unless_gone
from job_processor.http.problems import invalid
from job_processor.http.waits import Waits
from job_processor.lifecycle import NewJob

MAX_METADATA_BYTES = 16 * 1024
MAX_SCHEMA_BYTES = 64 * 1024
_KEY = re.compile(rb"^[\x21-\x7e]{1,255}\Z")
_UNSEEN = "".join(c for c in map(chr, range(0x10000)) if c.isspace() or unicodedata.category(c) == "Cf")
"""White space, and what has no width: zero-width spaces, joiners, direction marks."""


class Jobs:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._waits = Waits(context)

    async def submit(self, request: Request) -> Response:
        context = self._context
        key = _idempotency_key(request)
        wanted = await read_json(request, schemas.Submission)
        new = _checked(wanted)
        if new.result_schema is not None:
            await self._check_schema(new.result_schema)
        added = await context.lifecycle.submit(new, None if key is None else idempotency_key(key, wanted))
        failpoint("submit.before_response")
        headers = {"location": f"/jobs/{added.job.id}"}
        if added.created:
            context.telemetry.submitted(added.job.flow)
        else:
            headers["idempotent-replayed"] = "true"
        job, applied = await self._waits.whole(request, added.job.id, added.job)
        return answer(wire.whole(job, await context.waits(job)), 201, headers | applied)

    async def _check_schema(self, schema: Mapping[str, Json]) -> None:
        """Raises ``Refused`` for a schema that is none, or that no result could be held against in time."""
        too_costly = results.is_hopeless(schema)
        if too_costly is not None:
            raise invalid("resultSchema", too_costly)
        if await self._context.lifecycle.check_schema(schema) is not None:
            raise invalid("resultSchema", "must be a valid JSON Schema")

    async def list(self, request: Request) -> Response:
        context = self._context
        wanted = query.parse(request.query_params)
        found = await unless_gone(request, context.store.list(wanted))
        situation = await context.situations.recent()
        made, more = answer_list(
            ((one.id, wire.summary(one, context.waits_in(one, situation))) for one in found), wanted.limit
        )
        if more is not None:
            made.headers["link"] = paging.next_page("/jobs", request.query_params, more)
        return made

    async def get(self, request: Request) -> Response:
        context = self._context
        job, headers = await self._waits.whole(request, job_id(request))
        made = answer(wire.whole(job, await context.waits(job)), headers=headers)
        made.headers["etag"] = f'"{hashlib.blake2b(bytes(made.body), digest_size=12).hexdigest()}"'
        if _is_known(request.headers.get("if-none-match", ""), made.headers["etag"]):
            return Response(status_code=304, headers={"etag": made.headers["etag"]})
        return made

    async def cancel(self, request: Request) -> Response:
        context = self._context
        wanted = await read_json(request, schemas.CancelRequest, optional=True)
        moved = await context.lifecycle.cancel(job_id(request), wanted.reason)
        if moved.landed:
            context.telemetry.moved(moved.job)
            ended = _ended_by_cancel(moved.job)
            if ended is not None:
                await context.cancel_accepted(moved.job.flow, moved.job.id, ended)
        failpoint("cancel.before_response")
        return answer(wire.whole(moved.job, None))

    async def retry(self, request: Request) -> Response:
        wanted = await read_json(request, schemas.RetryRequest, optional=True)
        job = await self._context.lifecycle.retry(job_id(request), wanted.max_attempts)
        failpoint("retry.before_response")
        return answer(wire.whole(job, await self._context.waits(job)))

    async def replay(self, request: Request) -> Response:
        context = self._context
        wanted = await read_json(request, schemas.ReplayRequest, optional=True)
        if wanted.prompt is not None:
            _check_prompt(wanted.prompt)
        job = await context.lifecycle.replay(job_id(request), wanted.flow, wanted.prompt)
        context.telemetry.submitted(job.flow)
        failpoint("replay.before_response")
        return answer(wire.whole(job, await context.waits(job)), 201, {"location": f"/jobs/{job.id}"})

    async def compare(self, request: Request) -> Response:
        left = await self._context.job(request)
        right = await self._context.store.get(request.path_params["otherId"])
        if right is None:
            raise JobNotFound
        return answer(compare(left, right))

    async def delete(self, request: Request) -> Response:
        wanted = job_id(request)
        if not await self._context.store.delete(wanted):
            job = await self._context.job(request)
            raise MoveRefused(f"Only final jobs can be deleted; this one is {job.state.value}.")
        failpoint("delete.before_response")
        return Response(status_code=204)


def _ended_by_cancel(job: Job) -> Attempt | None:
    """The attempt that was under way when the cancel landed, which may be another than when it was asked for."""
    newest = job.attempts[-1] if job.attempts else None
    if newest is None or newest.end is not AttemptEnd.CANCELLED or newest.ended_at != job.finished_at:
        return None
    return newest


def _is_known(given: str, etag: str) -> bool:
    """RFC 9110, 13.1.2: a list, or any; a proxy that compresses makes ours weak."""
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in given.split(","))


def _idempotency_key(request: Request) -> str | None:
    key = header(request, b"idempotency-key")
    if key is None:
        return None
    if not _KEY.match(key):
        raise invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters")
    return key.decode("ascii")


def _check_prompt(prompt: str) -> None:
    seen = prompt.strip()
    if not seen or (not seen[0].isascii() and not seen.strip(_UNSEEN)):
        raise invalid("prompt", "must not be blank")
    if "\x00" in prompt:
        raise invalid("prompt", "must not contain the NUL character")
    if len(prompt) > schemas.MAX_PROMPT_BYTES // 4 and wire.size(prompt) > schemas.MAX_PROMPT_BYTES:
        raise invalid("prompt", f"must have at most {schemas.MAX_PROMPT_BYTES} bytes of UTF-8")


def _checked(wanted: schemas.Submission) -> NewJob:
    """What types alone cannot say. Raises ``Refused``."""
    _check_prompt(wanted.prompt)
    if wanted.run_at is not None and wanted.delay_seconds is not None:
        raise invalid("delaySeconds", "must not stand beside runAt")
    if wanted.metadata:
        check_free_form("metadata", wanted.metadata, MAX_METADATA_BYTES)
    if wanted.result_schema is not None:
        check_free_form("resultSchema", wanted.result_schema, MAX_SCHEMA_BYTES)
    return NewJob(
        prompt=wanted.prompt,
        flow=wanted.flow,
        run_at=None if wanted.run_at is None else wire.time_in("runAt", wanted.run_at),
        delay_ms=None if wanted.delay_seconds is None else int(wanted.delay_seconds * 1000),
        priority=wanted.priority,
        max_attempts=wanted.max_attempts,
        deadline=None if wanted.deadline is None else wire.time_in("deadline", wanted.deadline),
        tags=tuple(dict.fromkeys(wanted.tags)),
        metadata=cast(dict[str, Json], wanted.metadata),
        result_schema=cast(dict[str, Json] | None, wanted.result_schema),
    )
