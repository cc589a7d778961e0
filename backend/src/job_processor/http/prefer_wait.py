"""``Prefer: wait=n`` (RFC 7240, section 4.3): the response waits until the job is final, n seconds have passed or the
client disconnects."""

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterator

from starlette.requests import Request

from job_processor import tasks
from job_processor.acts.credentials import Credentials
from job_processor.bus import Bus
from job_processor.core.access import Principal
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.job import Job
from job_processor.http import visibility
from job_processor.http.access import access_ended, principal_of
from job_processor.http.scope_keys import HEADERS_BY_NAME, PIPELINED
from job_processor.store.base import Store

MAX_WAIT_SECONDS = 60.0
MAX_WAITS = 2_000
"""Maximum number of waiting requests; any further one is answered at once: a preference may be ignored (RFC 7240,
section 2)."""
RETRY_SECONDS = 0.2
"""The pause after a failed read while a request waits."""
_WAIT = re.compile(rb'(?:^|[,;\s])wait\s*=\s*"?(\d{1,18})"?\s*(?:$|[,;\s])', re.IGNORECASE)


class WaitingRequests:
    """The waiting requests of all operations together."""

    def __init__(self, store: Store, bus: Bus, credentials: Credentials) -> None:
        self._store = store
        self._bus = bus
        self._credentials = credentials
        self._held = 0

    async def wait_for_final(
        self, request: Request, job_id: str, stored: Job | None = None
    ) -> tuple[Job, dict[str, str]]:
        """The job after the wait that the request prefers, and the response headers for it (``Preference-Applied``).

        ``stored``: the job that this request has just stored; then nothing is raised, and if the job is deleted or the
        store fails during the wait, its last known state is returned. Without ``stored`` raises ``JobNotFound``, also
        if the job is deleted during the wait, and ``StoreUnavailable`` if it cannot be read even once.

        If the requester's key or session ends during the wait, ``stored`` is returned, or without it ``RequestRefused``
        (401) raised.
        """
        seconds = preferred_wait(request)
        principal = principal_of(request)
        if seconds is None or self._held >= MAX_WAITS:
            return stored or await self._read(job_id, principal), {}
        with self._slot():
            job = await self._wait(request, job_id, stored, seconds)
        return job, {"preference-applied": f"wait={seconds:g}"}

    async def _wait(self, request: Request, job_id: str, stored: Job | None, seconds: float) -> Job:
        seen = stored
        principal = principal_of(request)
        ended = asyncio.Event()

        def on_change(job: Job) -> None:
            nonlocal seen
            seen = job

        watching = asyncio.ensure_future(self._watch(job_id, principal, on_change, retry_first_read=stored is not None))
        leaving = asyncio.ensure_future(_client_left(request, body_was_read=stored is not None))
        ending = asyncio.ensure_future(ended.wait())
        waiting = {watching, leaving, ending}
        try:
            with self._credentials.held(principal, ended.set):
                await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if ended.is_set():
                if stored is None:
                    raise access_ended()
                return stored
            if watching.done():
                watching.result()
        except JobNotFound:
            if stored is None:
                raise
        finally:
            await tasks.end(*waiting)
        return seen or await self._read(job_id, principal)

    async def _watch(
        self, job_id: str, principal: Principal, on_change: Callable[[Job], None], *, retry_first_read: bool
    ) -> None:
        """Call ``on_change`` with the job at first and after every change, until it is final or the process stops.

        Subscribes before the first read, so that no change is missed. Failed reads are retried, except the first one
        unless ``retry_first_read``. Raises ``JobNotFound``, and ``StoreUnavailable`` for such a first read.
        """
        with self._bus.listen(job_id) as listener:
            while True:
                try:
                    job = await self._read(job_id, principal)
                except StoreUnavailable:
                    if not retry_first_read:
                        raise
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                on_change(job)
                retry_first_read = True
                if job.is_final or listener.closed:
                    return
                await listener.take()

    async def _read(self, job_id: str, principal: Principal) -> Job:
        return await visibility.job_of(self._store, job_id, principal)

    @contextlib.contextmanager
    def _slot(self) -> Iterator[None]:
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1


def preferred_wait(request: Request) -> float | None:
    """The preferred wait in seconds, at most ``MAX_WAIT_SECONDS``; ``None``: no such preference."""
    if b"prefer" not in request.scope[HEADERS_BY_NAME]:
        return None
    # Several Prefer headers count as one list (RFC 9110, section 5.3).
    given = [value for name, value in request.scope["headers"] if name == b"prefer"]
    asked = _WAIT.search(b",".join(given))
    return None if asked is None else min(float(asked[1]), MAX_WAIT_SECONDS)


async def _client_left(request: Request, *, body_was_read: bool) -> None:
    """Returns when the client disconnects or pipelines another request (see ``GuardedProtocol``)."""
    complete = body_was_read
    while not (complete and request.scope.get(PIPELINED)):
        message = await request.receive()
        if complete or message["type"] == "http.disconnect":
            return
        complete = not message.get("more_body", False)
