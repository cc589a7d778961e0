"""The running server against its own description: no server error, no status or answer that is not described, no answer
without a key.

Schemathesis makes the requests, from outside and with all of its checks, with a key of each right; ``make fuzz`` is the
long run. The event streams are left out: an answer that never ends is no answer to it.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from job_processor.core.access import Right
from job_processor.first_key import FILE_NAME
from tests import mongo_server
from tests.faults.server import SECRET, Server

TOOL = Path(sys.executable).parent.parent / "fuzz" / "bin" / "st"
CONFIG = Path(__file__).with_name("schemathesis.toml")
FLOWS = '[flows.mock]\nprocessor = "mock"\ndelay_seconds = 0.5\ncallback_timeout_seconds = 5\n'
IS_LONG = os.environ.get("FUZZ") == "long"
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1000" if IS_LONG else "3"))
SEED = os.environ.get("FUZZ_SEED", "11")
ENDING = ("revokeKey", "rotateKey")
"""Operations that end a key; only an admin key may ask for them."""
ASKED = [
    pytest.param(store, right, marks=[pytest.mark.mongo] if store == "mongodb" else [])
    for store in ("sqlite", "mongodb")
    for right in Right
]
PHASES = "examples,coverage,fuzzing,stateful" if IS_LONG else "examples,fuzzing"
SECONDS = 7_200.0 if IS_LONG else 100.0

pytestmark = pytest.mark.timeout(2 * SECONDS)


@asynccontextmanager
async def running(directory: Path, store: str) -> AsyncIterator[Server]:
    server = Server(directory, FLOWS, environment={"AUTH": "keys"})
    database = mongo_server.require() if store == "mongodb" else None
    name = f"fuzz_{os.getpid()}"
    if database is not None:
        place = database.uri.partition("?")
        uri = f"{place[0].rstrip('/')}/{name}?{place[2]}"
        server = Server(directory, FLOWS, environment={"AUTH": "keys", "MONGODB_URI": uri})
    assert await server.start(), server.log.read_text()
    try:
        yield server
    finally:
        code = await server.stop()
        if database is not None:
            database.drop(name)
    assert code == 0, server.log.read_text()


async def key_of(server: Server, right: Right) -> str:
    """A key with this right alone, made with the first admin key."""
    admin = await asyncio.to_thread((server.data_directory / FILE_NAME).read_text)
    headers = {"authorization": f"Bearer {admin.strip()}"}
    wanted = {"name": right.value, "rights": [right.value]}
    async with aiohttp.ClientSession(server.base, headers=headers) as http, http.post("/keys", json=wanted) as reply:
        made: str = (await reply.json())["key"]
        return made


def examples(store: str, right: Right) -> int:
    """Of each operation. A key's rights are judged before the store is asked, so in the short run the weaker keys have
    one example on the second store."""
    return 1 if not IS_LONG and store == "mongodb" and right is not Right.ADMIN else EXAMPLES


async def judged(server: Server, directory: Path, key: str, most: int, *chosen: str) -> dict[str, Any]:
    """What the tool found, as it reports it in JSON."""
    report = directory / "report.json"
    # Hypothesis keeps there which characters there are; to find that out takes a third of a short run. Failures that it
    # found stay in memory: no run repeats those of another.
    shared = {"HYPOTHESIS_STORAGE_DIRECTORY": str(directory.parent / "hypothesis")}
    process = await asyncio.create_subprocess_exec(
        *(str(TOOL), "--config-file", str(CONFIG), "run", f"{server.base}/openapi.json"),
        *("--header", f"x-webhook-secret: {SECRET}", "--header", f"Authorization: Bearer {key}"),
        *("--exclude-path-regex", "events$", *chosen),
        *("--phases", PHASES, "--max-examples", str(most), "--seed", SEED, "--workers", "1"),
        *("--generation-database", ":memory:"),
        *("--continue-on-failure", "--no-shrink", "--report", "json", "--report-json-path", str(report)),
        cwd=directory,
        env=os.environ | shared,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    print(said.decode())
    assert process.returncode == 0, said.decode()
    found: dict[str, Any] = json.loads(report.read_text())
    return found


@pytest.mark.parametrize(("store", "right"), ASKED)
async def test_the_server_answers_as_it_is_described(tmp_path: Path, store: str, right: Right) -> None:
    if not TOOL.exists():
        pytest.skip("NO SCHEMATHESIS HERE (make setup-test installs it): the description was not tried.")
    async with running(tmp_path, store) as server:
        key = await key_of(server, right)
        most = examples(store, right)
        if right is Right.ADMIN:
            # Tried apart, so that it does not end the key that it is used with.
            await judged(server, tmp_path, key, most, *(f"--exclude-operation-id={name}" for name in ENDING))
            await judged(server, tmp_path, key, most, *(f"--include-operation-id={name}" for name in ENDING))
        else:
            await judged(server, tmp_path, key, most)
        log = [json.loads(line) if line[:1] == "{" else line for line in server.log.read_text().splitlines()]
    assert Counter("request_failed" in str(line) for line in log)[True] == 0
