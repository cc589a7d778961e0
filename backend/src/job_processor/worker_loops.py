"""Builds the background loops of a worker from its settings."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from job_processor.acts import Acts
from job_processor.acts.facts import BatchCancelled
from job_processor.bus import Bus
from job_processor.core.job import Job
from job_processor.core.transitions import MAX_CALLBACK_TIMEOUTS
from job_processor.flows import Flows
from job_processor.outgoing.notices import NoticeSender
from job_processor.processors.base import Processor, Reconciler
from job_processor.settings import Settings
from job_processor.signing import CallbackSigner
from job_processor.store.base import Store
from job_processor.workers.access_pruner import AccessPruner
from job_processor.workers.asker import Asker
from job_processor.workers.batch_keeper import BatchKeeper
from job_processor.workers.bulk_runner import BulkRunner
from job_processor.workers.deliverer import Deliverer
from job_processor.workers.delivery_pruner import DeliveryPruner
from job_processor.workers.dispatcher import Dispatcher
from job_processor.workers.heartbeat import Heartbeat
from job_processor.workers.leases import LeaseRenewer
from job_processor.workers.loop import Loop
from job_processor.workers.notifier import Notifier
from job_processor.workers.orphans import Orphans
from job_processor.workers.pruner import Pruner
from job_processor.workers.reaper import Reaper
from job_processor.workers.series_keeper import SeriesKeeper
from job_processor.workers.trusted_time import TrustedTime, last_trusted

LATE_CALLBACK_SECONDS = 86_400
"""How long a callback token stays valid after the callback's deadline, so that late results can still be kept."""


@dataclass(frozen=True, slots=True)
class LoopDependencies:
    """The objects that loops need. ``callback_url``: the URL for callbacks of processors."""

    settings: Settings
    acts: Acts
    store: Store
    bus: Bus
    flows: Flows
    processors: Mapping[str, Processor]
    signer: CallbackSigner
    callback_url: str


async def worker_loops(deps: LoopDependencies, on_store_broken: Callable[[], None]) -> list[Loop]:
    """All loops of a worker, not started. ``on_store_broken``: called to end the process if the store is broken."""
    acts, store, settings = deps.acts, deps.store, deps.settings
    owner = new_owner(settings.worker_name)
    dispatchers = _dispatchers(deps, owner)
    askers = _askers(deps)
    time = TrustedTime(last_trusted(await store.workers(0)))
    loops: list[Loop] = [
        Notifier(store, deps.bus, dispatchers),
        *dispatchers.values(),
        *(LeaseRenewer(acts, dispatcher) for dispatcher in dispatchers.values()),
        *askers.values(),
        Reaper(acts, store, asked_first=askers),
        Orphans(acts, store),
        BulkRunner(acts, store, owner),
        Heartbeat(
            store, owner, settings.worker_name, list(dispatchers), list(dispatchers.values()), on_store_broken, time
        ),
    ]
    keeper = BatchKeeper(acts, store, time)
    acts.facts.subscribe_to(BatchCancelled, keeper.hear)
    loops.append(keeper)
    loops.append(SeriesKeeper(acts, store, time))
    loops.append(AccessPruner(acts, store, settings.audit_retention_days, time))
    loops.append(Deliverer(acts, store, NoticeSender(store.now, allow_private=settings.webhook_private_addresses)))
    if settings.webhook_retention_days > 0:
        loops.append(DeliveryPruner(acts, store, settings.webhook_retention_days, time))
    if settings.retention_days > 0:
        loops.append(Pruner(acts, store, settings.retention_days, time))
    return loops


def new_owner(worker_name: str) -> str:
    """The name by which a process holds leases, unlike that of any other process: in containers, processes of the same
    worker name often have the same pid too."""
    return f"{worker_name}-{os.getpid()}-{secrets.token_hex(4)}"


def _dispatchers(deps: LoopDependencies, owner: str) -> dict[str, Dispatcher]:
    def token(job: Job) -> str:
        longest = MAX_CALLBACK_TIMEOUTS * deps.acts.flows.rules_of(job).callback_timeout_seconds
        expires_at = int(deps.store.now() / 1000 + longest + LATE_CALLBACK_SECONDS)
        return deps.signer.token(job.id, job.attempt, expires_at)

    dispatchers = {
        name: Dispatcher(
            acts=deps.acts,
            store=deps.store,
            rules=flow.rules,
            processor=deps.processors[name],
            owner=owner,
            callback_url=deps.callback_url,
            callback_token=token,
            drain_seconds=deps.settings.drain_seconds,
        )
        for name, flow in deps.flows.by_name.items()
    }
    for dispatcher in dispatchers.values():
        dispatcher.take_from(dispatchers)
    return dispatchers


def _askers(deps: LoopDependencies) -> dict[str, Asker]:
    return {
        name: Asker(deps.acts, deps.store, deps.flows.by_name[name].rules, processor)
        for name, processor in deps.processors.items()
        if isinstance(processor, Reconciler) and processor.can_reconcile
    }
