"""Our own outgoing HTTP: one deadline for the whole, no redirects, no compression, a bound on every answer.

An answer is an untrusted text from somebody else's machine. What its status means: answers.py.
"""

import os
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import aiohttp
from yarl import URL

from job_processor.core.errors import ProcessorUnusable
from job_processor.core.flow import FlowRules
from job_processor.core.lane import Trouble
from job_processor.core.outcome import HandOver, lane_closed, server_fault
from job_processor.processors.egress import AddressRefused, CheckedResolver

BODY_LIMIT: Final = 1_048_576
"""Bytes of an answer that are read, unless the processor allows more."""
CONNECT_SECONDS: Final = 10.0
"""For a connection with its TLS, and never more than half of the whole: then it was not sent, and no attempt."""
KEEP_ALIVE_SECONDS: Final = 4.0
"""Shorter than what common servers keep (Node and uvicorn: 5 s), so that we never write into a closing one."""

_FAULTS: Final = (aiohttp.ClientError, TimeoutError, OSError)
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
# Some servers write the charset there, or nothing.
_PLAIN: Final = frozenset({"", "identity", "none", "utf-8", "utf8"})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``unread`` says in words why ``body`` is not the whole of it; ``None``: it is.

    ``headers`` find names whatever their case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    unread: str | None = None


class Incoming:
    """An answer whose body is read as it comes. The reader bounds it, and closes it when done."""

    def __init__(self, response: aiohttp.ClientResponse, seconds: float) -> None:
        self._response = response
        self._seconds = seconds
        self.status: Final = response.status
        self.headers: Final[Mapping[str, str]] = response.headers
        self.fault: HandOver | None = None
        """Why ``parts`` ended before the body did."""

    @property
    def is_encoded(self) -> bool:
        """Is the body compressed, in spite of what was asked for?"""
        return is_encoded(self.headers)

    @property
    def length(self) -> int | None:
        """What the answer says that its body has in bytes."""
        return self._response.content_length

    async def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes; when it ends, ``fault`` says whether it was whole."""
        try:
            async for part in self._response.content.iter_any():
                yield part
        except _FAULTS as error:
            self.fault = meaning_of_fault(error, self._seconds)

    async def whole(self) -> bytes:
        """The body at once; as ``parts`` otherwise."""
        try:
            return await self._response.read()
        except _FAULTS as error:
            self.fault = meaning_of_fault(error, self._seconds)
            return b""

    async def beginning(self, limit: int) -> bytes:
        """At most ``limit`` bytes of the body: enough of an error."""
        read = b""
        async for part in self.parts():
            read += part
            if len(read) >= limit:
                break
        return read[:limit]

    def close(self) -> None:
        """Goes back to the pool when it was read to its end, and is cut off when not."""
        self._response.close()


def is_encoded(headers: Mapping[str, str]) -> bool:
    """Does an answer say that its body is compressed?"""
    return headers.get("Content-Encoding", "").strip().lower() not in _PLAIN


def total_seconds(rules: FlowRules) -> float:
    """The deadline of one request: a little before the dispatcher's own, so that the reason is told here."""
    return max(rules.dispatch_timeout_seconds * 0.9, rules.dispatch_timeout_seconds - 1.0)


class Outgoing:
    """One processor's own connections. Keys of one never meet those of another.

    ``seconds`` bounds a request as a whole, from the look-up of the name to the last byte; ``body_limit`` is in
    bytes. Raises ProcessorUnusable when ``ca_file`` holds no certificates.
    """

    def __init__(
        self,
        seconds: float,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        ca_file: str | None = None,
        allow_private: bool = True,
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self._seconds = seconds
        self._body_limit = body_limit
        self._headers = {"Accept-Encoding": "identity", "User-Agent": "job-processor", **headers}
        self._tls: ssl.SSLContext | bool = True if ca_file is None else _trusting(ca_file)
        self._allow_private = allow_private
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Must be called on the loop that will send."""
        connector = aiohttp.TCPConnector(
            limit=0,  # How much is in flight is the lane's to bound.
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            resolver=CheckedResolver(allow_private=self._allow_private),
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
        # It would send a GET or PUT again by itself when the connection ends; there is no public switch.
        self._session._retry_connection = False

    async def close(self) -> None:
        """Cuts whatever is still under way."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self, method: str, url: URL, body: bytes | None = None, headers: Mapping[str, str] = _NO_HEADERS
    ) -> Reply | HandOver:
        """One request and its answer, whatever its status; a HandOver when there is none, not in time, or not whole."""
        incoming = await self.send(method, url, body, headers)
        if isinstance(incoming, HandOver):
            return incoming
        try:
            reply = await self._read(incoming)
        finally:
            incoming.close()
        return reply if incoming.fault is None else incoming.fault

    async def send(
        self, method: str, url: URL, body: bytes | None = None, headers: Mapping[str, str] = _NO_HEADERS
    ) -> Incoming | HandOver:
        """As ``request``, for an answer that the caller reads."""
        if self._session is None:
            raise RuntimeError("open() was not called")
        try:
            response = await self._session.request(method, url, data=body, headers=headers, allow_redirects=False)
        except _FAULTS as error:
            return meaning_of_fault(error, self._seconds)
        return Incoming(response, self._seconds)

    async def _read(self, incoming: Incoming) -> Reply:
        if incoming.is_encoded:
            # Not a byte of it is read: 200 KB may hold 200 MB.
            return Reply(incoming.status, incoming.headers, b"", "it came compressed, which was not asked for")
        if incoming.length is not None and incoming.length <= self._body_limit:
            return Reply(incoming.status, incoming.headers, await incoming.whole())
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
    """What a fault of aiohttp means. Nothing was answered, so where the lane closes the job can have no part in it."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return lane_closed(Trouble.OUTAGE, "No connection could be made in time.")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return lane_closed(Trouble.OUTAGE, f"No secure connection: {_reason(error)}")
        case aiohttp.ClientConnectorDNSError(os_error=AddressRefused() as refused):
            return lane_closed(Trouble.MISCONFIGURED, str(refused))
        case aiohttp.ClientConnectorDNSError():
            return lane_closed(Trouble.OUTAGE, f"The name {error.host} could not be resolved.")
        case aiohttp.ClientConnectorError():
            return lane_closed(Trouble.OUTAGE, f"No connection to {error.host}:{error.port}: {_reason(error)}")
        case TimeoutError():
            # It counts against the lane too: a processor that hangs must not be taken for one that answers.
            return server_fault("dispatch_timeout", f"No whole answer came within {seconds:g} seconds.")
        case aiohttp.ClientPayloadError():
            return server_fault("answer_broken", "The answer broke off before its end.")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientConnectionError() | OSError():
            # It may have been taken and lost, or have brought the other side down: that is an attempt.
            return server_fault("disconnected", "The connection ended before an answer.")
        case _:
            return server_fault("answer_garbled", "What came back is not HTTP.")


def _reason(error: aiohttp.ClientConnectorError) -> str:
    inner = error.os_error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return inner.verify_message
    if isinstance(inner, ssl.SSLError) or not inner.errno:
        return inner.strerror or type(inner).__name__
    # What asyncio says of it is for programmers: Connect call failed ('127.0.0.1', 9).
    return os.strerror(inner.errno)
