"""The response of one request on a persistent connection: when the connection closes, and when it is aborted."""

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
        """Read and discard the rest of the request body for a while, then close."""


class ResponseTransport:
    """The transport that uvicorn's cycle writes one response to. Its ``close`` lingers while the request body is
    incomplete."""

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


class ErrorBoundary:
    """Wraps the application for one request; no exception leaves it.

    If the response has started, the connection is aborted, so that the client sees an incomplete response.
    """

    __slots__ = ("_app", "_cycle")

    def __init__(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        self._cycle = cycle
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            # The server stops, and its timeout for open requests has passed.
            self._abort()
        except Exception as error:
            if self._cycle.response_started or self._cycle.disconnected:
                # Already logged by ``ProblemMiddleware``, or the client has disconnected.
                self._abort()
                return
            log.exception("request_failed", method=scope["method"], path=scope["path"][:200])
            await problems.response(problems.refusal(error), scope.get("request_id", ""))(scope, receive, send)

    def _abort(self) -> None:
        self._cycle.disconnected = True
        self._cycle.transport.abort()
