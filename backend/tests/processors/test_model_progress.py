"""Reports of partial text never hold up the answer, and are written one at a time."""

import asyncio

from job_processor.processors.model.progress import PROGRESS_MS, Reporter
from tests.support.waiting import until_true


async def test_a_report_that_takes_long_is_alone_and_nobody_waits_for_it() -> None:
    begun: list[str] = []
    stored = asyncio.Event()

    async def store(text: str) -> None:
        begun.append(text)
        await stored.wait()

    clock = iter(range(0, 10**9, 10 * PROGRESS_MS))
    reporter = Reporter(store, lambda: next(clock))
    reporter.report(lambda: "one")
    await until_true(lambda: begun == ["one"])
    for words in ("one two", "one two three"):
        reporter.report(lambda words=words: words)  # type: ignore[misc]
        await asyncio.sleep(0)
    assert begun == ["one"]

    stored.set()
    await until_true(lambda: len(begun) == 2)
    assert begun[1] == "one two three"
    await reporter.close()
