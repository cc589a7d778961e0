"""Renews the leases of running attempts, and stops attempts whose lease is lost."""

from job_processor.acts import Acts
from job_processor.workers.dispatcher import Dispatcher
from job_processor.workers.loop import Loop


class LeaseRenewer(Loop):
    """Renews the leases of one dispatcher, three times in the lease time of its flow."""

    name = "leases"

    def __init__(self, acts: Acts, dispatcher: Dispatcher) -> None:
        super().__init__()
        self._acts = acts
        self._dispatcher = dispatcher

    async def tick(self) -> float:
        lease_seconds = self._dispatcher.lease_seconds
        held = self._dispatcher.held()
        if held:
            tokens: dict[str, list[str]] = {}
            for one in held:
                tokens.setdefault(one.job_id, []).append(one.token)
            for job_id in await self._acts.outcomes.renew(held, int(lease_seconds * 1000)):
                # If this worker claimed the job again, both attempts may run here: the older one lost its lease.
                self._dispatcher.abandon(job_id, tokens[job_id].pop(0))
        return lease_seconds / 3
