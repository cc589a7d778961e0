"""Small processors that do one thing, for the hands that hold them."""

import asyncio
from collections.abc import Awaitable, Callable

from job_processor.core.job import Attempt
from job_processor.core.outcome import Accepted, HandOver, Outcome, Succeeded
from job_processor.processors.base import Dispatch

Work = Callable[[Dispatch], Awaitable[Outcome | HandOver]]


class Doing:
    """Does what it is given, and remembers every attempt it was asked for."""

    sends_to = "the test"

    def __init__(self, work: Work) -> None:
        self.work = work
        self.seen: list[tuple[str, int]] = []

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        self.seen.append((dispatch.job_id, dispatch.attempt))
        return await self.work(dispatch)

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        return None


def saying(outcome: Outcome) -> Doing:
    async def work(dispatch: Dispatch) -> Outcome:
        return outcome

    return Doing(work)


def raising(error: BaseException) -> Doing:
    async def work(dispatch: Dispatch) -> Outcome:
        raise error

    return Doing(work)


class Held(Doing):
    """Holds every attempt until the test lets it go; ``cancelled`` lists those that were aborted."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        super().__init__(self._hold)
        self._outcome = outcome or Succeeded("held")
        self.go: dict[tuple[str, int], asyncio.Event] = {}
        self.cancelled: list[tuple[str, int]] = []
        self.everyone = asyncio.Event()

    async def _hold(self, dispatch: Dispatch) -> Outcome:
        key = (dispatch.job_id, dispatch.attempt)
        mine = self.go.setdefault(key, asyncio.Event())
        try:
            await mine.wait()
        except asyncio.CancelledError:
            self.cancelled.append(key)
            raise
        return self._outcome

    def let_go(self, job_id: str, attempt: int = 1) -> None:
        self.go[job_id, attempt].set()


class Silent(Doing):
    """A processor that answers to no cancel before it is told to."""

    def __init__(self) -> None:
        super().__init__(saying(Accepted(600_000)).work)
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        self.asked += 1
        await self.may_answer.wait()
        return "stopped"
