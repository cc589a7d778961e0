"""The part that both Python peers share, as one would build it: FastAPI in front of a queue, a worker that dispatches.

Runs in `.venv/peers`, so nothing of the product and none of its libraries is imported here. A program takes:

- `serve`: empties the queue, listens, and prints the address. `POST /jobs` is answered once the job is in the queue;
  `POST /webhook/callback` once the result is stored under the job's id. No table of jobs is kept beside the queue,
  though most would want one: that is one write less for each submission.
- `work`: sends each job to the sink of the environment, and is done with it once the sink has taken it.
- `drain WAITING JOBS`: empties the queue, fills it, and prints how many jobs a second a worker that does nothing has
  run, over the first JOBS. Counted when they ran: that the queue has recorded the last batch is not waited for.
"""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import fastapi
import uvicorn
import uvloop

# How many jobs a worker has in hand at most.
CONCURRENCY = 100


class Queue(Protocol):
    async def open(self) -> None: ...

    async def empty(self) -> None: ...

    async def add(self, job_id: str, prompt: str) -> None: ...

    async def fill(self, jobs: int) -> None: ...

    async def finish(self, job_id: str, result: str) -> None: ...

    async def work(self, run: Callable[[str, str], Awaitable[None]]) -> None:
        """Run each job, until cancelled."""
        ...


# FastAPI validates both, and writes the answer, from the types.
@dataclass
class Submission:
    prompt: str


@dataclass
class Callback:
    jobId: str
    result: str


@dataclass
class Answer:
    id: str
    status: str


def main(queue: Queue) -> None:
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        # uvloop and httptools are the fast parts that uvicorn takes where they are installed.
        uvloop.run(_main(queue, sys.argv[1:]))


async def _main(queue: Queue, words: list[str]) -> None:
    await queue.open()
    match words:
        case ["serve"]:
            await queue.empty()
            await _serve(queue)
        case ["work"]:
            await _dispatch_all(queue, os.environ["SINK"])
        case ["drain", waiting, jobs]:
            await queue.empty()
            await queue.fill(int(waiting))
            print(await _drain(queue, int(jobs)))
        case _:
            raise SystemExit("serve, work, or drain WAITING JOBS")


async def _serve(queue: Queue) -> None:
    async def submit(submission: Submission) -> Answer:
        job_id = secrets.token_hex(12)
        await queue.add(job_id, submission.prompt)
        return Answer(job_id, "PENDING")

    async def call_back(callback: Callback) -> Answer:
        await queue.finish(callback.jobId, callback.result)
        return Answer(callback.jobId, "COMPLETED")

    app = fastapi.FastAPI()
    app.add_api_route("/jobs", submit, methods=["POST"], status_code=201)
    app.add_api_route("/webhook/callback", call_back, methods=["POST"])
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(2048)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
    config = uvicorn.Config(
        app, http="httptools", lifespan="off", access_log=False, log_config=None, timeout_graceful_shutdown=1
    )
    await uvicorn.Server(config).serve(sockets=[listening])


async def _dispatch_all(queue: Queue, sink: str) -> None:
    headers = {"content-type": "application/json"}
    async with aiohttp.ClientSession() as client:

        async def dispatch(job_id: str, prompt: str) -> None:
            body = json.dumps({"jobId": job_id, "prompt": prompt}, separators=(",", ":"))
            # The sink ends before this process does.
            with contextlib.suppress(aiohttp.ClientError):
                async with client.post(sink, data=body, headers=headers) as response:
                    await response.read()

        await queue.work(dispatch)


async def _drain(queue: Queue, jobs: int) -> float:
    left = jobs
    finished = asyncio.Event()

    async def count(job_id: str, prompt: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            finished.set()

    start = time.perf_counter()
    working = asyncio.create_task(queue.work(count))
    waiting = asyncio.create_task(finished.wait())
    await asyncio.wait([working, waiting], return_when=asyncio.FIRST_COMPLETED)
    took = time.perf_counter() - start
    if working.done():
        await working
        raise RuntimeError("the worker stopped")
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    return jobs / took
