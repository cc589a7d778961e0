"""Ends jobs whose flow was taken out of the settings and did not come back: nobody would ever take them."""

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
                async for job_id in self._over(flow):
                    await self._acts.outcomes.end_without_flow(job_id)
        return POLL_SECONDS

    async def _over(self, flow: str) -> AsyncIterator[str]:
        """The jobs of the flow that have waited long enough."""
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
