"""``check``: are settings, flows and store right, and do the endpoints answer?"""

import asyncio
from collections.abc import Mapping

from job_processor import app, configured, registry, settings
from job_processor.command_base import CommandFailed, load_settings
from job_processor.core.errors import JobProcessorError, ProcessorUnusable
from job_processor.oidc.base import People
from job_processor.oidc.errors import ProviderUnavailable
from job_processor.processors.base import Processor
from job_processor.processors.sign_of_life import Answering, SignOfLife
from job_processor.store import drivers

ONLINE_SECONDS = 10.0
"""Timeout of a sign of life."""


def check(environment: Mapping[str, str], *, plans: bool = False, online: bool = False) -> int:
    """Print the settings in use; 0 if a start would succeed. Raises ``CommandFailed`` with all errors.

    ``plans``: also print MongoDB's plan of every query; 1 if one is not as expected. ``online``: also ask each flow's
    endpoint and the identity provider for a sign of life; 1 if one gives none.
    """
    loaded = load_settings(environment)
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
