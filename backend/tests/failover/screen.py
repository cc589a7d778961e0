"""A page as a person has it open: follows the event stream, resumes it, fetches anew when told to."""

import asyncio
import contextlib
import json

import aiohttp
from yarl import URL

from tests.support.background import Background

DELETED = "deleted"


class Screen(Background):
    """What one follower of one API believes: id → status, and the rev that said so."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._last = ""
        self.believes: dict[str, tuple[int, str]] = {}
        self.resyncs = 0
        self.reconnects = -1

    @property
    def statuses(self) -> dict[str, str]:
        return {job_id: status for job_id, (_, status) in self.believes.items() if status != DELETED}

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_read=40)
        async with aiohttp.ClientSession(self._base, timeout=timeout) as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, ValueError):
                    await self._follow(session)
                await asyncio.sleep(0.2)

    async def _follow(self, session: aiohttp.ClientSession) -> None:
        headers = {"Last-Event-ID": self._last} if self._last else {}
        async with session.get("/events", headers=headers) as response:
            response.raise_for_status()
            self.reconnects += 1
            kind = data = ""
            async for raw in response.content:
                line = raw.decode().rstrip("\n")
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    data = value
                elif name == "id":
                    self._last = value
                elif not line and kind:
                    if kind == "resync":
                        self.resyncs += 1
                        await self._fetch(session)
                    elif kind == "job":
                        self._learn(json.loads(data))
                    kind = data = ""

    def _learn(self, told: dict[str, str | int | None]) -> None:
        job_id, rev = str(told["id"]), int(told["rev"] or 0)
        if rev >= self.believes.get(job_id, (0, ""))[0]:
            self.believes[job_id] = (rev, str(told["status"] or DELETED))

    async def _fetch(self, session: aiohttp.ClientSession) -> None:
        """All jobs, as a page does on `resync`. What it knew before counts for nothing."""
        fetched = {job["id"]: (0, job["status"]) for job in await every_job(session)}
        self.believes = fetched


async def every_job(session: aiohttp.ClientSession) -> list[dict[str, str]]:
    jobs: list[dict[str, str]] = []
    url: URL | None = URL("/jobs?limit=200")
    while url is not None:
        async with session.get(url) as response:
            response.raise_for_status()
            jobs += await response.json()
            following = response.links.get("next")
            url = None if following is None else URL(str(following["url"])).relative()
    return jobs
