"""The HTTP client of the command line, for a running server."""

import asyncio
import contextlib
import json
import math
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from job_processor.core.counted import counted
from job_processor.core.errors import JobProcessorError
from job_processor.core.job import FINAL

BAR_WIDTH = 30
PAUSE_SECONDS = 1.0
"""Polling interval if the server does not hold requests (long polling), because it is overloaded or stopping."""


class RequestFailed(JobProcessorError):
    """The server is unreachable, or answered with an error. ``is_transient``: a retry may succeed."""

    def __init__(self, message: str, *, is_transient: bool = False) -> None:
        super().__init__(message)
        self.is_transient = is_transient


@dataclass(frozen=True, slots=True)
class Batch:
    """A file to submit as a batch. ``output``: the file for its results. ``wait_seconds``: the maximum time to wait for
    its end; 0: do not wait. ``key``: the default key (customer or tenant) of its lines."""

    file: Path
    flow: str | None = None
    name: str | None = None
    partial: bool = False
    wait_seconds: int = 0
    output: Path | None = None
    webhook_url: str | None = None
    key: str | None = None


class Client:
    """A client of the server at ``url``. ``print_line``: prints a line of output. ``key``: an API key; empty: none.

    Methods that return an ``int`` return the exit code of their command. Methods raise ``RequestFailed``.
    """

    def __init__(self, url: str, print_line: Callable[[str], None], key: str = "") -> None:
        self._url = url.rstrip("/")
        self._print = self.print = print_line
        self._headers = {"authorization": f"Bearer {key}"} if key else {}

    async def submit(self, prompt: str, flow: str | None, wait_seconds: int, key: str | None = None) -> int:
        """Submit a job, and wait up to ``wait_seconds`` for its end; 0 if it is COMPLETED or not waited for, else 1."""
        async with self._session() as session:
            body = {"prompt": prompt} | ({"flow": flow} if flow else {}) | ({} if key is None else {"key": key})
            end = time.monotonic() + wait_seconds
            job, held = await self._job(session, "POST", "/jobs", wait_seconds, json=body)
            while job["status"] not in FINAL and (left := end - time.monotonic()) > 0:
                if not held:
                    await asyncio.sleep(min(PAUSE_SECONDS, left))
                job, held = await self._job(session, "GET", f"/jobs/{job['id']}", math.ceil(left))
        self._print("  ".join([job["id"], job["status"], *_answered_by(job)]))
        if job["result"] is not None:
            self._print(job["result"])
        return 0 if not wait_seconds or job["status"] == "COMPLETED" else 1

    async def submit_file(self, wanted: Batch, bar: Callable[[str], None]) -> int:
        """Submit the lines of a file as one batch, and wait for its end if requested; 0 if all its jobs are COMPLETED
        or not waited for, else 1. ``bar``: shows a line of progress."""
        options = {"name": wanted.name, "flow": wanted.flow, "partial": "true" if wanted.partial else None}
        options |= {"webhookUrl": wanted.webhook_url, "key": wanted.key}
        as_object = wanted.file.suffix == ".json"
        params = {} if as_object else {name: value for name, value in options.items() if value}
        media = "application/json" if as_object else "application/x-ndjson"
        # The idempotency key prevents a second batch if the request is retried after a connection error.
        headers = {"content-type": media, "idempotency-key": secrets.token_hex(16)}
        try:
            body = await asyncio.to_thread(wanted.file.read_bytes)
        except OSError as error:
            raise RequestFailed(f"{wanted.file} cannot be read: {error.strerror}.") from None
        async with self._session() as session:
            batch = await self._again(
                lambda: self._json(session, "POST", "/batches", data=body, params=params, headers=headers)
            )
            self._print(f"{batch['id']}  {counted(batch['jobs'], 'job')} of {counted(batch['lines'], 'line')}")
            for one in batch["errors"]:
                self._print(f"line {one['line']}: {one['field']}: {one['message']}")
            path, end = f"/batches/{batch['id']}", time.monotonic() + wanted.wait_seconds
            while wanted.wait_seconds and batch["status"] != "ENDED" and time.monotonic() < end:
                bar(progress_line(batch))
                await asyncio.sleep(PAUSE_SECONDS)
                batch = await self._again(lambda: self._json(session, "GET", path))
            bar("")
            if wanted.output is not None:
                await self._save_results(session, batch["id"], wanted.output)
        if not wanted.wait_seconds:
            return 0
        self._print(progress_line(batch))
        return 0 if batch["counts"]["completed"] == batch["lines"] else 1

    async def _save_results(self, session: aiohttp.ClientSession, batch_id: str, output: Path) -> None:
        """Download the results to a file. It gets its name only when it is complete."""
        unfinished = output.with_name(output.name + ".part")
        async with self._open(session, "GET", f"/batches/{batch_id}/results") as response:
            try:
                with unfinished.open("wb") as file:
                    async for piece in response.content.iter_any():
                        file.write(piece)
                unfinished.replace(output)
            except OSError as error:
                raise RequestFailed(f"{output} cannot be written: {error.strerror}.") from None

    async def _again(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """The answer of ``ask``, which is retried with back-off after transient errors."""
        for pause in (1.0, 2.0, 4.0, 8.0):
            try:
                return await ask()
            except RequestFailed as error:
                if not error.is_transient:
                    raise
            await asyncio.sleep(pause)
        return await ask()

    async def list(self, limit: int, status: str | None, search: str | None = None, fields: str | None = None) -> int:
        """Print the jobs, newest first. ``fields``: print only these fields of each job, as one JSON object a line."""
        async with self._session() as session:
            given = {"limit": str(limit), "status": status, "q": search, "fields": fields}
            params = {name: value for name, value in given.items() if value}
            for job in await self._json(session, "GET", "/jobs", params=params):
                if fields:
                    # ASCII only, because texts of a job may contain terminal escape sequences.
                    self._print(json.dumps(job))
                    continue
                # Prompts are untrusted: remove terminal escape sequences.
                printable = "".join(c if c.isprintable() else " " for c in job["prompt"])
                prompt = " ".join(printable.split())[:60]
                flow = "  ".join([job["flow"], *_answered_by(job)])
                self._print(f"{job['id']}  {job['status']:<9}  {job['createdAt']}  {flow}  {prompt}")
        return 0

    async def count(self, params: Mapping[str, str]) -> int:
        """The number of matching jobs, up to the server's maximum."""
        async with self._session() as session:
            return int((await self._json(session, "GET", "/jobs/count", params=params))["count"])

    async def export(self, params: Mapping[str, str]) -> AsyncIterator[bytes]:
        """The export as chunks of bytes."""
        async with self._session() as session, self._open(session, "GET", "/jobs/export", params=params) as response:
            async for chunk in response.content.iter_any():
                yield chunk

    def say(self, line: str) -> None:
        self._print(line)

    async def watch(self) -> int:
        """Print every change of a job, until the command is interrupted or the server ends the stream."""
        async with self._session() as session, self._open(session, "GET", "/events") as response:
            is_job = False
            async for line in response.content:
                if line.startswith(b"event: "):
                    is_job = line.strip() == b"event: job"
                elif is_job and line.startswith(b"data: {"):
                    self._print(line[6:].decode().strip())
        return 0

    async def create_key(self, wanted: Mapping[str, object]) -> int:
        """Make an API key and print it. The server shows it only this once."""
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

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of an answer. Raises ``RequestFailed``."""
        async with self._session() as session:
            return await self._json(session, method, path, **options)

    async def ask_again(self, method: str, path: str, **options: Any) -> Any:
        """As ``ask``, but transient errors are retried with back-off."""
        return await self._again(lambda: self.ask(method, path, **options))

    async def send(self, method: str, path: str) -> None:
        """Send a request whose answer has no body. Raises ``RequestFailed``."""
        async with self._session() as session, self._open(session, method, path):
            pass

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
        """A successful response. Raises ``RequestFailed``, also for connection errors while it is read."""
        try:
            async with session.request(method, self._url + path, **options) as response:
                if response.status >= 400:
                    body = await response.json(content_type=None)
                    words = [f"{response.status}: {body.get('error', 'no reason given')}"]
                    words += [_line_error(one) for one in body.get("errors", ()) if "line" in one]
                    raise RequestFailed("\n  ".join(words), is_transient=response.status in (429, 502, 503, 504))
                yield response
        except (aiohttp.ClientError, ValueError) as error:
            raise RequestFailed(
                f"{self._url} does not answer as expected ({type(error).__name__}).", is_transient=True
            ) from None

    async def _job(
        self, session: aiohttp.ClientSession, method: str, path: str, wait_seconds: int, **options: Any
    ) -> tuple[Any, bool]:
        """The job, and whether the server held the request (long polling, limited to one minute)."""
        wait_seconds = min(60, wait_seconds)
        began = time.monotonic()
        headers = {"prefer": f"wait={wait_seconds}"} if wait_seconds else {}
        job = await self._json(session, method, path, headers=headers, **options)
        return job, time.monotonic() - began > wait_seconds / 2

    async def _json(self, session: aiohttp.ClientSession, method: str, path: str, **options: Any) -> Any:
        async with self._open(session, method, path, **options) as response:
            return await response.json(content_type=None)


def _answered_by(job: Mapping[str, Any]) -> list[str]:
    """A text about the fallback flow that gave the result, if one did. Older servers do not send the field."""
    flow = job.get("answeredBy")
    return [f"(answered by {flow})"] if flow else []


def _line_error(error: Mapping[str, Any]) -> str:
    return f"line {error['line']}: {error['field']}: {error['message']}"


def progress_line(batch: Mapping[str, Any]) -> str:
    """The progress of a batch: a bar, and its jobs by state."""
    counts = batch["counts"]
    done = sum(counts[state] for state in ("completed", "failed", "cancelled", "deleted"))
    filled = BAR_WIDTH * done // max(1, batch["jobs"])
    states = "  ".join(f"{n:,} {state}" for state, n in counts.items() if n)
    return f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {done:,} of {batch['jobs']:,}  {states}"


def key_line(key: Mapping[str, Any]) -> str:
    """An API key of the server's answer in one line."""
    flows = "all flows" if key["flows"] is None else f"flows {','.join(key['flows'])}"
    end = f"revoked {key['revokedAt']}" if key["revokedAt"] else f"expires {key['expiresAt'] or 'never'}"
    used = f"last used {key['lastUsedAt'] or 'never'}"
    rate = f"{key['ratePerMinute']} a minute  " if key["ratePerMinute"] else ""
    name = "".join(c if c.isprintable() else " " for c in key["name"])
    return f"{key['id']}  {','.join(key['rights'])}  {flows}  {end}  {used}  {rate}{name}"
