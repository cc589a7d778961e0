"""The end of tasks that run in the background."""

import asyncio

AGAIN_SECONDS = 3.0
"""How long a cancelled task may go on before it is cancelled again."""


async def end(*tasks: "asyncio.Task[object]") -> None:
    """Cancel the tasks and wait until each has ended; what they returned or raised is dropped.

    A task that goes on is cancelled again: the library that it is in may have lost the first one. ``asyncio.wait_for``
    does before Python 3.12 when what it waits for is done at the same moment, and pymongo sends with it.
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN_SECONDS)
    # Otherwise asyncio would log each failure when the task is collected.
    await asyncio.gather(*tasks, return_exceptions=True)
