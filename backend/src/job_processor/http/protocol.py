"""One connection: uvicorn's HTTP/1.1 protocol with timeouts, memory budgets, and a lingering close after a refusal.

The server checks the timeouts of all connections once a second, so a request needs no timer of its own.
"""

import asyncio
from typing import Any, cast

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from job_processor.http import refusals
from job_processor.http.answering import ErrorBoundary
from job_processor.http.bounded_reading import BoundedReading
from job_processor.http.connection_limits import address_group
from job_processor.http.held_bytes import HeldBytes
from job_processor.http.problems import RequestRefused
from job_processor.http.scope_keys import AUTHENTICATED, HEAD_LINES, PIPELINED, STREAMED
from job_processor.http.sending import CoalescingTransport, WriteBuffer
from job_processor.http.shared_state import SharedState

HEAD_SECONDS = 10.0
"""Timeout from the first byte (or from connecting) to the end of the headers."""
BODY_SECONDS = 30.0
"""Timeout from the first byte of the request to the end of its body."""

STREAMED_BYTES_PER_SECOND = 256 * 1024
"""Minimum rate of a long body that is read as a stream: its timeout grows by a second for each this many bytes."""


class GuardedProtocol(BoundedReading):
    """A connection with protection against slow and endless requests, and against clients that do not read."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._shared = cast(SharedState, server_state)
        self._address = ""
        self._has_slot = False
        self._held = HeldBytes()
        self._current_cycle: RequestResponseCycle | None = None
        self._deferred_refusal: bytes | None = None
        self._write_buffer: WriteBuffer | None = None
        self._next_request_deferred = False

    # --- the connection ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the parent
        super().connection_made(transport)
        self._coalescing = CoalescingTransport(transport)
        self._add_lines = self._coalescing.add_lines
        self.transport = cast(asyncio.Transport, self._coalescing)
        self._write_buffer = WriteBuffer(transport, self._shared.unsent)
        self._reading_since = self.loop.time()
        self._address = self.client[0] if self.client else ""
        limits = self._shared.limits
        is_proxy = limits.proxies.trusts(self._address)
        self._has_slot = self._shared.slots.acquire(address_group(self._address), stands_for_many=is_proxy)
        if not self._has_slot:
            if len(self.connections) > limits.connections + limits.spare_connections:
                self._input_closed = True
                transport.abort()
            else:
                self._refuse_and_close(refusals.too_many_connections())

    def connection_lost(self, exc: Exception | None) -> None:
        self._input_closed = True
        self._held.release(self)
        if self._write_buffer is not None:
            self._write_buffer.end()
        if self._has_slot:
            self._shared.slots.release(address_group(self._address))
        answering = self._current_cycle
        if answering is not None and not answering.response_complete:
            # The parent notifies only the newest request, which may be pipelined behind this one.
            answering.disconnected = True
            answering.message_event.set()
        super().connection_lost(exc)
        # Reference cycles would keep the connection in memory until the next garbage collection.
        for cycle in (answering, self.cycle, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None:
                cycle.transport = self.transport
        self.pipeline.clear()
        self.cycle = None  # type: ignore[assignment]  # as before the first request

    def eof_received(self) -> None:
        if self._lingering.is_on:
            self._end_lingering()

    def shutdown(self) -> None:
        if self._lingering.is_on:
            self._end_lingering()
        super().shutdown()

    # --- memory held by incomplete requests ---

    def _update_budget(self) -> None:
        if self._reading_since is None and not self._held.is_counted:
            return
        held = 0
        budget = self._shared.unauthenticated
        if self._reading_since is not None and not self._input_closed:
            held = self._unparsed_bytes
            if not self._in_head and not self.cycle.response_complete:
                streamed = STREAMED in self.cycle.scope
                # If the body is read as a stream, only the bytes that the handler has not read yet count.
                held += len(self.cycle.body) if streamed else self._body_bytes
                if streamed or AUTHENTICATED in self.cycle.scope:
                    budget = self._shared.authenticated
        self._held.count(self, held, budget)

    def evict(self) -> None:
        """The memory budget is exceeded, and this connection is one of the largest holders."""
        self._refuse_and_close(refusals.over_budget())

    # --- responses ---

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._current_cycle = cycle
        cycle.scope[HEAD_LINES] = self._add_lines  # type: ignore[literal-required]  # a key of our own
        super()._start_asgi_task(cycle, ErrorBoundary(cycle, app))  # type: ignore[arg-type]  # wider types of Starlette

    def on_response_complete(self) -> None:
        self._unanswered_requests -= 1
        if self._current_cycle is not None:
            # Break the reference cycle, or each request would have to wait for a garbage collection.
            self._current_cycle.transport = self.transport
        self._coalescing.flush()
        if self._deferred_refusal is not None and not self._unanswered_requests:
            self._send_refusal(self._deferred_refusal)
        elif self._lingering.is_on:
            # The rest of the body is discarded, and no later request is answered.
            self.flow.resume_reading()
        elif self.pipeline and self.flow.write_paused:
            # Start the next pipelined request when the client has read this response.
            self._next_request_deferred = True
            return
        else:
            super().on_response_complete()
            if self._held.is_counted:
                self._update_budget()
            return
        self.server_state.total_requests += 1

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._write_buffer is not None:
            self._write_buffer.count()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_buffer is not None:
            self._write_buffer.count()
        if self._next_request_deferred:
            self._next_request_deferred = False
            super().on_response_complete()

    def linger(self) -> None:
        """The response is complete before the request body: discard the rest of it for a while, then close."""
        self._lingering.begin(self.loop.time())
        self._coalescing.flush()

    def _end_lingering(self) -> None:
        self._input_closed = True
        self._lingering.end()
        self.transport.close()

    def check_deadline(self, now: float) -> None:
        """Close the connection if its request takes too long to arrive, or if the client does not read.

        ``now``: seconds of the event loop's clock.
        """
        if self._write_buffer is not None and self._write_buffer.is_stuck(now):
            # Abort: a transport that is closing waits for the client to read, too.
            self.transport.abort()
            return
        if self._held.is_counted:
            # The sender may have authenticated since, which changes the budget.
            self._update_budget()
        if self._lingering.is_on:
            if self._lingering.is_over(now):
                self._end_lingering()
            return
        if self._reading_since is None or self._input_closed or self.transport.is_closing():
            return
        if self.pipeline or (self._in_head and self._unanswered_requests):
            # Reading pauses while an earlier request is answered: restart the timeout.
            self._reading_since = now
            return
        if now - self._reading_since > (HEAD_SECONDS if self._in_head else self._body_seconds()):
            self._refuse_and_close(refusals.too_slow())

    def _body_seconds(self) -> float:
        return BODY_SECONDS + (self._body_bytes / STREAMED_BYTES_PER_SECOND if STREAMED in self.cycle.scope else 0.0)

    def _refuse_and_close(self, refused: RequestRefused) -> None:
        """Refuse the request that is being read, after the responses to earlier requests, and close the connection.

        If its response has started, the connection is closed without the refusal.
        """
        self._input_closed = True
        self._held.release(self)
        self.parser = None  # type: ignore[assignment]  # frees its buffer
        self._unset_keepalive_if_required()
        if not self._in_head:
            cycle = self.cycle
            if cycle.response_started:
                self._end_lingering()
                return
            self._unanswered_requests -= 1
            if self.pipeline:
                self.pipeline.popleft()
            else:
                cycle.disconnected = True
                cycle.message_event.set()
        request_id = self._shared.refusals.note(refused, self._address)
        response = refusals.response_bytes(refused, request_id, self.server_state.default_headers)
        if self._unanswered_requests:
            self._deferred_refusal = response
            self._mark_pipelined()
            self.flow.pause_reading()
        else:
            self._send_refusal(response)

    def _send_refusal(self, response: bytes) -> None:
        self.transport.write(response)
        self._deferred_refusal = None
        self._lingering.begin(self.loop.time())
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _mark_pipelined(self) -> None:
        if self._current_cycle is not None:
            # A request that waits (Prefer: wait) must end now: it blocks the next one, and while reading is paused a
            # disconnect would go unnoticed.
            cast(dict[str, Any], self._current_cycle.scope)[PIPELINED] = True
            self._current_cycle.message_event.set()
