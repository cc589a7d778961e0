"""What the commands do. Each returns the exit code."""

import asyncio
import sys
from collections.abc import Mapping

import msgspec
import uvloop

from job_processor import app, flows, registry, settings
from job_processor.core.errors import JobProcessorError
from job_processor.telemetry import configure_logging


class Refused(Exception):
    """A command that cannot be carried out; the message says why, for a person."""


def start(role: str, environment: Mapping[str, str]) -> int:
    """Run a process until it is told to stop."""
    loaded = _settings(environment)
    configure_logging(loaded.log_level, loaded.log_format)
    roles = {"serve": app.SERVE, "api": app.API, "worker": app.WORKER}

    async def run() -> int:
        return await app.App(loaded, roles[role], lambda line: print(line, flush=True)).run()

    try:
        return uvloop.run(run())
    except JobProcessorError as error:
        raise Refused(str(error)) from None


def check(environment: Mapping[str, str]) -> int:
    """Print the settings in use and every fault; 0 when a start would succeed."""
    loaded = _settings(environment)
    for setting in settings.TABLE:
        value = loaded.environment.get(setting.name) or setting.default
        print(f"{setting.name:<24} {'(set)' if setting.secret and value else value or '(none)'}")
    try:
        table = flows.load(loaded.flows_file, registry.Kinds())
        for name, flow in table.by_name.items():
            mark = " (default)" if name == table.default else ""
            print(f"flow {name}: {flow.processor}, {flow.rules.max_attempts} attempts{mark}")
        asyncio.run(_check_store(loaded))
    except JobProcessorError as error:
        raise Refused(str(error)) from None
    if not (app.PAGE / "index.html").is_file():
        print("warning: the page is not built (make build)")
    print("All is well.")
    return 0


async def _check_store(loaded: settings.Settings) -> None:
    store = app.make_store(loaded)
    await store.open()
    try:
        await store.ping()
        print(f"store: {store.info.kind}, {store.info.detail}")
    finally:
        await store.close()


def openapi() -> int:
    """Print the API's description as JSON."""
    from job_processor.http.describe import document

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document()), indent=2).decode() + "\n")
    return 0


def _settings(environment: Mapping[str, str]) -> settings.Settings:
    try:
        return settings.load(environment)
    except settings.SettingsInvalid as error:
        raise Refused("\n  ".join(["the settings cannot be used:", *error.faults])) from None
