"""How requests are read off a connection: limits on everything that is not a body, and one reading of every head."""

import asyncio
from typing import Any, cast

import httptools
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from job_processor.http import refusals, request_head
from job_processor.http.answering import OneAnswer
from job_processor.http.lingering import Lingering
from job_processor.http.problems import Refused

MAX_HEAD_BYTES = 16 * 1024
MAX_UNREAD_BYTES = 64 * 1024
"""What may come between two bytes of bodies: the parser keeps an unfinished header or trailer to itself."""
PIECE_BYTES = 16 * 1024
"""So much is given to the parser at a time: what is counted as unread is never off by more."""
MAX_HEADERS = 100
MAX_URL_BYTES = 8 * 1024
MAX_AHEAD = 100
"""Requests that may wait for the answers of those before them."""


class _Stop(Exception):
    """Raised inside a parser callback; httptools turns it into its own error."""


class BoundedReading(HttpToolsProtocol):
    """uvicorn's protocol as far as it reads. The child decides how a connection ends."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._since: float | None = None
        """When the request that is being read began; ``None``: none is."""
        self._in_head = True
        """A head is read or awaited; else the body of ``cycle``."""
        self._head_bytes = 0
        self._unread_bytes = 0
        self._body_bytes = 0
        self._advanced = False
        self._refusal: Refused | None = None
        self._unanswered = 0
        """Requests whose head is here and whose answer is not complete."""
        self._ended = False
        """Nothing that still arrives is read as HTTP."""
        self._lingering = Lingering()

    def _account(self) -> None:
        """Count what is held of the request that is being read."""
        raise NotImplementedError

    def _end_with(self, refused: Refused) -> None:
        """Refuse what is arriving and end the connection after the answers before it."""
        raise NotImplementedError

    def linger(self) -> None:
        """Read on and discard what arrives, then close."""
        raise NotImplementedError

    def _end_lingering(self) -> None:
        """Close a connection that was only read to discard the rest."""
        raise NotImplementedError

    def _tell_followed(self) -> None:
        """Tell the request that is being answered that another one waits behind it."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        if self._lingering.is_on and not self._lingering.discard(len(data), self.loop.time(), refused=self._ended):
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
        if self._lingering.is_on:
            self._end_lingering()

    def _refuse(self, refused: Refused) -> None:
        self._refusal = refused
        raise _Stop
