"""The HTTP client of the processors: one timeout per request, no redirects, no compression, limited response size.

Responses are untrusted. responses.py decides what their status means.
"""

import os
import ssl
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import aiohttp
import msgspec
from yarl import URL

from job_processor.core.counted import counted
from job_processor.core.errors import ProcessorUnusable
from job_processor.core.flow import FlowRules
from job_processor.core.lane import Trouble
from job_processor.core.outcome import HandOver, lane_closed, server_fault
from job_processor.outgoing.addresses import CheckedResolver, ForbiddenAddress

BODY_LIMIT: Final = 1_048_576
"""Maximum bytes of a response body, unless the processor allows more."""
CONNECT_SECONDS: Final = 10.0
"""Timeout for connecting including TLS, at most half of the request's timeout. If it is exceeded nothing was sent, so
the attempt does not count."""
KEEP_ALIVE_SECONDS: Final = 4.0
"""Less than common servers use (Node and uvicorn: 5 s), so that no request is sent on a connection being closed."""

_FAULTS: Final = (aiohttp.ClientError, TimeoutError, OSError)
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
# Values of Content-Encoding that mean no compression; some servers send the charset, or an empty value.
_PLAIN: Final = frozenset({"", "identity", "none", "utf-8", "utf8"})


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A response. ``unread``: why the body was not read completely, for people; ``None``: it was.

    ``headers`` ignores the case of names.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    unread: str | None = None


@dataclass(slots=True)
class Measured:
    """What is known of one exchange by now: sizes of the bodies in bytes, and the response's status. It is filled by
    ``Outgoing``, so that it holds what was known when the exchange was broken off, too."""

    sent: int | None = None
    status: int | None = None
    received: int | None = None
    broken: bool = False
    """Whether the response began, and broke off or was late."""


class Incoming:
    """A response whose body is read while it arrives. The caller limits its size, and must call ``close``."""

    def __init__(self, response: aiohttp.ClientResponse, seconds: float, measured: Measured) -> None:
        self._response = response
        self._seconds = seconds
        self._measured = measured
        self.status: Final = response.status
        self.headers: Final[Mapping[str, str]] = response.headers
        self.fault: HandOver | None = None
        """Why ``parts`` ended before the body did."""

    @property
    def is_encoded(self) -> bool:
        """True if the body is compressed although that was not requested."""
        return is_encoded(self.headers)

    async def parts(self) -> AsyncIterator[bytes]:
        """The chunks of the body. Afterwards ``fault`` is set if the body is incomplete."""
        received = 0
        try:
            async for part in self._response.content.iter_any():
                received += len(part)
                self._measured.received = received
                yield part
        except _FAULTS as error:
            self._break(error)

    async def beginning(self, limit: int) -> bytes:
        """The first ``limit`` bytes of the body."""
        read = b""
        async for part in self.parts():
            read += part
            if len(read) >= limit:
                break
        return read[:limit]

    def _break(self, error: Exception) -> None:
        self.fault = meaning_of_fault(error, self._seconds)
        self._measured.broken = True

    def close(self) -> None:
        """Return the connection to the pool if the body was read to its end; otherwise close it."""
        self._response.close()


def is_encoded(headers: Mapping[str, str]) -> bool:
    """True if Content-Encoding says that the body is compressed."""
    return headers.get("Content-Encoding", "").strip().lower() not in _PLAIN


def total_seconds(rules: FlowRules) -> float:
    """The timeout of one request in seconds: a little less than the dispatcher's, so that the error comes from here."""
    return max(rules.dispatch_timeout_seconds * 0.9, rules.dispatch_timeout_seconds - 1.0)


class Outgoing:
    """The HTTP client of one processor. Processors share no connections, so that their keys are kept apart.

    ``seconds``: timeout of a request from the DNS query to the last byte; ``body_limit`` is in bytes;
    ``resolver_threads``: see CheckedResolver. Raises ProcessorUnusable if ``ca_file`` contains no certificates.
    """

    def __init__(
        self,
        seconds: float,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        ca_file: str | None = None,
        allow_private: bool = True,
        body_limit: int = BODY_LIMIT,
        resolver_threads: Executor | None = None,
    ) -> None:
        self._seconds = seconds
        self._resolver_threads = resolver_threads
        self._body_limit = body_limit
        self._headers = {"Accept-Encoding": "identity", "User-Agent": "job-processor", **headers}
        self._tls: ssl.SSLContext | bool = True if ca_file is None else _trusting(ca_file)
        self._allow_private = allow_private
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Create the session. Must be called in the event loop that sends the requests."""
        connector = aiohttp.TCPConnector(
            limit=0,  # The lane limits the number of requests in flight.
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            resolver=CheckedResolver(allow_private=self._allow_private, threads=self._resolver_threads),
            ssl=self._tls,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=self._seconds, sock_connect=min(CONNECT_SECONDS, self._seconds / 2)),
        )
        # aiohttp would repeat a GET or PUT by itself if the connection ends; there is no public option.
        self._session._retry_connection = False

    async def close(self) -> None:
        """Close all connections; requests in flight are aborted."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        url: URL,
        body: bytes | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        measured: Measured | None = None,
    ) -> Reply | HandOver:
        """Send a request; the reply of any status, or a HandOver if there is none, or it is late or incomplete.

        ``measured``: filled meanwhile.
        """
        incoming = await self.send(method, url, body, headers, measured or Measured())
        if isinstance(incoming, HandOver):
            return incoming
        try:
            reply = await self._read(incoming)
        finally:
            incoming.close()
        return reply if incoming.fault is None else incoming.fault

    async def send(
        self, method: str, url: URL, body: bytes | None, headers: Mapping[str, str], measured: Measured
    ) -> Incoming | HandOver:
        """Like ``request``, but the caller reads the body."""
        if self._session is None:
            raise RuntimeError("open() was not called")
        measured.sent = 0 if body is None else len(body)
        try:
            response = await self._session.request(method, url, data=body, headers=headers, allow_redirects=False)
        except _FAULTS as error:
            return meaning_of_fault(error, self._seconds)
        measured.status, measured.received = response.status, 0
        return Incoming(response, self._seconds, measured)

    async def _read(self, incoming: Incoming) -> Reply:
        if incoming.is_encoded:
            # Not read: 200 KB may expand to 200 MB.
            return Reply(incoming.status, incoming.headers, b"", "it came compressed, which was not asked for")
        parts: list[bytes] = []
        size = 0
        async for part in incoming.parts():
            parts.append(part)
            size += len(part)
            if size > self._body_limit:
                return Reply(incoming.status, incoming.headers, b"", f"it is longer than {self._body_limit} bytes")
        return Reply(incoming.status, incoming.headers, b"".join(parts))


def _trusting(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ProcessorUnusable(f"ca_file cannot be used: {error.strerror or error}") from None


def meaning_of_fault(error: Exception, seconds: float) -> HandOver:
    """Convert an error of aiohttp. Nothing was answered, so where the lane closes the job cannot be to blame."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return lane_closed(Trouble.OUTAGE, "No connection could be made in time.")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return lane_closed(Trouble.OUTAGE, f"No secure connection: {_reason(error)}")
        case aiohttp.ClientConnectorDNSError(os_error=ForbiddenAddress() as refused):
            return lane_closed(Trouble.MISCONFIGURED, str(refused))
        case aiohttp.ClientConnectorDNSError():
            return lane_closed(Trouble.OUTAGE, f"The name {error.host} could not be resolved.")
        case aiohttp.ClientConnectorError():
            return lane_closed(Trouble.OUTAGE, f"No connection to {error.host}:{error.port}: {_reason(error)}")
        case TimeoutError():
            # It counts against the lane too, because a processor that hangs is not well.
            return server_fault("dispatch_timeout", f"No complete answer came within {counted(seconds, 'second')}.")
        case aiohttp.ClientPayloadError():
            return server_fault("answer_broken", "The answer broke off before its end.")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientConnectionError() | OSError():
            # The request may have been processed, or have crashed the other side, so the attempt counts.
            return server_fault("disconnected", "The connection ended before an answer.")
        case _:
            return server_fault("answer_garbled", "What came back is not HTTP.")


def _reason(error: aiohttp.ClientConnectorError) -> str:
    inner = error.os_error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return inner.verify_message
    if isinstance(inner, ssl.SSLError) or not inner.errno:
        return inner.strerror or type(inner).__name__
    # asyncio's own message is for programmers: Connect call failed ('127.0.0.1', 9).
    return os.strerror(inner.errno)
