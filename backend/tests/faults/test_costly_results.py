"""Results and schemas that take a minute or all memory to judge: the server answers on, and ends when told to."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.results.test_pool import COSTLY, COSTLY_RESULT, RECURSIVE, is_alive, nested
from tests.support.process import Server, server
from tests.support.waiting import until, until_true

# A callback is answered when its result is judged; on a busy machine that may take a minute.
PATIENT = aiohttp.ClientTimeout(total=110)
SECRET = {"x-webhook-secret": "dev-secret-key"}
# Jobs wait here until the test calls back.
FLOWS = 'default_flow = "w"\n[flows.w]\nprocessor = "mock"\nfaults = { lost = 1.0 }\ndelay_seconds = 600\n'

# An ordinary recursive schema: an expression tree of five alternatives.
TREE: dict[str, Any] = {
    "$ref": "#/$defs/e",
    "$defs": {
        "e": {
            "anyOf": [
                {"type": "object", "required": ["op", "l", "r"], "properties": {
                    "op": {"const": op}, "l": {"$ref": "#/$defs/e"}, "r": {"$ref": "#/$defs/e"}}}
                for op in ("+", "-", "*", "/")
            ] + [{"type": "number"}]
        }
    },
}  # fmt: skip


def tree(levels: int) -> object:
    """One wrong leaf at the bottom."""
    return {"op": "+", "l": 1, "r": tree(levels - 1)} if levels else "wrong"


CASES = {
    "patterns": (COSTLY, COSTLY_RESULT, {"unchecked"}),
    "an expression tree with one wrong leaf": (TREE, json.dumps(tree(14)), {"schema_mismatch", "unchecked"}),
    "alternatives that call themselves": (RECURSIVE, nested(24), {"schema_mismatch", "unchecked"}),
    "double-encoded and cut": (None, '{"a":"' + '\\"' * 16_000, {"malformed"}),
    "braces": (None, "{" * 32_700, {"malformed"}),
    "open objects": (None, "{a:b," * 4_000, {"malformed"}),
}


async def submitted(started: Server, schema: object) -> str:
    body = {"prompt": "p", "maxAttempts": 1} | ({} if schema is None else {"resultSchema": schema})
    async with started.http.post("/jobs", json=body) as reply:
        assert reply.status == 201, await reply.text()
        return str((await reply.json())["id"])


async def delivered(started: Server, job: str, result: str) -> dict[str, Any]:
    body = {"jobId": job, "result": result}
    async with started.http.post("/webhook/callback", json=body, headers=SECRET, timeout=PATIENT) as reply:
        assert reply.status == 200, await reply.text()
        found: dict[str, Any] = await reply.json()
        return found


async def answers(started: Server) -> None:
    async with asyncio.timeout(10), started.http.get("/health/live") as reply:
        assert reply.status == 200


def children(pid: int) -> list[int]:
    found = []
    for one in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(one.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            found.append(int(one.parent.name))
    return found


async def test_the_server_answers_while_it_judges(tmp_path: Path) -> None:
    async with server(tmp_path, FLOWS) as started:
        jobs = {name: await submitted(started, schema) for name, (schema, _, _) in CASES.items()}
        under_way = {
            name: asyncio.create_task(delivered(started, jobs[name], result)) for name, (_, result, _) in CASES.items()
        }
        probes = 0
        while not all(task.done() for task in under_way.values()):
            await answers(started)
            probes += 1
            await asyncio.sleep(0.05)
        assert probes > 5
        for name, (_, result, kinds) in CASES.items():
            done = await under_way[name]
            assert (done["status"], done["result"] == result) == ("COMPLETED", True), name
            assert done["resultVerdict"]["kind"] in kinds, name
        # The same once more is compared, not examined: the answer comes at once, and tells of it.
        again = await delivered(started, jobs["patterns"], COSTLY_RESULT)
        assert (again["callback"], again["resultVerdict"]["kind"]) == ("duplicate", "unchecked")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_no_process_is_left_behind(tmp_path: Path, number: signal.Signals) -> None:
    async with server(tmp_path, FLOWS) as started:
        job = await submitted(started, COSTLY)
        under_way = asyncio.create_task(delivered(started, job, COSTLY_RESULT))

        async def busy() -> list[int]:
            return children(started.process.pid)

        examining = await until(busy, "a process that examines")
        started.kill(number)
        await started.ended(30.0)
        await asyncio.gather(under_way, return_exceptions=True)
        await until_true(lambda: not any(is_alive(pid) for pid in examining), "the end of its processes")


async def test_a_killed_examination_takes_nothing_with_it(tmp_path: Path) -> None:
    async with server(tmp_path, FLOWS) as started:
        job = await submitted(started, COSTLY)
        under_way = asyncio.create_task(delivered(started, job, COSTLY_RESULT))

        async def busy() -> list[int]:
            return children(started.process.pid)

        for pid in await until(busy, "a process that examines"):
            os.kill(pid, signal.SIGKILL)
        assert (await under_way)["resultVerdict"]["kind"] == "unchecked"
        await answers(started)
        other = await delivered(started, await submitted(started, {"type": "object"}), "[]")
        assert other["resultVerdict"]["schemaErrors"]
