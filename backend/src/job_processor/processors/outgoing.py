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
from job_processor.core.job import JobError
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Failed
from job_processor.processors.base import LaneTrouble, ServerFault
from job_processor.processors.egress import AddressRefused, CheckedResolver

BODY_LIMIT: Final = 1_048_576
"""Bytes of an answer that are read, unless the processor allows more."""
CONNECT_SECONDS: Final = 10.0
"""For a connection with its TLS, and never more than half of the whole: then it was not sent, and no attempt."""
KEEP_ALIVE_SECONDS: Final = 4.0
"""Shorter than what common servers keep (Node and uvicorn: 5 s), so that we never write into a closing one."""

_FAULTS: Final = (aiohttp.ClientError, TimeoutError, OSError)
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class AttemptFailed(Exception):
    """The attempt failed, and ``failed`` is the outcome to report."""

    def __init__(self, code: str, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.failed = Failed(JobError(code, message), retryable=retryable)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``unread`` says in words why ``body`` is not the whole of it; ``None``: it is.

    ``headers`` find names whatever their case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    unread: str | None = None


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

    async def close(self) -> None:
        """Cuts whatever is still under way."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self, method: str, url: URL, body: bytes | None = None, headers: Mapping[str, str] = _NO_HEADERS
    ) -> Reply:
        """One request and its answer, whatever its status.

        Raises LaneTrouble (nothing could be sent) and ServerFault (no answer, or not in time, or not whole).
        """
        response = await self.send(method, url, body, headers)
        try:
            if is_encoded(response):
                # Not a byte of it is read: 200 KB may hold 200 MB.
                return Reply(response.status, response.headers, b"", "it came compressed, which was not asked for")
            length = response.content_length
            if length is not None and length <= self._body_limit:
                return Reply(response.status, response.headers, await self._whole(response))
            parts: list[bytes] = []
            size = 0
            async for part in self.parts(response):
                parts.append(part)
                size += len(part)
                if size > self._body_limit:
                    return Reply(response.status, response.headers, b"", f"it is longer than {self._body_limit} bytes")
            return Reply(response.status, response.headers, b"".join(parts))
        finally:
            # Goes back to the pool when it was read to its end, and is cut off when not.
            response.close()

    async def send(
        self, method: str, url: URL, body: bytes | None = None, headers: Mapping[str, str] = _NO_HEADERS
    ) -> aiohttp.ClientResponse:
        """As ``request``, for an answer that the caller reads through ``parts``, bounds, and closes."""
        if self._session is None:
            raise RuntimeError("open() was not called")
        try:
            return await self._session.request(method, url, data=body, headers=headers, allow_redirects=False)
        except _FAULTS as error:
            raise translated(error, self._seconds) from error

    async def _whole(self, response: aiohttp.ClientResponse) -> bytes:
        try:
            return await response.read()
        except _FAULTS as error:
            raise translated(error, self._seconds) from error

    async def parts(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """The body as it comes; raises as ``request`` does."""
        try:
            async for part in response.content.iter_any():
                yield part
        except _FAULTS as error:
            raise translated(error, self._seconds) from error


def _trusting(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ProcessorUnusable(f"ca_file cannot be used: {error.strerror or error}") from None


def is_encoded(response: aiohttp.ClientResponse) -> bool:
    """Is its body compressed, in spite of what was asked for?"""
    return response.headers.get("Content-Encoding", "identity").lower() != "identity"


def translated(error: Exception, seconds: float) -> Exception:
    """What a fault of aiohttp means: to the lane, to the attempt."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return LaneTrouble(Trouble.OUTAGE, "No connection could be made in time.")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return LaneTrouble(Trouble.OUTAGE, f"No secure connection: {_reason(error)}")
        case aiohttp.ClientConnectorDNSError(os_error=AddressRefused() as refused):
            return LaneTrouble(Trouble.MISCONFIGURED, str(refused))
        case aiohttp.ClientConnectorDNSError():
            return LaneTrouble(Trouble.OUTAGE, f"The name {error.host} could not be resolved.")
        case aiohttp.ClientConnectorError():
            return LaneTrouble(Trouble.OUTAGE, f"No connection to {error.host}:{error.port}: {_reason(error)}")
        case TimeoutError():
            # It counts against the lane too: a processor that hangs must not be taken for one that answers.
            return ServerFault("dispatch_timeout", f"No whole answer came within {seconds:g} seconds.")
        case aiohttp.ClientPayloadError():
            return ServerFault("answer_broken", "The answer broke off before its end.")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientConnectionError() | OSError():
            # It may have been taken and lost, or have brought the other side down: that is an attempt.
            return ServerFault("disconnected", "The connection ended before an answer.")
        case _:
            return ServerFault("answer_garbled", "What came back is not HTTP.")


def _reason(error: aiohttp.ClientConnectorError) -> str:
    inner = error.os_error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return inner.verify_message
    if isinstance(inner, ssl.SSLError) or not inner.errno:
        return inner.strerror or type(inner).__name__
    # What asyncio says of it is for programmers: Connect call failed ('127.0.0.1', 9).
    return os.strerror(inner.errno)
