"""Reads requests from a connection, with limits on everything but bodies, and checks every request head."""

import asyncio
from itertools import chain
from typing import Any

import httptools
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from job_processor.http import refusals, request_head
from job_processor.http.answering import ResponseTransport
from job_processor.http.lingering import Lingering
from job_processor.http.problems import RequestRefused
from job_processor.http.scope_keys import HEADERS_BY_NAME

MAX_HEAD_BYTES = 16 * 1024
MAX_UNPARSED_BYTES = 64 * 1024
"""Maximum bytes fed to the parser without completing a head or yielding a byte of a body: it buffers an incomplete
header, trailer or chunk extension without limit."""
FEED_BYTES = 16 * 1024
"""Bytes fed to the parser at a time; the count of unparsed bytes is off by at most this."""
MAX_HEADERS = 100
MAX_URL_BYTES = 8 * 1024
MAX_PIPELINED = 100
"""Maximum pipelined requests that wait for the responses before them (RFC 9112, section 9.3.2)."""


class _AbortParsing(Exception):
    """Raised inside a parser callback to stop parsing; httptools turns it into ``HttpParserCallbackError``."""


class BoundedReading(HttpToolsProtocol):
    """The reading half of uvicorn's protocol. The subclass decides how a connection ends."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._reading_since: float | None = None
        """When reading of the current request began, in seconds of the event loop's clock; ``None``: idle."""
        self._in_head = True
        """Whether a head is expected or being read; otherwise the body of ``cycle``."""
        self._trailer_bytes = 0
        self._unparsed_bytes = 0
        self._body_bytes = 0
        self._advanced = False
        self._refusal: RequestRefused | None = None
        self._unanswered_requests = 0
        """Requests whose head was read and whose response is not complete."""
        self._input_closed = False
        """Whether bytes that still arrive are ignored."""
        self._lingering = Lingering()

    def _update_budget(self) -> None:
        """Update the memory budget with the bytes buffered for the current request."""
        raise NotImplementedError

    def _refuse_and_close(self, refused: RequestRefused) -> None:
        """Refuse the current request, and close the connection after the responses before it."""
        raise NotImplementedError

    def linger(self) -> None:
        """Read and discard what arrives for a while, then close."""
        raise NotImplementedError

    def _end_lingering(self) -> None:
        """Close a connection that lingers."""
        raise NotImplementedError

    def _mark_pipelined(self) -> None:
        """Tell the request that is being answered that another one is waiting behind it."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        if self._lingering.is_on and not self._lingering.discard(
            len(data), self.loop.time(), refused=self._input_closed
        ):
            self._end_lingering()
        if self._is_over():
            return
        if self._reading_since is None:
            self._reading_since = self.loop.time()
        self._unset_keepalive_if_required()
        size = self._read(data) if len(data) <= FEED_BYTES else 0
        if size < len(data):
            rest = memoryview(data)[size:]
            while rest and not self._is_over():
                rest = rest[self._read(rest[:FEED_BYTES]) :]
        self._update_budget()

    def _is_over(self) -> bool:
        return self._input_closed or self.transport.is_closing()

    def _read(self, piece: bytes | memoryview) -> int:
        """Feed the parser. Returns the number of bytes consumed."""
        self._advanced = False
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            # Upgrade and CONNECT are not supported: the bytes after the head are the next request.
            return max(1, int(upgrade.args[0]))
        except httptools.HttpParserError:
            self._refuse_and_close(self._refusal or refusals.not_http())
        else:
            if self._reading_since is not None and not self._advanced:
                self._unparsed_bytes += len(piece)
                # A head that is never completed must not be held until the timeout: its headers take many times the
                # memory of their bytes.
                if self._unparsed_bytes > MAX_UNPARSED_BYTES or (self._in_head and self._is_head_too_large()):
                    self._refuse_and_close(refusals.head_too_large())
        return len(piece)

    def on_message_begin(self) -> None:
        if self.transport.is_closing():
            # The connection closes after the previous request.
            raise _AbortParsing
        if len(self.pipeline) >= MAX_PIPELINED:
            self._refuse(refusals.too_many_pipelined())
        if self._reading_since is None:
            # The request began in the same data as the end of the previous one.
            self._reading_since = self.loop.time()
        self._in_head = True
        self._unparsed_bytes = self._body_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_URL_BYTES:
            self._refuse(refusals.address_too_long())

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            # As ``super().on_header``, without what can wait for the last header: this runs for every header.
            self.headers.append((name.lower(), value))
            return
        # Trailers are not merged into the headers, which were checked before (RFC 9110, section 6.5.1).
        self._trailer_bytes += len(name) + len(value)
        if self._trailer_bytes > MAX_HEAD_BYTES:
            self._refuse(refusals.head_too_large())

    def on_headers_complete(self) -> None:
        if self._is_head_too_large():
            self._refuse(refusals.head_too_large())
        try:
            by_name = request_head.check(
                self.parser.get_http_version(), self.parser.get_method().decode("ascii"), self.url, self.headers
            )
        except RequestRefused as refused:
            self._refuse(refused)
        if by_name.get(b"expect", b"").lower() == b"100-continue":
            self.expect_100_continue = True
        self.scope[HEADERS_BY_NAME] = by_name  # type: ignore[literal-required]  # a key of our own
        super().on_headers_complete()
        self._unanswered_requests += 1
        self._in_head = False
        self._advanced = True
        self._trailer_bytes = self._unparsed_bytes = 0
        if self.pipeline:
            self._mark_pipelined()
        self.cycle.transport = ResponseTransport(self, self.cycle)  # type: ignore[assignment]  # what a cycle needs

    def _is_head_too_large(self) -> bool:
        # uvicorn has ``None`` before the first request.
        headers = self.headers or ()
        return len(headers) > MAX_HEADERS or sum(map(len, chain.from_iterable(headers))) > MAX_HEAD_BYTES

    def on_body(self, body: bytes) -> None:
        self._advanced = True
        self._unparsed_bytes = 0
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._reading_since = None
        self._in_head = True
        super().on_message_complete()
        if self._lingering.is_on:
            self._end_lingering()

    def _refuse(self, refused: RequestRefused) -> None:
        # Its frames refer to this connection.
        self._refusal = refused.with_traceback(None)
        raise _AbortParsing
