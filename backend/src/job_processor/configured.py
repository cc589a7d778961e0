"""Factories from the settings, for the server and the commands: flows, store, dependencies of processors."""

from collections.abc import Callable

from job_processor import flows, registry
from job_processor.core.errors import SettingsInvalid
from job_processor.processors.base import ProcessorSetup
from job_processor.settings import Settings
from job_processor.store.base import Store
from job_processor.store.drivers import store_at


def load_flows(settings: Settings) -> flows.Flows:
    """The flows of flows.toml. Raises ``SettingsInvalid``, also if a concurrency exceeds the store's maximum, or is
    missing although the store needs it."""
    table = flows.load(settings.flows_file, registry.ProcessorKinds())
    limit = make_store(settings).info.max_concurrency
    above = [
        name for name, flow in table.by_name.items() if limit is not None and (flow.rules.concurrency or 0) > limit
    ]
    shared = {flow.rules.limit for flow in table.by_name.values() if flow.rules.limit is not None}
    wide = sorted(one.name for one in shared if limit is not None and (one.concurrency or 0) > limit)
    # This store counts the jobs in flight of keys within the places of the flow's own concurrency.
    without = [
        name
        for name, flow in table.by_name.items()
        if limit is not None and flow.rules.concurrency_per_key is not None and flow.rules.concurrency is None
    ]
    faults = [f"flow {', '.join(above)}: with this store concurrency must be at most {limit:,}."] if above else []
    if wide:
        faults.append(f"limit {', '.join(wide)}: with this store concurrency must be at most {limit:,}.")
    if without:
        faults.append(f"flow {', '.join(without)}: with this store concurrency_per_key needs a concurrency as well.")
    if faults:
        raise SettingsInvalid("\n".join(faults))
    return table


def make_store(settings: Settings) -> Store:
    return store_at(store_address(settings))


def store_address(settings: Settings) -> str:
    """The address of the store: a MongoDB URI or a directory."""
    return settings.mongodb_uri or str(settings.data_dir)


def processor_setups(settings: Settings, now: Callable[[], int]) -> Callable[[flows.Flow], ProcessorSetup]:
    """A function that returns the dependencies of a flow's processor. ``now``: the store's clock in milliseconds."""

    def of(flow: flows.Flow) -> ProcessorSetup:
        return ProcessorSetup(
            rules=flow.rules,
            environment=settings.environment,
            now=now,
            callback_secret=settings.webhook_secrets[0],
            max_result_bytes=settings.max_result_bytes,
        )

    return of
