"""Carries the store's notices to the bus, and wakes whom they concern. A hint: polling is the guarantee."""

import asyncio
import contextlib
from collections.abc import Mapping

from job_processor.bus import Bus
from job_processor.core.job import FINAL, State
from job_processor.store.base import Notice, Resync, Store
from job_processor.workers.dispatcher import Dispatcher
from job_processor.workers.loop import Loop

_NEVER = 2**62


class Notifier(Loop):
    name = "notifier"

    def __init__(self, store: Store, bus: Bus, dispatchers: Mapping[str, Dispatcher]) -> None:
        super().__init__()
        self._store = store
        self._bus = bus
        self._dispatchers = dispatchers
        self._followed = False
        """Not for the first time: what happened in between was told to nobody."""

    async def tick(self) -> float:
        """Follows until the store closes or fails."""
        if self._followed:
            # A position that nobody can have is answered with the word to fetch anew, and with where to go on.
            anew = await self._store.since(_NEVER, 1)
            if isinstance(anew, Resync):
                self._pass_on(anew)
        self._followed = True
        async for notice in self._store.watch():
            self._pass_on(notice)
            if self._stopping:
                break
        return 0.2

    def _pass_on(self, notice: Notice | Resync) -> None:
        self._bus.publish(notice)
        if isinstance(notice, Resync):
            for dispatcher in self._dispatchers.values():
                dispatcher.wake()
        else:
            self._wake_dispatcher(notice)

    async def stop(self) -> None:
        """The watch ends with the store, so there is nothing to wait for: the task is cancelled."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            task, self._task = self._task, None
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _wake_dispatcher(self, notice: Notice) -> None:
        dispatcher = self._dispatchers.get(notice.flow)
        if dispatcher is None:
            return
        if notice.state is State.PENDING and notice.run_at <= self._store.now():
            dispatcher.wake()
        elif notice.state in FINAL:
            if notice.state is not State.COMPLETED:
                dispatcher.abandon(notice.job_id, rev=notice.rev)
            if dispatcher.is_limited or notice.state is not State.COMPLETED:
                # A place in the lane may have come free.
                dispatcher.wake()
