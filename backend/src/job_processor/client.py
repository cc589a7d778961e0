"""The HTTP client of the command line: submit, list and watch jobs of a running server."""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aiohttp

from job_processor.core.errors import JobProcessorError
from job_processor.core.job import FINAL

PAUSE_SECONDS = 1.0
"""Polling interval if the server does not hold requests, because it has no capacity or is about to stop."""


class RequestFailed(JobProcessorError):
    """The server cannot be reached, or answered with an error."""


class Client:
    """``url``: of the server. ``print_line`` prints a line of output. ``key``: an API key; empty: none. Methods return
    the exit code."""

    def __init__(self, url: str, print_line: Callable[[str], None], key: str = "") -> None:
        self._url = url.rstrip("/")
        self._print = print_line
        self._headers = {"authorization": f"Bearer {key}"} if key else {}

    async def submit(self, prompt: str, flow: str | None, wait_seconds: int) -> int:
        """Submit a job and wait up to ``wait_seconds`` for its end; 0 if COMPLETED (or not waited for), else 1."""
        async with self._session() as session:
            body = {"prompt": prompt} | ({"flow": flow} if flow else {})
            end = time.monotonic() + wait_seconds
            job, held = await self._job(session, "POST", "/jobs", wait_seconds, json=body)
            while job["status"] not in FINAL and (left := end - time.monotonic()) > 0:
                if not held:
                    await asyncio.sleep(min(PAUSE_SECONDS, left))
                job, held = await self._job(session, "GET", f"/jobs/{job['id']}", math.ceil(left))
        self._print(f"{job['id']}  {job['status']}")
        if job["result"] is not None:
            self._print(job["result"])
        return 0 if not wait_seconds or job["status"] == "COMPLETED" else 1

    async def list(self, limit: int, status: str | None) -> int:
        async with self._session() as session:
            params = {"limit": str(limit)} | ({"status": status} if status else {})
            for job in await self._json(session, "GET", "/jobs", params=params):
                # Prompts are untrusted: keep terminal escape sequences out.
                printable = "".join(c if c.isprintable() else " " for c in job["prompt"])
                prompt = " ".join(printable.split())[:60]
                self._print(f"{job['id']}  {job['status']:<9}  {job['createdAt']}  {job['flow']}  {prompt}")
        return 0

    async def watch(self) -> int:
        """Print every change until interrupted, or until the server ends the stream."""
        async with self._session() as session, self._open(session, "GET", "/events") as response:
            async for line in response.content:
                if line.startswith(b"data: {") and b'"status"' in line:
                    self._print(line[6:].decode().strip())
        return 0

    async def create_key(self, wanted: Mapping[str, object]) -> int:
        """Make an API key and print it: this is the only time that it is shown."""
        async with self._session() as session:
            made = await self._json(session, "POST", "/keys", json=wanted)
        self._print(key_line(made))
        self._print(made["key"])
        return 0

    async def list_keys(self) -> int:
        async with self._session() as session:
            for key in await self._json(session, "GET", "/keys"):
                self._print(key_line(key))
        return 0

    async def revoke_key(self, key_id: str) -> int:
        async with self._session() as session, self._open(session, "DELETE", f"/keys/{key_id}"):
            self._print(f"{key_id}  revoked")
        return 0

    async def rotate_key(self, key_id: str, overlap_seconds: float) -> int:
        async with self._session() as session:
            body = {"overlapSeconds": overlap_seconds}
            made = await self._json(session, "POST", f"/keys/{key_id}/rotate", json=body)
        self._print(key_line(made))
        self._print(made["key"])
        return 0

    async def list_sessions(self, *, everyone: bool) -> int:
        async with self._session() as session:
            params = {"everyone": "true"} if everyone else {}
            for one in await self._json(session, "GET", "/sessions", params=params):
                name = "".join(c if c.isprintable() else " " for c in one["name"])
                where = f"from {one['address']}  last used {one['seenAt']}  ends {one['expiresAt']}"
                self._print(f"{one['id']}  {one['kind']} {one['who']}  {where}  {name}")
        return 0

    async def end_session(self, session_id: str) -> int:
        async with self._session() as session, self._open(session, "DELETE", f"/sessions/{session_id}"):
            self._print(f"{session_id}  ended")
        return 0

    def _session(self) -> aiohttp.ClientSession:
        timeout = aiohttp.ClientTimeout(total=None, connect=5)
        return aiohttp.ClientSession(timeout=timeout, trust_env=False, headers=self._headers)

    @contextlib.asynccontextmanager
    async def _open(
        self, session: aiohttp.ClientSession, method: str, path: str, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A successful response. Raises ``RequestFailed``, also if the connection breaks while it is read."""
        try:
            async with session.request(method, self._url + path, **options) as response:
                if response.status >= 400:
                    body = await response.json(content_type=None)
                    raise RequestFailed(f"{response.status}: {body.get('error', 'no reason given')}")
                yield response
        except (aiohttp.ClientError, ValueError) as error:
            raise RequestFailed(f"{self._url} does not answer as expected ({type(error).__name__}).") from None

    async def _job(
        self, session: aiohttp.ClientSession, method: str, path: str, wait_seconds: int, **options: Any
    ) -> tuple[Any, bool]:
        """The job, and whether the server held the request (long polling, at most a minute by its rules)."""
        wait_seconds = min(60, wait_seconds)
        began = time.monotonic()
        headers = {"prefer": f"wait={wait_seconds}"} if wait_seconds else {}
        job = await self._json(session, method, path, headers=headers, **options)
        return job, time.monotonic() - began > wait_seconds / 2

    async def _json(self, session: aiohttp.ClientSession, method: str, path: str, **options: Any) -> Any:
        async with self._open(session, method, path, **options) as response:
            return await response.json(content_type=None)


def key_line(key: Mapping[str, Any]) -> str:
    """An API key, as the server describes it, in one line."""
    flows = "all flows" if key["flows"] is None else f"flows {','.join(key['flows'])}"
    end = f"revoked {key['revokedAt']}" if key["revokedAt"] else f"expires {key['expiresAt'] or 'never'}"
    used = f"last used {key['lastUsedAt'] or 'never'}"
    rate = f"{key['ratePerMinute']} a minute  " if key["ratePerMinute"] else ""
    name = "".join(c if c.isprintable() else " " for c in key["name"])
    return f"{key['id']}  {','.join(key['rights'])}  {flows}  {end}  {used}  {rate}{name}"
