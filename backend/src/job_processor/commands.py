"""The commands of the command line. Each returns the exit code."""

import asyncio
import contextlib
import gc
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TextIO

import msgspec
import uvloop

from job_processor import (
    app,
    bulk_commands,
    configured,
    job_export,
    key_commands,
    registry,
    settings,
    transfer,
    webhook_commands,
)
from job_processor.client import Batch, Client
from job_processor.core.errors import InvalidField, JobProcessorError, KeyNotFound, ProcessorUnusable, SettingsInvalid
from job_processor.oidc.base import People
from job_processor.oidc.errors import ProviderUnavailable
from job_processor.processors.base import Processor
from job_processor.processors.sign_of_life import Answering, SignOfLife
from job_processor.store import drivers
from job_processor.store.base import Store
from job_processor.telemetry import configure_logging

ONLINE_SECONDS = 10.0
"""Timeout of a sign of life."""


class CommandFailed(Exception):
    """A command cannot be carried out; the message says why, for people."""


def start(role: str, environment: Mapping[str, str]) -> int:
    """Run a server process until it is stopped. ``role``: serve, api or worker."""
    loaded = _settings(environment)
    configure_logging(loaded.log_level, loaded.log_format)
    roles = {"serve": app.SERVE, "api": app.API, "worker": app.WORKER}

    async def run() -> int:
        return await app.App(loaded, roles[role], lambda line: print(line, flush=True)).run()

    # Exclude everything loaded so far from garbage collection; otherwise it is scanned repeatedly under load.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    try:
        return uvloop.run(run())
    except JobProcessorError as error:
        raise CommandFailed(str(error)) from None


def check(environment: Mapping[str, str], *, plans: bool = False, online: bool = False) -> int:
    """Print the settings in use; 0 if a start would succeed. Raises ``CommandFailed`` with all errors.

    ``plans``: also print MongoDB's plan of every query; 1 if one is not as expected. ``online``: also ask each flow's
    endpoint and the identity provider for a sign of life; 1 if one gives none.
    """
    loaded = _settings(environment)
    for setting in settings.TABLE:
        value = loaded.environment.get(setting.name) or setting.default
        print(f"{setting.name:<24} {'(set)' if setting.secret and value else value or '(none)'}")
    try:
        table = configured.load_flows(loaded)
        for name, flow in table.by_name.items():
            mark = " (default)" if name == table.default else ""
            print(f"flow {name}: {flow.processor}, {flow.rules.max_attempts} attempts{mark}")
        store = configured.make_store(loaded)
        redactor = registry.make_redactor(table, loaded.environment, loaded.webhook_secrets)
        processors = registry.make_processors(table, configured.processor_setups(loaded, store.now), redactor)
        found = asyncio.run(drivers.inspect(configured.store_address(loaded), plans=plans))
    except JobProcessorError as error:
        raise CommandFailed(str(error)) from None
    print("\n".join(found.lines))
    if not (app.PAGE / "index.html").is_file():
        print("warning: the page is not built (make build)")
    if not found.as_expected:
        print("Some queries do not use the expected index: see the plans above.")
        return 1
    if online:
        people = registry.make_people(loaded.oidc, loaded.webhook_secrets, store.now)
        alive, known = asyncio.run(_all_alive(processors)), asyncio.run(_provider_answers(people))
        if not alive:
            print("Some endpoints would not take jobs: see above.")
        if not known:
            print("People could not sign in with the identity provider: see above.")
        if not (alive and known):
            return 1
    print("All is well.")
    return 0


async def _all_alive(processors: Mapping[str, Processor]) -> bool:
    """Ask all endpoints at the same time, and print what each answers."""
    found = await asyncio.gather(*(_sign_of_life(one) for one in processors.values()))
    for name, sign in zip(processors, found, strict=True):
        print(f"online {name}: {'ok' if sign.alive else 'FAILED'}: {sign.words}")
    return all(sign.alive for sign in found)


async def _provider_answers(people: People | None) -> bool:
    """Ask the identity provider for its description and keys, and print what it answers."""
    if people is None:
        return True
    try:
        await people.open()
        try:
            async with asyncio.timeout(ONLINE_SECONDS):
                alive, words = True, await people.sign_of_life()
        finally:
            await people.close()
    except (ProviderUnavailable, ProcessorUnusable) as error:
        alive, words = False, f"{error}"
    except TimeoutError:
        alive, words = False, f"No answer within {ONLINE_SECONDS:g} seconds."
    print(f"online OIDC_ISSUER: {'ok' if alive else 'FAILED'}: {words}")
    return alive


async def _sign_of_life(processor: Processor) -> SignOfLife:
    nothing = SignOfLife(True, "It works inside this program; there is no endpoint to ask.")
    if not isinstance(processor, Answering):
        return nothing
    await processor.open()
    try:
        async with asyncio.timeout(ONLINE_SECONDS):
            return await processor.sign_of_life() or nothing
    except TimeoutError:
        return SignOfLife(False, f"No answer within {ONLINE_SECONDS:g} seconds.")
    finally:
        await processor.close()


def copy(source: str, target: str) -> int:
    """Copy all jobs from one store to the other and verify them."""

    async def run() -> transfer.Transferred:
        async with _opened(drivers.store_at(source)) as from_, _opened(drivers.store_at(target)) as to:
            return await transfer.copy(from_, to, _progress)

    return _report("copied", run)


STANDARD_OUTPUT = "-"


def backup(environment: Mapping[str, str], file: str) -> int:
    """Write all jobs to a file, or to standard output. A SQLite database may be in use; a consistent snapshot is taken
    first, beside the file or in the data directory."""
    loaded = _settings(environment)
    piped = file == STANDARD_OUTPUT
    address = configured.store_address(loaded)
    beside = Path(file).parent
    if piped:
        # A database is read where it is; nothing of it is on this disk.
        has_directory = loaded.mongodb_uri is None and loaded.data_dir.is_dir()
        beside = loaded.data_dir if has_directory else Path(tempfile.gettempdir())

    async def run() -> transfer.Transferred:
        with tempfile.TemporaryDirectory(dir=beside, prefix=".backup-") as scratch:
            async with _opened(drivers.store_to_back_up(address, Path(scratch))) as store:
                if piped:
                    return await transfer.backup_to(store, sys.stdout.buffer, _progress)
                return await transfer.backup(store, Path(file), _progress)

    return _report("backed up", run, to=sys.stderr if piped else None)


def restore(environment: Mapping[str, str], file: str) -> int:
    """Load all jobs of a backup into the store and verify them."""
    loaded = _settings(environment)

    async def run() -> transfer.Transferred:
        async with _opened(configured.make_store(loaded)) as store:
            return await transfer.restore(Path(file), store, _progress)

    return _report("restored", run)


def submit(url: str, prompt: str, flow: str | None, wait: int, key: str | None = None) -> int:
    return _run(_client(url).submit(prompt, flow, wait, key))


def list_jobs(url: str, limit: int, status: str | None, search: str | None) -> int:
    return _run(_client(url).list(limit, status, search))


def export(url: str, search: str, form: str, file: str, resume: bool) -> int:
    """Write what a search finds to a file; a bar on standard error shows how far it is."""
    if resume and form != "ndjson":
        raise CommandFailed("--resume needs --format ndjson: a line of CSV does not say where a job ends.")
    try:
        return _run(job_export.export(_client(url), search, form, Path(file), resume, _progress))
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}.") from None


def submit_file(url: str, batch: Batch) -> int:
    """Submit a file as a batch. Its progress is shown on a terminal."""
    on_terminal = sys.stderr.isatty()

    def bar(line: str) -> None:
        if on_terminal:
            # Erases the rest of the line before.
            print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)

    return _run(_client(url).submit_file(batch, bar))


def watch(url: str) -> int:
    return _run(_client(url).watch())


def create_key(url: str | None, wanted: key_commands.Wanted) -> int:
    """Make an API key. ``url`` ``None``: in the store."""
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
    """``verb``: the method of ``WebhookCommands``."""
    run: Coroutine[Any, Any, int] = getattr(webhook_commands.WebhookCommands(_client(url)), verb)(*arguments)
    return _run(run)


def bulk(url: str, wanted: bulk_commands.Wanted) -> int:
    return _run(bulk_commands.run(_client(url), wanted))


def list_bulk(url: str) -> int:
    return _run(bulk_commands.listed(_client(url)))


def abort_bulk(url: str, action_id: str) -> int:
    return _run(bulk_commands.abort(_client(url), action_id))


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


@contextlib.asynccontextmanager
async def _opened(store: Store) -> AsyncIterator[Store]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        filled = 40 * done // max(total, 1)
        print(f"\r[{'#' * filled}{'.' * (40 - filled)}] {done:,} of {total:,}", end="", file=sys.stderr, flush=True)


def _report(
    verb: str, run: Callable[[], Coroutine[Any, Any, transfer.Transferred]], *, to: TextIO | None = None
) -> int:
    try:
        done = asyncio.run(run())
    except (JobProcessorError, OSError) as error:
        raise CommandFailed(str(error)) from None
    if sys.stderr.isatty():
        print(file=sys.stderr)
    inbox = f" and {done.callbacks:,} kept callbacks" if done.callbacks else ""
    access = f", {done.keys:,} API keys and {done.audit:,} entries of the audit" if done.keys or done.audit else ""
    access += f", {done.endpoints:,} endpoints of webhooks" if done.endpoints else ""
    inbox += f" and {done.batches:,} batches" if done.batches else ""
    print(
        f"{verb} {done.jobs:,} jobs ({done.written:,} written){inbox}{access}, verified, sha256 {done.sha256}",
        file=to or sys.stdout,
    )
    return 0


def openapi() -> int:
    """Print the OpenAPI document as JSON."""
    from job_processor.http.openapi import document
    from job_processor.http.routes import OPERATIONS

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document(OPERATIONS)), indent=2).decode() + "\n")
    return 0


def _settings(environment: Mapping[str, str]) -> settings.Settings:
    try:
        return settings.load(environment)
    except SettingsInvalid as error:
        raise CommandFailed("\n  ".join(["invalid settings:", *str(error).splitlines()])) from None
