"""Tells the event streams of this process of the progress of bulk actions, whichever process carries them out."""

from job_processor.bus import Bus
from job_processor.core.bulk import BulkAction
from job_processor.store.base import Store
from job_processor.workers.loop import Loop

POLL_SECONDS = 0.5
RECENT_MS = 5_000
NEWEST = 10
"""Number of the newest actions that are read besides the open ones: an action may start and end between two polls."""


class BulkWatch(Loop):
    name = "bulk-watch"

    def __init__(self, store: Store, bus: Bus) -> None:
        super().__init__()
        self._store = store
        self._bus = bus
        self._known: dict[str, int] | None = None
        """The ``rev`` of each bulk action at the last poll; ``None``: the bus had no listener then."""

    async def tick(self) -> float:
        if not self._bus.listeners_of_all:
            self._known = None
            return POLL_SECONDS
        found = await self._look()
        known = self._known
        if known is None:
            # A listener may have connected a little before this poll.
            recent = self._store.now() - RECENT_MS
            known = {action.id: action.rev for action in found if action.updated_at < recent}
        for action in found:
            if known.get(action.id) != action.rev:
                self._bus.publish_bulk_action(action)
        self._known = {action.id: action.rev for action in found if action.is_open} | {
            action.id: action.rev for action in found[:NEWEST]
        }
        return POLL_SECONDS

    async def _look(self) -> list[BulkAction]:
        """The newest actions, then the others that are open or were open at the last poll."""
        newest = list(await self._store.list_bulk_actions(NEWEST))
        seen = {action.id for action in newest}
        older = [action for action in await self._store.open_bulk_actions() if action.id not in seen]
        seen |= {action.id for action in older}
        for gone in sorted((self._known or {}).keys() - seen):
            ended = await self._store.get_bulk_action(gone)
            older += [] if ended is None else [ended]
        return [*newest, *older]
