"""Keeps the leases of attempts under way from ending, and stops attempts whose lease is gone."""

from collections.abc import Sequence

from job_processor.store.base import Store
from job_processor.workers.dispatcher import Dispatcher
from job_processor.workers.loop import Loop


class LeaseRenewer(Loop):
    name = "leases"

    def __init__(self, store: Store, dispatchers: Sequence[Dispatcher], lease_seconds: float) -> None:
        super().__init__()
        self._store = store
        self._dispatchers = dispatchers
        self._lease_seconds = lease_seconds

    async def tick(self) -> float:
        until = self._store.now() + int(self._lease_seconds * 1000)
        for dispatcher in self._dispatchers:
            held = dispatcher.held()
            if not held:
                continue
            tokens: dict[str, list[str]] = {}
            for one in held:
                tokens.setdefault(one.job_id, []).append(one.token)
            for job_id in await self._store.extend(held, until):
                # Of a job that was taken over here both attempts may be under way: the oldest has lost its lease.
                dispatcher.abandon(job_id, tokens[job_id].pop(0))
        return self._lease_seconds / 3
