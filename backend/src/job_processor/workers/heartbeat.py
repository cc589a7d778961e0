"""Writes this worker's heartbeat to the store: name, flows, and number of running attempts."""

from collections.abc import Callable, Sequence

import structlog

from job_processor.core.errors import StoreBroken
from job_processor.store.base import Store, Worker
from job_processor.workers.dispatcher import Dispatcher
from job_processor.workers.loop import Loop
from job_processor.workers.trusted_time import TrustedTime

BEAT_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Heartbeat(Loop):
    """``on_broken``: called when the store raises ``StoreBroken``, so that the process ends. ``time``: whether the
    store's clock is trusted now; that is part of the heartbeat, as the next start may rely only on trusted ones.
    """

    name = "heartbeat"

    def __init__(
        self,
        store: Store,
        worker_id: str,
        name: str,
        flows: Sequence[str],
        dispatchers: Sequence[Dispatcher],
        on_broken: Callable[[], None],
        time: TrustedTime,
    ) -> None:
        super().__init__()
        self._time = time
        self._on_broken = on_broken
        self._store = store
        self._id = worker_id
        self._name = name
        self._flows = tuple(flows)
        self._dispatchers = dispatchers
        self._started_at = store.now()

    async def tick(self) -> float:
        running = sum(d.running for d in self._dispatchers)
        now = self._store.now()
        trusted = self._time.is_trusted(now)
        beat = Worker(self._id, self._name, self._flows, running, self._started_at, now, trusted)
        try:
            await self._store.record_heartbeat(beat)
        except StoreBroken as error:
            log.error("store_broken", reason=str(error))
            self._on_broken()
            raise
        return BEAT_SECONDS
