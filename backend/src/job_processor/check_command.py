"""``check``: validates settings, flows and store, and checks that the endpoints answer."""

import asyncio
from collections.abc import Mapping

from job_processor import app, configured, registry, settings
from job_processor.command_base import CommandFailed, load_settings
from job_processor.core.counted import counted
from job_processor.core.errors import JobProcessorError, ProcessorUnusable
from job_processor.oidc.base import People
from job_processor.oidc.errors import ProviderUnavailable
from job_processor.processors.base import Processor
from job_processor.processors.health import Health, HealthChecked
from job_processor.store import drivers

ONLINE_SECONDS = 10.0
"""Timeout of each health check."""


def check(environment: Mapping[str, str], *, plans: bool = False, online: bool = False) -> int:
    """Print the settings in use. Returns the exit code: 0 if a start would succeed. Raises ``CommandFailed``.

    ``plans``: also print MongoDB's plan of every query; 1 if one is not as expected. ``online``: also check the health
    of each flow's endpoint and of the identity provider; 1 if a check fails.
    """
    loaded = load_settings(environment)
    for setting in settings.TABLE:
        value = loaded.environment.get(setting.name) or setting.default
        print(f"{setting.name:<24} {'(set)' if setting.secret and value else value or '(none)'}")
    try:
        table = configured.load_flows(loaded)
        for name, flow in table.by_name.items():
            mark = " (default)" if name == table.default else ""
            print(f"flow {name}: {flow.processor}, {counted(flow.rules.max_attempts, 'attempt')}{mark}")
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
        healthy, can_sign_in = asyncio.run(_all_healthy(processors)), asyncio.run(_provider_answers(people))
        if not healthy:
            print("Some endpoints do not accept jobs: see above.")
        if not can_sign_in:
            print("People cannot sign in with the identity provider: see above.")
        if not (healthy and can_sign_in):
            return 1
    print("All is well.")
    return 0


async def _all_healthy(processors: Mapping[str, Processor]) -> bool:
    """Check all endpoints concurrently, and print the results. Returns whether all are healthy."""
    found = await asyncio.gather(*(_health_of(one) for one in processors.values()))
    for name, one in zip(processors, found, strict=True):
        print(f"online {name}: {'ok' if one.healthy else 'FAILED'}: {one.message}")
    return all(one.healthy for one in found)


async def _provider_answers(people: People | None) -> bool:
    """Load the identity provider's metadata and keys, and print the result. Returns whether that succeeded."""
    if people is None:
        return True
    try:
        await people.open()
        try:
            async with asyncio.timeout(ONLINE_SECONDS):
                alive, words = True, await people.health()
        finally:
            await people.close()
    except (ProviderUnavailable, ProcessorUnusable) as error:
        alive, words = False, f"{error}"
    except TimeoutError:
        alive, words = False, f"No answer within {ONLINE_SECONDS:g} seconds."
    print(f"online OIDC_ISSUER: {'ok' if alive else 'FAILED'}: {words}")
    return alive


async def _health_of(processor: Processor) -> Health:
    nothing = Health(True, "It runs inside this program; there is no endpoint to check.")
    if not isinstance(processor, HealthChecked):
        return nothing
    await processor.open()
    try:
        async with asyncio.timeout(ONLINE_SECONDS):
            return await processor.health() or nothing
    except TimeoutError:
        return Health(False, f"No answer within {ONLINE_SECONDS:g} seconds.")
    finally:
        await processor.close()
