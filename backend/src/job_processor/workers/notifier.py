"""Passes the store's notices to the bus, and wakes or stops dispatchers. Notices are hints: dispatchers also poll."""

from collections.abc import Mapping

from job_processor import tasks
from job_processor.bus import Bus
from job_processor.core.job import FINAL, State
from job_processor.store.base import Notice, Resync, Store
from job_processor.workers.dispatcher import Dispatcher
from job_processor.workers.loop import Loop

_FUTURE_POSITION = 2**62


class Notifier(Loop):
    name = "notifier"

    def __init__(self, store: Store, bus: Bus, dispatchers: Mapping[str, Dispatcher]) -> None:
        super().__init__()
        self._store = store
        self._bus = bus
        self._dispatchers = dispatchers
        self._has_run = False
        """Whether this is not the first run; notices between two runs are lost."""

    async def tick(self) -> float:
        """Pass on notices until the store closes or fails."""
        if self._has_run:
            # For a position in the future the store returns a ``Resync`` with the current position.
            resync = await self._store.since(_FUTURE_POSITION, 1)
            if isinstance(resync, Resync):
                self._publish(resync)
        self._has_run = True
        async for notice in self._store.watch():
            self._publish(notice)
            if self._stopping:
                break
        return 0.2

    def _publish(self, notice: Notice | Resync) -> None:
        self._bus.publish(notice)
        if isinstance(notice, Resync):
            for dispatcher in self._dispatchers.values():
                dispatcher.wake()
        else:
            self._wake_dispatcher(notice)

    async def stop(self) -> None:
        """Cancel the task: the watch ends only when the store is closed."""
        self._stopping = True
        if self._task is not None:
            task, self._task = self._task, None
            await tasks.end(task)

    def _wake_dispatcher(self, notice: Notice) -> None:
        dispatcher = self._dispatchers.get(notice.flow)
        if dispatcher is None:
            return
        if notice.state is State.PENDING and notice.run_at <= self._store.now():
            dispatcher.wake()
        elif notice.state in FINAL:
            for flow in (notice.flow, *dispatcher.fallback):
                if (one := self._dispatchers.get(flow)) is not None:
                    self._ended(one, notice)

    def _ended(self, dispatcher: Dispatcher, notice: Notice) -> None:
        if notice.state is not State.COMPLETED:
            dispatcher.abandon(notice.job_id, rev=notice.rev)
        if dispatcher.is_limited or notice.state is not State.COMPLETED:
            # The flow's concurrency limit or lane may now admit another job.
            dispatcher.wake()
        for flow in dispatcher.sharing:
            if flow in self._dispatchers:
                self._dispatchers[flow].wake()
