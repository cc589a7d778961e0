"""Waits for a condition, with a timeout. Tests use this instead of sleeping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
DEADLINE_SECONDS = 20.0


async def until(look: Callable[[], Awaitable[T | None]], what: str = "it", seconds: float = DEADLINE_SECONDS) -> T:
    """The first value of ``look`` that is true. Fails after the timeout."""
    end = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        await asyncio.sleep(0.01)


async def until_true(look: Callable[[], bool], what: str = "it") -> None:
    async def wrapped() -> bool:
        return look()

    await until(wrapped, what)
