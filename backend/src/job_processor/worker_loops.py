"""The background loops of a process that works, built from its settings."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from job_processor.acts import Acts
from job_processor.bus import Bus
from job_processor.core.job import Job
from job_processor.core.transitions import PATIENCE
from job_processor.flows import Flows
from job_processor.processors.base import Processor, Reconciler
from job_processor.settings import Settings
from job_processor.signing import CallbackSigner
from job_processor.store.base import Store
from job_processor.workers.asker import Asker
from job_processor.workers.dispatcher import Dispatcher
from job_processor.workers.heartbeat import Heartbeat
from job_processor.workers.leases import LeaseRenewer
from job_processor.workers.loop import Loop
from job_processor.workers.notifier import Notifier
from job_processor.workers.orphans import Orphans
from job_processor.workers.pruner import Pruner
from job_processor.workers.reaper import Reaper
from job_processor.workers.trusted_time import TrustedTime, last_trusted

LATE_SECONDS = 86_400
"""How long after its deadline a callback token is still valid: a late result is kept and not refused."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the loops are built from."""

    settings: Settings
    acts: Acts
    store: Store
    bus: Bus
    flows: Flows
    processors: Mapping[str, Processor]
    signer: CallbackSigner
    callback_url: str


async def worker_loops(parts: Parts, give_up: Callable[[], None]) -> list[Loop]:
    """All loops of a worker, not started. ``give_up`` is called when the store is broken and the process must end."""
    acts, store, settings = parts.acts, parts.store, parts.settings
    owner = f"{settings.worker_name}-{os.getpid()}"
    dispatchers = _dispatchers(parts, owner)
    askers = _askers(parts)
    time = TrustedTime(last_trusted(await store.workers(0)))
    loops: list[Loop] = [
        Notifier(store, parts.bus, dispatchers),
        *dispatchers.values(),
        *(LeaseRenewer(acts, dispatcher) for dispatcher in dispatchers.values()),
        *askers.values(),
        Reaper(acts, store, asked_first=askers),
        Orphans(acts, store),
        Heartbeat(store, owner, settings.worker_name, list(dispatchers), list(dispatchers.values()), give_up, time),
    ]
    if settings.retention_days > 0:
        loops.append(Pruner(acts, store, settings.retention_days, time))
    return loops


def _dispatchers(parts: Parts, owner: str) -> dict[str, Dispatcher]:
    def token(job: Job) -> str:
        longest = PATIENCE * parts.acts.flows.rules(job.flow).callback_timeout_seconds
        expires_at = int(parts.store.now() / 1000 + longest + LATE_SECONDS)
        return parts.signer.token(job.id, job.attempt, expires_at)

    return {
        name: Dispatcher(
            acts=parts.acts,
            store=parts.store,
            rules=flow.rules,
            processor=parts.processors[name],
            owner=owner,
            callback_url=parts.callback_url,
            callback_token=token,
            drain_seconds=parts.settings.drain_seconds,
        )
        for name, flow in parts.flows.by_name.items()
    }


def _askers(parts: Parts) -> dict[str, Asker]:
    return {
        name: Asker(parts.acts, parts.store, parts.flows.by_name[name].rules, processor)
        for name, processor in parts.processors.items()
        if isinstance(processor, Reconciler) and processor.can_be_asked
    }
