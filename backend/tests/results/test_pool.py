"""Examination in processes with limits: what takes too much is stopped, and the server goes on."""

import asyncio
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from job_processor.core.verdict import ResultKind, SchemaError
from job_processor.results import Examiners, examine, messages, pool
from job_processor.results.examination import INLINE_LIMIT, NO_DETAILS
from job_processor.results.pool import SCHEMA_TOO_COSTLY, UNCHECKED
from tests.support.waiting import until_true

# Alternatives that follow the value: nothing in the schema alone says how often they are tried.
RECURSIVE: dict[str, Any] = {
    "$ref": "#/$defs/n",
    "$defs": {
        "n": {
            "anyOf": [
                {"type": "array", "items": {"$ref": "#/$defs/n"}},
                {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/n"}},
            ]
        }
    },
}

# One after the other, each just within the limit of backtracking (about 0.2 ms), and millions of them.
COSTLY: dict[str, Any] = {
    "anyOf": [{"contains": {"pattern": rf"^(a*)*\1b{{{i}}}$"}} for i in range(1, 1001)],
}
COSTLY_RESULT = json.dumps(["a" * 12 + "!"] * 5_000)


def nested(levels: int) -> str:
    return "[" * levels + '"x"' + "]" * levels


@pytest.fixture
def examiners() -> Iterator[Examiners]:
    made = Examiners(workers=1, step_seconds=1.0)
    yield made
    made.close()


def pids(examiners: Examiners) -> list[int]:
    return [child._process.pid for child in examiners._children]


def address_space(pid: int) -> int:
    """The limit, in bytes."""
    limits = Path(f"/proc/{pid}/limits").read_text()
    [found] = [line for line in limits.splitlines() if line.startswith("Max address space")]
    return int(found.split()[3])


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("raw", "schema"),
    [
        ("Not guilty.", None),
        ('{"a": 1}', None),
        ('{"a": 1, "a": 2}', None),
        ('{"a": 1,}', None),
        ('{"a": 1}', {"type": "object"}),
        ('{"a": 1}', {"type": "array"}),
        ("Not guilty.", {"type": "array"}),
        ('["\\ud800', None),
        ("long text. " * INLINE_LIMIT, None),
        (json.dumps(["x" * 100] * 10_000), {"items": {"type": "integer"}}),
    ],
)
async def test_the_verdict_is_the_same_beside_the_loop(
    examiners: Examiners, raw: str, schema: dict[str, Any] | None
) -> None:
    assert await examiners.examine(raw, schema) == examine(raw, schema)


async def test_what_is_small_needs_no_process(examiners: Examiners) -> None:
    await examiners.examine("Good morning.")
    await examiners.examine('{"fine": true}')
    assert pids(examiners) == []
    await examiners.examine("Good morning.", {"type": "string"})
    assert len(pids(examiners)) == 1


async def test_an_examination_that_takes_too_long_is_stopped(examiners: Examiners) -> None:
    verdict = await examiners.examine(COSTLY_RESULT, COSTLY)
    assert (verdict.kind, verdict.note) == (ResultKind.UNCHECKED, UNCHECKED)
    assert pids(examiners) == []
    assert (await examiners.examine("[1]", RECURSIVE)).kind is ResultKind.SCHEMA_MISMATCH


async def test_that_it_does_not_fit_is_known_before_why(examiners: Examiners) -> None:
    verdict = await examiners.examine(nested(19), RECURSIVE)
    assert (verdict.kind, verdict.schema_errors, verdict.note) == (ResultKind.SCHEMA_MISMATCH, (), NO_DETAILS)


async def test_other_examinations_and_the_loop_go_on_meanwhile() -> None:
    examiners = Examiners(workers=2, step_seconds=3.0)
    try:
        long = asyncio.create_task(examiners.examine(COSTLY_RESULT, COSTLY))
        short = await examiners.examine('{"a": 1}', {"type": "array"})
        assert short.schema_errors == (SchemaError("", '{"a":1} is not of type "array"'),)
        assert not long.done()
        assert (await long).kind is ResultKind.UNCHECKED
    finally:
        examiners.close()


async def test_the_death_of_a_process_is_the_end_of_its_question_alone(examiners: Examiners) -> None:
    await examiners.examine("1", {})
    [pid] = pids(examiners)
    asked = asyncio.create_task(examiners.examine(COSTLY_RESULT, COSTLY))
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    # Killed before or after it was asked: then a new one was started, and stopped in time.
    assert (await asked).kind is ResultKind.UNCHECKED
    assert (await examiners.examine("1", {})).kind is ResultKind.JSON


async def test_what_is_examined_by_a_process_that_somebody_kills_is_examined_by_another(
    examiners: Examiners, monkeypatch: pytest.MonkeyPatch
) -> None:
    await examiners.examine("1", {})
    [pid] = pids(examiners)
    os.kill(pid, signal.SIGSTOP)  # So that it is killed while it is asked.
    written = threading.Event()
    write = pool._Child._write

    def write_and_tell(child: pool._Child, frame: bytes) -> None:
        write(child, frame)
        written.set()

    monkeypatch.setattr(pool._Child, "_write", write_and_tell)
    asked = asyncio.create_task(examiners.examine("[1]", {"type": "array"}))
    assert await asyncio.to_thread(written.wait, 20)
    os.kill(pid, signal.SIGKILL)

    assert (await asked).kind is ResultKind.JSON
    assert pids(examiners) != [pid]


async def test_what_is_no_answer_is_the_end_of_its_process(
    examiners: Examiners, monkeypatch: pytest.MonkeyPatch
) -> None:
    await examiners.examine("{'a': 1}")
    [child] = examiners._children
    parts = iter([(3).to_bytes(messages.HEAD, "big"), b"\xc1\xc1\xc1"])
    with monkeypatch.context() as patched:
        patched.setattr(type(child), "_read", lambda *_: next(parts))
        assert (await examiners.examine("{'a': 1}")).kind is ResultKind.UNCHECKED
    assert (await examiners.examine("{'a': 1}")).kind is ResultKind.MALFORMED


async def test_memory_is_bounded(examiners: Examiners) -> None:
    await examiners.examine("1", {})
    [pid] = pids(examiners)
    assert address_space(pid) < 2 * 1024**3


async def test_a_schema_is_checked_beside_the_loop(examiners: Examiners) -> None:
    assert await examiners.check_schema({"type": "object"}) is None
    assert "strng" in str(await examiners.check_schema({"type": "strng"}))
    os.kill(pids(examiners)[0], signal.SIGSTOP)
    assert await examiners.check_schema({"type": "object"}) is None  # It is known.
    assert await examiners.check_schema({"type": "array"}) == SCHEMA_TOO_COSTLY


async def test_a_cancelled_caller_is_cancelled(examiners: Examiners) -> None:
    asked = asyncio.create_task(examiners.examine(COSTLY_RESULT, COSTLY))
    behind = asyncio.create_task(examiners.examine(COSTLY_RESULT, COSTLY))
    await asyncio.sleep(0)
    asked.cancel()
    behind.cancel()
    done = await asyncio.gather(asked, behind, return_exceptions=True)
    assert [type(one) for one in done] == [asyncio.CancelledError] * 2


async def test_close_ends_the_processes_and_what_waits_for_them(examiners: Examiners) -> None:
    await examiners.examine("1", {})
    [pid] = pids(examiners)
    under_way = asyncio.create_task(examiners.examine(COSTLY_RESULT, COSTLY))
    waiting = asyncio.create_task(examiners.examine("1", {}))
    await asyncio.sleep(0)
    examiners.close()
    assert (await under_way).kind is ResultKind.UNCHECKED
    assert (await waiting).kind in (ResultKind.UNCHECKED, ResultKind.JSON)
    await until_true(lambda: not is_alive(pid))
    examiners.close()


async def test_a_process_that_starts_while_the_pool_closes_is_ended(
    examiners: Examiners, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[pool._Child] = []

    def starts_late() -> pool._Child:
        examiners.close()
        started.append(child_class())
        return started[0]

    child_class = pool._Child
    with monkeypatch.context() as patched:
        patched.setattr(pool, "_Child", starts_late)
        assert (await examiners.examine("1", {})).kind is ResultKind.UNCHECKED
    assert not started[0].alive
    assert pids(examiners) == []
