"""Keeps the leases of attempts under way from ending, and stops attempts whose lease is gone."""

from job_processor.acts import Acts
from job_processor.workers.dispatcher import Dispatcher
from job_processor.workers.loop import Loop


class LeaseRenewer(Loop):
    """The leases of one dispatcher, each renewed for as long as its flow's leases last."""

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
                # Of a job that was taken over here both attempts may be under way: the oldest has lost its lease.
                self._dispatcher.abandon(job_id, tokens[job_id].pop(0))
        return lease_seconds / 3
