"""Waits for several tasks, and ends background tasks."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

AGAIN_SECONDS = 3.0
"""How long a cancelled task may keep running before it is cancelled again."""

T = TypeVar("T")


async def all_of(*awaitables: Awaitable[T]) -> list[T]:
    """The results of these, which run at the same time. Raises the first error, but only after all have ended."""
    found = await asyncio.gather(*awaitables, return_exceptions=True)
    results: list[T] = []
    for one in found:
        if isinstance(one, BaseException):
            raise one
        results.append(one)
    return results


async def end(*tasks: "asyncio.Task[object]") -> None:
    """Cancel the tasks and wait until all have ended. Their results and exceptions are dropped.

    A task that keeps running is cancelled again, because a library may have swallowed the first cancellation. Before
    Python 3.12 ``asyncio.wait_for``, which pymongo uses, does so if its awaitable is done at the same moment.
    """
    # Retrieves the exceptions, also if this call is cancelled; otherwise asyncio logs each of them when the task is
    # garbage collected.
    ended = asyncio.gather(*tasks, return_exceptions=True)
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN_SECONDS)
    await ended
