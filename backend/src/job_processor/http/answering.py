"""How one request is answered on a connection that may serve others: how it closes, and how it breaks off."""

import asyncio
from typing import Protocol

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from job_processor.http import problems

log = structlog.get_logger(__name__)


class Connection(Protocol):
    transport: asyncio.Transport

    def linger(self) -> None:
        """Read what still comes of the request for a while, then close."""


class OneAnswer:
    """What one request is answered through: closing waits for the rest of its body."""

    __slots__ = ("_connection", "_cycle", "write")

    def __init__(self, connection: Connection, cycle: RequestResponseCycle) -> None:
        self._connection = connection
        self._cycle = cycle
        self.write = connection.transport.write

    def is_closing(self) -> bool:
        return self._connection.transport.is_closing()

    def abort(self) -> None:
        self._connection.transport.abort()

    def close(self) -> None:
        if self._cycle.response_complete and self._cycle.more_body and not self._cycle.disconnected:
            self._connection.linger()
        else:
            self._connection.transport.close()


class Unbroken:
    """The application for one request, of which no exception comes out.

    An answer that has begun and cannot go on ends its connection, so that it does not look whole.
    """

    __slots__ = ("_app", "_cycle")

    def __init__(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        self._cycle = cycle
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            # The server stops, and has waited for this answer long enough.
            self._break_off()
        except Exception as error:
            if self._cycle.response_started or self._cycle.disconnected:
                # It is in the log already (see edge.Problems), or nobody is there to be answered.
                self._break_off()
                return
            log.exception("request_failed", method=scope["method"], path=scope["path"][:200])
            await problems.response(problems.refusal(error), scope.get("request_id", ""))(scope, receive, send)

    def _break_off(self) -> None:
        self._cycle.disconnected = True
        self._cycle.transport.abort()
