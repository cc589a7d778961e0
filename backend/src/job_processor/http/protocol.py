"""What uvicorn leaves out of a connection: deadlines, limits on what is not the body, one reading of every head.

Deadlines are checked by one sweep a second over all connections, which costs a request nothing.
"""

import asyncio
from typing import Any, cast

import httptools
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from job_processor.http import refusals, request_head
from job_processor.http.answering import OneAnswer, Unbroken
from job_processor.http.budget import UNTAKEN_BYTES, Budget
from job_processor.http.connection_limits import Limits, Places, group
from job_processor.http.problems import Refused
from job_processor.http.sending import Corked, Sending

HEAD_SECONDS = 10.0
"""From the first byte (or the connection) to the end of the headers."""
BODY_SECONDS = 30.0
"""From the first byte to the end of the body."""
LINGER_SECONDS = 30.0
LINGER_IDLE_SECONDS = 5.0
LINGER_BYTES = 128 * 1024 * 1024
"""For so long, and so many bytes, what is sent after an answer that came early is read on and thrown away; less long
when nothing more comes. A client that writes its whole body before it reads would see a reset instead of the answer,
were the connection closed at once."""
REFUSED_LINGER_BYTES = 2 * 1024 * 1024
"""The same after a refusal by the transport itself."""
MAX_HEAD_BYTES = 16 * 1024
MAX_UNREAD_BYTES = 64 * 1024
"""What may come between two bytes of bodies: the parser keeps an unfinished header or trailer to itself."""
PIECE_BYTES = 16 * 1024
"""So much is given to the parser at a time: what is counted as unread is never off by more."""
MAX_HEADERS = 100
MAX_URL_BYTES = 8 * 1024
MAX_AHEAD = 100
"""Requests that may wait for the answers of those before them."""
FOLLOWED = "followed"
"""Stands in the scope of a request when the next one of its connection has come before it was answered."""
PROVEN = "proven"
"""Set in the scope of a request when its sender has proven who it is."""


class Shared(ServerState):
    """What the connections of a server have in common."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.limits = limits
        self.places = Places(limits.connections, limits.connections_per_address)
        self.unproven = Budget()
        self.proven = Budget()
        self.untaken = Budget(UNTAKEN_BYTES)
        self.refusals = refusals.RefusalLog()


class _Stop(Exception):
    """Raised inside a parser callback; httptools turns it into its own error."""


class GuardedProtocol(HttpToolsProtocol):
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
        self._since: float | None = None
        self._in_head = True
        """A head is read or waited for; else the body of ``cycle``."""
        self._head_bytes = 0
        self._unread_bytes = 0
        self._body_bytes = 0
        self._advanced = False
        self._refusal: Refused | None = None
        self._budget: Budget | None = None
        self._answering: RequestResponseCycle | None = None
        self._unanswered = 0
        self._ended = False
        """Nothing that still comes is read as HTTP."""
        self._last_words: bytes | None = None
        self._sending: Sending | None = None
        self._next_waits = False
        self._lingering_until: float | None = None
        self._lingered_bytes = 0
        self._lingered_at = 0.0

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
        self._let_go()
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
        if self._lingering_until is not None:
            self._end_lingering()

    def shutdown(self) -> None:
        if self._lingering_until is not None:
            self._end_lingering()
        super().shutdown()

    # --- what comes in ---

    def data_received(self, data: bytes) -> None:
        if self._lingering_until is not None:
            self._lingered_bytes += len(data)
            self._lingered_at = self.loop.time()
            if self._lingered_bytes > (REFUSED_LINGER_BYTES if self._ended else LINGER_BYTES):
                self._end_lingering()
        if self._is_over():
            return
        if self._since is None:
            self._since = self.loop.time()
        self._unset_keepalive_if_required()
        size = self._read(data) if len(data) <= PIECE_BYTES else 0
        if size < len(data):
            rest = memoryview(data)[size:]
            while rest and not self._is_over():
                rest = rest[self._read(rest[:PIECE_BYTES]) :]
        self._account()

    def _is_over(self) -> bool:
        return self._ended or self.transport.is_closing()

    def _read(self, piece: bytes | memoryview) -> int:
        """Gives the piece to the parser. How much of it was read."""
        self._advanced = False
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            # No protocol is changed here: what follows is the next request.
            return max(1, int(upgrade.args[0]))
        except httptools.HttpParserError:
            self._end_with(self._refusal or refusals.not_http())
        else:
            if self._since is not None and not self._advanced:
                self._unread_bytes += len(piece)
                if self._unread_bytes > MAX_UNREAD_BYTES:
                    self._end_with(refusals.head_too_large())
        return len(piece)

    def on_message_begin(self) -> None:
        if self.transport.is_closing():
            # The connection was to end with the request before.
            raise _Stop
        if len(self.pipeline) >= MAX_AHEAD:
            self._refuse(refusals.too_many_ahead())
        if self._since is None:
            # The rest of what brought the request before.
            self._since = self.loop.time()
        self._in_head = True
        self._head_bytes = self._unread_bytes = self._body_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_URL_BYTES:
            self._refuse(refusals.address_too_long())

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(refusals.head_too_large())
        if not self._in_head:
            # A trailer is no header: whoever checked the head has not seen it (RFC 9110, 6.5.1).
            return
        # As the parent does, without the call: there are many of them.
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if len(self.headers) > MAX_HEADERS:
            self._refuse(refusals.head_too_large())
        try:
            request_head.check(
                self.parser.get_http_version(), self.parser.get_method().decode("ascii"), self.url, self.headers
            )
        except Refused as refused:
            self._refuse(refused)
        super().on_headers_complete()
        self._unanswered += 1
        self._in_head = False
        self._advanced = True
        self._head_bytes = self._unread_bytes = 0
        if self.pipeline:
            self._tell_followed()
        self.cycle.transport = cast(asyncio.Transport, OneAnswer(self, self.cycle))

    def on_body(self, body: bytes) -> None:
        self._advanced = True
        self._unread_bytes = 0
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._since = None
        self._in_head = True
        super().on_message_complete()
        if self._lingering_until is not None:
            self._end_lingering()

    def _refuse(self, refused: Refused) -> None:
        self._refusal = refused
        raise _Stop

    # --- what is held of requests that are not here whole ---

    def _account(self) -> None:
        if self._since is None and self._budget is None:
            return
        held = 0
        budget = self._shared.unproven
        if self._since is not None and not self._ended:
            held = self._unread_bytes
            if not self._in_head and not self.cycle.response_complete:
                held += self._body_bytes
                if PROVEN in self.cycle.scope:
                    budget = self._shared.proven
        if self._budget is not budget:
            self._let_go()
        if held or self._budget is not None:
            self._budget = budget if held else None
            budget.hold(self, held)

    def _let_go(self) -> None:
        if self._budget is not None:
            budget, self._budget = self._budget, None
            budget.hold(self, 0)

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
        elif self._lingering_until is not None:
            # What waits to be read is thrown away, and no request after it is answered.
            self.flow.resume_reading()
        elif self.pipeline and self.flow.write_paused:
            # The next answer is not made before the one before it is taken.
            self._next_waits = True
            return
        else:
            super().on_response_complete()
            if self._budget is not None:
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
        self._lingered_at = self.loop.time()
        self._lingering_until = self._lingered_at + LINGER_SECONDS
        self.transport.write(b"")

    def _end_lingering(self) -> None:
        self._ended = True
        self._lingering_until = None
        self.transport.close()

    def check_deadline(self, now: float) -> None:
        """Close the connection if what it is sending has taken too long to arrive, or if it reads nothing."""
        if self._sending is not None and self._sending.is_stuck(now):
            # Nothing more can be said to whoever does not read. One that is closing waits for that, too.
            self.transport.abort()
            return
        if self._budget is not None:
            # Its sender may have proven itself meanwhile.
            self._account()
        if self._lingering_until is not None:
            if now > min(self._lingering_until, self._lingered_at + LINGER_IDLE_SECONDS):
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
        self._let_go()
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
        self._lingered_at = self.loop.time()
        self._lingering_until = self._lingered_at + LINGER_SECONDS
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _tell_followed(self) -> None:
        if self._answering is not None:
            # It would hold what follows up; and while reading is paused, nobody notices that the connection is closed.
            cast(dict[str, Any], self._answering.scope)[FOLLOWED] = True
            self._answering.message_event.set()
