"""The commands of the command line. Each returns the exit code."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from job_processor import app, bulk_commands, job_export, key_commands, show_command, stats_command, webhook_commands
from job_processor.check_command import check
from job_processor.client import Batch, Client
from job_processor.command_base import CommandFailed, load_settings, show_progress
from job_processor.core.errors import InvalidField, JobProcessorError, KeyNotFound, SettingsInvalid
from job_processor.logs import configure_logging
from job_processor.memory import return_memory
from job_processor.transfer_commands import backup, copy, restore

__all__ = ["Batch", "CommandFailed", "backup", "check", "copy", "restore"]


def start(role: str, environment: Mapping[str, str]) -> int:
    """Run a server process until it is stopped. ``role``: serve, api or worker."""
    loaded = load_settings(environment)
    configure_logging(loaded.log_level, loaded.log_format)
    roles = {"serve": app.SERVE, "api": app.API, "worker": app.WORKER}

    async def run() -> int:
        return await app.App(loaded, roles[role], lambda line: print(line, flush=True)).run()

    # Exclude all objects so far from garbage collection, which would scan them repeatedly under load.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    return_memory()
    try:
        return uvloop.run(run())
    except JobProcessorError as error:
        raise CommandFailed(str(error)) from None


def submit(url: str, prompt: str, flow: str | None, wait: int, key: str | None = None) -> int:
    return _run(_client(url).submit(prompt, flow, wait, key))


def list_jobs(url: str, limit: int, status: str | None, search: str | None, fields: str | None) -> int:
    return _run(_client(url).list(limit, status, search, fields))


def show(url: str, job_id: str, *, as_json: bool) -> int:
    """Print one job; for a waiting one also its place in the queue and its expected start."""
    return _run(show_command.show(_client(url), job_id, as_json=as_json))


def export(url: str, which: Mapping[str, str], form: str, file: str, resume: bool) -> int:
    """Write the jobs of a search to a file, with a progress bar on standard error.

    ``which``: the search ``q`` and the ``fields``; ``form``: ndjson or csv; ``resume``: continue an interrupted export.
    """
    if resume and form != "ndjson":
        raise CommandFailed("--resume needs --format ndjson, because a job in CSV may have several lines.")
    try:
        return _run(job_export.export(_client(url), which, form, Path(file), resume, show_progress))
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}.") from None


def submit_file(url: str, batch: Batch) -> int:
    """Submit a file as a batch, with a progress bar if standard error is a terminal."""
    on_terminal = sys.stderr.isatty()

    def bar(line: str) -> None:
        if on_terminal:
            # The escape sequence erases the rest of the previous text.
            print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)

    return _run(_client(url).submit_file(batch, bar))


def watch(url: str) -> int:
    return _run(_client(url).watch())


def create_key(url: str | None, wanted: key_commands.Options) -> int:
    """Make an API key, at the server or (``url`` is ``None``) in the store."""
    if url is None:
        return _in_store(lambda keys: keys.create(wanted))
    return _run(key_commands.create(_client(url), wanted))


def list_keys(url: str | None) -> int:
    return _in_store(lambda keys: keys.list()) if url is None else _run(_client(url).list_keys())


def revoke_key(url: str | None, key_id: str) -> int:
    return _in_store(lambda keys: keys.revoke(key_id)) if url is None else _run(_client(url).revoke_key(key_id))


def rotate_key(url: str | None, key_id: str, overlap: float) -> int:
    if url is None:
        return _in_store(lambda keys: keys.rotate(key_id, overlap))
    return _run(_client(url).rotate_key(key_id, overlap))


def webhooks(url: str, verb: str, *arguments: object) -> int:
    """Run the method ``verb`` of ``WebhookCommands``."""
    run: Coroutine[Any, Any, int] = getattr(webhook_commands.WebhookCommands(_client(url)), verb)(*arguments)
    return _run(run)


def bulk(url: str, wanted: bulk_commands.Options) -> int:
    return _run(bulk_commands.run(_client(url), wanted))


def list_bulk(url: str) -> int:
    return _run(bulk_commands.listed(_client(url)))


def abort_bulk(url: str, action_id: str) -> int:
    return _run(bulk_commands.abort(_client(url), action_id))


def stats(url: str, params: Mapping[str, str], *, of_keys: bool, as_json: bool) -> int:
    show = stats_command.show_keys if of_keys else stats_command.show
    return _run(show(_client(url), params, as_json=as_json))


def groups(url: str, params: Mapping[str, str], *, as_json: bool) -> int:
    return _run(stats_command.show_groups(_client(url), params, as_json=as_json))


def list_sessions(url: str, *, everyone: bool) -> int:
    return _run(_client(url).list_sessions(everyone=everyone))


def end_session(url: str, session_id: str) -> int:
    return _run(_client(url).end_session(session_id))


def _in_store(work: Callable[[key_commands.StoreKeys], int]) -> int:
    try:
        return work(key_commands.StoreKeys(os.environ, print))
    except SettingsInvalid as error:
        raise CommandFailed("\n  ".join(["invalid settings:", *str(error).splitlines()])) from None
    except KeyNotFound:
        raise CommandFailed("There is no API key with this id.") from None
    except InvalidField as error:
        raise CommandFailed(f"{error.field}: {error}") from None
    except JobProcessorError as error:
        raise CommandFailed(str(error)) from None


def _client(url: str) -> Client:
    try:
        return Client(url, lambda line: print(line, flush=True), key_commands.key_of(os.environ))
    except JobProcessorError as error:
        raise CommandFailed(str(error)) from None


def _run(request: Coroutine[Any, Any, int]) -> int:
    try:
        return asyncio.run(request)
    except JobProcessorError as error:
        raise CommandFailed(str(error)) from None


def openapi() -> int:
    """Print the OpenAPI document as JSON."""
    from job_processor.http.openapi import document
    from job_processor.http.routes import OPERATIONS

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document(OPERATIONS)), indent=2).decode() + "\n")
    return 0
