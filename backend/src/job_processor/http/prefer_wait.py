"""``Prefer: wait=n`` (RFC 7240): an answer is held until the job is final, the time is over or the client leaves."""

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterator

from starlette.requests import Request

from job_processor.bus import Bus
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.job import Job
from job_processor.http.scope_keys import FOLLOWED
from job_processor.store.base import Store

MAX_WAIT_SECONDS = 60.0
MAX_WAITS = 2_000
"""Requests that are held at once; a further one is answered at once: a preference may be passed over (RFC 7240)."""
LOOK_AGAIN_SECONDS = 0.2
"""After a read that failed while a request was held."""
_WAIT = re.compile(rb'(?:^|[,;\s])wait\s*=\s*"?(\d{1,18})"?\s*(?:$|[,;\s])', re.IGNORECASE)


class HeldRequests:
    """The requests that are held, of all operations together."""

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store = store
        self._bus = bus
        self._held = 0

    async def whole(self, request: Request, job_id: str, stored: Job | None = None) -> tuple[Job, dict[str, str]]:
        """The job, held back as the request prefers, and the headers that say so.

        ``stored``: the job as this request has stored it; then whatever happens while it is held back, it is answered
        as it was last seen. Without it raises ``JobNotFound``, also for one that was deleted in the meantime, and
        ``StoreUnavailable`` when it cannot be read at all.
        """
        seconds = preferred(request)
        if seconds is None or self._held >= MAX_WAITS:
            return stored or await self._read(job_id), {}
        with self._counted():
            job = await self._held_back(request, job_id, stored, seconds)
        return job, {"preference-applied": f"wait={seconds:g}"}

    async def _held_back(self, request: Request, job_id: str, stored: Job | None, seconds: float) -> Job:
        seen = stored

        def saw(job: Job) -> None:
            nonlocal seen
            seen = job

        following = asyncio.ensure_future(self._follow(job_id, saw, patient=stored is not None))
        leaving = asyncio.ensure_future(_left(request, body_was_read=stored is not None))
        try:
            await asyncio.wait({following, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
        except JobNotFound:
            if stored is None:
                raise
        finally:
            following.cancel()
            leaving.cancel()
            await asyncio.gather(following, leaving, return_exceptions=True)
        return seen or await self._read(job_id)

    async def _follow(self, job_id: str, saw: Callable[[Job], None], *, patient: bool) -> None:
        """Reports the job whenever it has changed, until it is final or the process stops.

        It listens before it reads, so that no change falls between the two. Raises ``JobNotFound``; a read that
        fails is made again, unless it was the first and not ``patient``.
        """
        with self._bus.listen(job_id) as listener:
            while True:
                try:
                    job = await self._read(job_id)
                except StoreUnavailable:
                    if not patient:
                        raise
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)
                    continue
                saw(job)
                patient = True
                if job.is_final or listener.closed:
                    return
                await listener.take()

    async def _read(self, job_id: str) -> Job:
        job = await self._store.get(job_id)
        if job is None:
            raise JobNotFound
        return job

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1


def preferred(request: Request) -> float | None:
    """How many seconds the request would wait, cut to the maximum; ``None``: it does not say."""
    # A header that is sent twice is one list.
    given = b",".join(value for name, value in request.scope["headers"] if name == b"prefer")
    asked = _WAIT.search(given)
    return None if asked is None else min(float(asked[1]), MAX_WAIT_SECONDS)


async def _left(request: Request, *, body_was_read: bool) -> None:
    """Returns once the client has closed its connection, or has sent the next request on it (see GuardedProtocol)."""
    complete = body_was_read
    while not (complete and request.scope.get(FOLLOWED)):
        message = await request.receive()
        if complete or message["type"] == "http.disconnect":
            return
        complete = not message.get("more_body", False)
