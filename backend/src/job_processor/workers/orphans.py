"""Fails jobs whose flow was removed from flows.toml for long: no worker would ever claim them."""

from collections.abc import AsyncIterator

from job_processor.acts import Acts
from job_processor.core.failure import ends_without_flow
from job_processor.core.job import State
from job_processor.store.base import Query, Store
from job_processor.workers.loop import Loop

PAGE = 200
POLL_SECONDS = 300.0


class Orphans(Loop):
    name = "orphans"

    def __init__(self, acts: Acts, store: Store) -> None:
        super().__init__()
        self._acts = acts
        self._store = store

    async def tick(self) -> float:
        counts = (await self._store.counts()).by_state
        for flow in sorted({flow for flow, state in counts if state is State.PENDING}):
            if flow not in self._acts.flows.by_name:
                async for job_id in self._expired(flow):
                    await self._acts.outcomes.end_without_flow(job_id)
        return POLL_SECONDS

    async def _expired(self, flow: str) -> AsyncIterator[str]:
        """Ids of the flow's PENDING jobs whose waiting time without a flow is over (``ends_without_flow``)."""
        now = self._store.now()
        before: str | None = None
        while True:
            query = Query(limit=PAGE, before=before, states=frozenset({State.PENDING}), flow=flow, clip=1)
            page = await self._store.list(query)
            for one in page:
                if ends_without_flow(one.job.run_at) <= now:
                    yield one.id
            if len(page) < PAGE:
                return
            before = page[-1].id
