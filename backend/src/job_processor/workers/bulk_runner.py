"""Carries out bulk actions: one group of jobs of each open action, then a pause as long as the group took, so that
submits and jobs in flight have at least half of the store's time."""

import asyncio
import time

import structlog

from job_processor.acts import Acts
from job_processor.acts.facts import BulkActionMoved
from job_processor.core.bulk import BulkAction
from job_processor.core.errors import StoreUnavailable
from job_processor.store.base import Store
from job_processor.workers.loop import Loop

log = structlog.get_logger(__name__)
POLL_SECONDS = 1.0
MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.005, 1.0
BUSY_SECONDS = 0.05
"""If a write would wait longer than this, the store has more urgent work, and the bulk action waits as long."""
MAX_YIELDS = 20
"""Maximum number of such waits in a row, so that a store that is always busy does not stop bulk actions for ever."""


class BulkRunner(Loop):
    """``runner``: the name of this process, by which it holds bulk actions."""

    name = "bulk-runner"

    def __init__(self, acts: Acts, store: Store, runner: str) -> None:
        super().__init__()
        self._acts = acts
        self._store = store
        # The same name for every process of a store for one process: the next one takes over the open actions at once.
        self._runner = runner if store.info.shared else "the only process"
        acts.facts.subscribe_to(BulkActionMoved, self._moved)

    def _moved(self, fact: BulkActionMoved) -> None:
        if fact.before is None:
            self.wake()

    async def tick(self) -> float:
        pause = POLL_SECONDS
        progressed, unavailable = False, None
        for action in await self._store.open_bulk_actions():
            if self._stopping:
                break
            await self._yield_to_others()
            began = time.monotonic()
            try:
                after = await self._act(action)
            except StoreUnavailable as error:
                # The others go on: what this one needs, such as the search index, may be all that is not available.
                unavailable = error
                continue
            if after is None:
                continue
            if not after.is_open:
                _log_end(after)
            if after.waits_for is None:
                progressed = True
                duration = time.monotonic() - began
                pause = min(pause, max(MIN_PAUSE_SECONDS, min(MAX_PAUSE_SECONDS, duration)))
        if unavailable is not None and not progressed:
            raise unavailable
        return pause

    async def _act(self, action: BulkAction) -> BulkAction | None:
        try:
            return await self._acts.bulk_groups.act(action, self._runner)
        except StoreUnavailable:
            raise
        except Exception:
            # The other bulk actions go on; this one is tried again.
            log.exception("bulk_action_failed", id=action.id)
            return None

    async def _yield_to_others(self) -> None:
        for _ in range(MAX_YIELDS):
            if self._store.queue_seconds() <= BUSY_SECONDS:
                return
            await asyncio.sleep(BUSY_SECONDS)

    async def last_writes(self) -> None:
        await self._acts.bulk_groups.release(self._runner)


def _log_end(action: BulkAction) -> None:
    log.info(
        "bulk_action_ended",
        id=action.id,
        action=action.kind.value,
        status=action.state.value,
        done=action.done,
        skipped=dict(action.skipped),
        failed=dict(action.failed),
    )
