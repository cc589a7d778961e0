"""One connection: uvicorn's HTTP/1.1 protocol with deadlines, shared budgets, and an orderly end after a refusal.

Deadlines are checked by one sweep a second over all connections, which costs a request nothing.
"""

import asyncio
from typing import Any, cast

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from job_processor.http import refusals
from job_processor.http.answering import Unbroken
from job_processor.http.bounded_reading import BoundedReading
from job_processor.http.connection_limits import group
from job_processor.http.held_bytes import HeldBytes
from job_processor.http.problems import Refused
from job_processor.http.scope_keys import FOLLOWED, PROVEN
from job_processor.http.sending import Corked, Sending
from job_processor.http.shared_state import Shared

HEAD_SECONDS = 10.0
"""From the first byte (or the connection) to the end of the headers."""
BODY_SECONDS = 30.0
"""From the first byte to the end of the body."""


class GuardedProtocol(BoundedReading):
    """One connection that cannot be held open by sending slowly, nor filled by a head without end."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._shared = cast(Shared, server_state)
        self._address = ""
        self._has_place = False
        self._held = HeldBytes(self)
        self._answering: RequestResponseCycle | None = None
        self._last_words: bytes | None = None
        self._sending: Sending | None = None
        self._next_waits = False

    # --- the connection ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the parent
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, Corked(transport))
        self._sending = Sending(transport, self._shared.untaken)
        self._since = self.loop.time()
        self._address = self.client[0] if self.client else ""
        self._has_place = self._shared.places.take(group(self._address))
        if not self._has_place:
            limits = self._shared.limits
            if len(self.connections) > limits.connections + limits.spare_connections:
                self._ended = True
                transport.abort()
            else:
                self._end_with(refusals.too_many_connections())

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._held.let_go()
        if self._sending is not None:
            self._sending.end()
        if self._has_place:
            self._shared.places.give_back(group(self._address))
        answering = self._answering
        if answering is not None and not answering.response_complete:
            # The parent tells only the newest request, which may wait behind this one.
            answering.disconnected = True
            answering.message_event.set()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        if self._lingering.is_on:
            self._end_lingering()

    def shutdown(self) -> None:
        if self._lingering.is_on:
            self._end_lingering()
        super().shutdown()

    # --- what is held of requests that are not here whole ---

    def _account(self) -> None:
        if self._since is None and not self._held.is_counted:
            return
        held = 0
        budget = self._shared.unproven
        if self._since is not None and not self._ended:
            held = self._unread_bytes
            if not self._in_head and not self.cycle.response_complete:
                held += self._body_bytes
                if PROVEN in self.cycle.scope:
                    budget = self._shared.proven
        self._held.count(held, budget)

    def give_up(self) -> None:
        """It holds more than others, and there is no room."""
        self._end_with(refusals.no_room())

    # --- what goes out ---

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, cast(Any, Unbroken(cycle, app)))

    def on_response_complete(self) -> None:
        self._unanswered -= 1
        # No body comes to a HEAD that would take the head along.
        self.transport.write(b"")
        if self._last_words is not None and not self._unanswered:
            self._say(self._last_words)
        elif self._lingering.is_on:
            # What waits to be read is thrown away, and no request after it is answered.
            self.flow.resume_reading()
        elif self.pipeline and self.flow.write_paused:
            # The next answer is not made before the one before it is taken.
            self._next_waits = True
            return
        else:
            super().on_response_complete()
            if self._held.is_counted:
                self._account()
            return
        self.server_state.total_requests += 1

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._sending is not None:
            self._sending.count()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._sending is not None:
            self._sending.count()
        if self._next_waits:
            self._next_waits = False
            super().on_response_complete()

    def linger(self) -> None:
        """The answer is written and the body is not all here: read on for a while, then close."""
        self._lingering.begin(self.loop.time())
        self.transport.write(b"")

    def _end_lingering(self) -> None:
        self._ended = True
        self._lingering.end()
        self.transport.close()

    def check_deadline(self, now: float) -> None:
        """Close the connection if what it is sending has taken too long to arrive, or if it reads nothing."""
        if self._sending is not None and self._sending.is_stuck(now):
            # Nothing more can be said to whoever does not read. One that is closing waits for that, too.
            self.transport.abort()
            return
        if self._held.is_counted:
            # Its sender may have proven itself meanwhile.
            self._account()
        if self._lingering.is_on:
            if self._lingering.is_over(now):
                self._end_lingering()
            return
        if self._since is None or self._ended or self.transport.is_closing():
            return
        if self.pipeline or (self._in_head and self._unanswered):
            # What waits behind an answer is not read meanwhile: its time begins when its turn has come.
            self._since = now
            return
        if now - self._since > (HEAD_SECONDS if self._in_head else BODY_SECONDS):
            self._end_with(refusals.too_slow())

    def _end_with(self, refused: Refused) -> None:
        """What is arriving is refused: it is said when all that came before it is answered, and the connection ends.

        It is not said where an answer to it has begun: what stands in the middle of an answer is no answer.
        """
        self._ended = True
        self._held.let_go()
        self.parser = None  # type: ignore[assignment]  # it keeps what it has not read
        self._unset_keepalive_if_required()
        if not self._in_head:
            cycle = self.cycle
            if cycle.response_started:
                self._end_lingering()
                return
            self._unanswered -= 1
            if self.pipeline:
                self.pipeline.popleft()
            else:
                cycle.disconnected = True
                cycle.message_event.set()
        request_id = self._shared.refusals.note(refused, self._address)
        words = refusals.as_bytes(refused, request_id, self.server_state.default_headers)
        if self._unanswered:
            self._last_words = words
            self._tell_followed()
            self.flow.pause_reading()
        else:
            self._say(words)

    def _say(self, words: bytes) -> None:
        self.transport.write(words)
        self._last_words = None
        self._lingering.begin(self.loop.time())
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _tell_followed(self) -> None:
        if self._answering is not None:
            # It would hold what follows up; and while reading is paused, nobody notices that the connection is closed.
            cast(dict[str, Any], self._answering.scope)[FOLLOWED] = True
            self._answering.message_event.set()
