"""Checks of a submission that its types cannot express."""

import re
import unicodedata
from collections.abc import Mapping

from starlette.requests import Request

from job_processor import results
from job_processor.acts.jobs import NewJob
from job_processor.core.job import JobWebhook, Json, WebhookEvent
from job_processor.http import models, render
from job_processor.http.body import check_free_form, header
from job_processor.http.context import Context
from job_processor.http.problems import invalid
from job_processor.http.webhook_urls import check_url

MAX_METADATA_BYTES = 16 * 1024
MAX_SCHEMA_BYTES = 64 * 1024
_KEY = re.compile(rb"^[\x21-\x7e]{1,255}\Z")
_INVISIBLE = "".join(c for c in map(chr, range(0x10000)) if c.isspace() or unicodedata.category(c) == "Cf")
"""White space and format characters: zero-width spaces, joiners, direction marks."""


def key_of(request: Request) -> str | None:
    """The Idempotency-Key. Raises ``RequestRefused`` (422) for one that is not 1 to 255 visible ASCII characters."""
    key = header(request, b"idempotency-key")
    if key is None:
        return None
    if not _KEY.match(key):
        raise invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters")
    return key.decode("ascii")


def check_prompt(prompt: str) -> None:
    """Raises ``RequestRefused`` (422) for a prompt that is blank, too long or holds a NUL."""
    seen = prompt.strip()
    if not seen or (not seen[0].isascii() and not seen.strip(_INVISIBLE)):
        raise invalid("prompt", "must not be blank")
    if "\x00" in prompt:
        raise invalid("prompt", "must not contain the NUL character")
    if len(prompt) > models.MAX_PROMPT_BYTES // 4 and render.size(prompt) > models.MAX_PROMPT_BYTES:
        raise invalid("prompt", f"must have at most {models.MAX_PROMPT_BYTES} bytes of UTF-8")


async def new_job(context: Context, sent: models.Submission) -> NewJob:
    """The submission, checked, as a ``NewJob``. Raises ``RequestRefused`` (422)."""
    new = checked(sent, private_webhooks=context.webhook_private_addresses)
    if new.result_schema is not None:
        await check_schema(context, new.result_schema)
    return new


def checked(sent: models.Submission, *, private_webhooks: bool) -> NewJob:
    """The submission as a ``NewJob``, whose schema is not checked yet. Raises ``RequestRefused`` (422).

    ``private_webhooks``: webhooks may be sent to private addresses.
    """
    check_prompt(sent.prompt)
    if sent.webhook is not None:
        check_url("webhook.url", sent.webhook.url, allow_private=private_webhooks)
    if sent.run_at is not None and sent.delay_seconds is not None:
        raise invalid("delaySeconds", "must not be given together with runAt")
    if sent.metadata:
        check_free_form("metadata", sent.metadata, MAX_METADATA_BYTES)
    if sent.result_schema is not None:
        check_free_form("resultSchema", sent.result_schema, MAX_SCHEMA_BYTES)
    return NewJob(
        prompt=sent.prompt,
        flow=sent.flow,
        run_at=None if sent.run_at is None else render.time_in("runAt", sent.run_at),
        delay_ms=None if sent.delay_seconds is None else int(sent.delay_seconds * 1000),
        priority=sent.priority,
        max_attempts=sent.max_attempts,
        deadline=None if sent.deadline is None else render.time_in("deadline", sent.deadline),
        tags=tuple(dict.fromkeys(sent.tags)),
        metadata=sent.metadata,
        result_schema=sent.result_schema,
        key=sent.key,
        webhook=None
        if sent.webhook is None
        else JobWebhook(sent.webhook.url, tuple(dict.fromkeys(sent.webhook.events or WebhookEvent))),
    )


async def check_schema(context: Context, schema: Mapping[str, Json]) -> None:
    """Raises ``RequestRefused`` (422) for an invalid JSON Schema and for one that could not be checked in time."""
    too_costly = results.cost_problem(schema)
    if too_costly is not None:
        raise invalid("resultSchema", too_costly)
    if await context.acts.verdicts.check_schema(schema) is not None:
        raise invalid("resultSchema", "must be a valid JSON Schema")
