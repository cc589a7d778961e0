"""Reports of partial text never hold up the answer, and are written one at a time; no text is lost meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from msgspec import structs

from job_processor.core.outcome import Failed, HandOver
from job_processor.processors.model.progress import PROGRESS_MS, Reporter
from tests.processors.chat import chunk, stream
from tests.processors.given import dispatch, opened
from tests.processors.models import model
from tests.processors.rogue import Rogue, events, murmur, reset
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


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(stream("Hel", "lo.")).serve() as server:
        yield server


async def test_the_last_chunk_before_a_pause_is_reported(rogue: Rogue) -> None:
    """The clock stands still, so a chunk that comes after a report is too early to be reported at once."""
    rogue.usual = events(chunk("Once "), chunk("upon a time"), then=murmur)
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with opened(model(rogue)) as processor:
        task = asyncio.ensure_future(processor.run(structs.replace(dispatch(), progress=heard.put)))
        said = [await heard.get()]
        while said[-1] != "Once upon a time":
            said.append(await heard.get())
        assert said[0] == "Once "
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_nothing_is_reported_after_the_answer(rogue: Rogue) -> None:
    heard: list[str] = []
    async with opened(model(rogue)) as processor:
        before = asyncio.all_tasks()
        await processor.run(dispatch(heard=heard))
        told = list(heard)
        left = asyncio.all_tasks() - before
        await asyncio.gather(*left, return_exceptions=True)
    assert heard == told == ["Hel"]
    assert all(task.cancelled() for task in left)


async def test_no_text_is_lost_while_a_report_is_written(rogue: Rogue) -> None:
    """The store may be slow: what comes meanwhile is read all the same, also when the stream then tears."""
    writing = asyncio.Event()

    async def stuck(text: str) -> None:
        writing.set()
        await asyncio.Event().wait()

    async def then_torn(writer: asyncio.StreamWriter) -> None:
        await writing.wait()
        writer.write(b"data: " + msgspec.json.encode(chunk("lo")) + b"\n\n")
        await writer.drain()
        await reset(writer)

    rogue.usual = events(chunk("Hel"), then=then_torn, headers={"Content-Length": "99999"})
    async with opened(model(rogue)) as processor:
        ended = await processor.run(structs.replace(dispatch(), progress=stuck))
    assert isinstance(ended, HandOver)
    assert isinstance(ended.job, Failed)
    assert ended.job.partial == "Hello"
