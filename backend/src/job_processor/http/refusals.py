"""Refusals by the protocol itself: the problem document as bytes, and a rate-limited log line."""

import secrets
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus

import structlog

from job_processor.http.middleware import API_HEADERS
from job_processor.http.problems import RequestRefused, response

log = structlog.get_logger(__name__)
LINES_A_MINUTE = 60
"""Maximum log lines about refusals a minute; further refusals are only counted."""


def not_http() -> RequestRefused:
    return RequestRefused(400, "malformed_request", "The request is not well-formed HTTP.")


def too_slow() -> RequestRefused:
    return RequestRefused(408, "too_slow", "The request did not arrive whole in time.")


def address_too_long() -> RequestRefused:
    return RequestRefused(414, "address_too_long", "The URL in the request line is too long.")


def head_too_large() -> RequestRefused:
    return RequestRefused(431, "head_too_large", "The headers, trailers or chunk extensions are too large or too many.")


def over_budget() -> RequestRefused:
    detail = "The server holds too many incomplete requests; send it again."
    return RequestRefused(503, "too_many_bytes", detail, headers={"retry-after": "5"})


def too_many_connections() -> RequestRefused:
    detail = "Too many connections are open."
    return RequestRefused(503, "too_many_connections", detail, headers={"retry-after": "5"})


def too_many_pipelined() -> RequestRefused:
    detail = "Too many pipelined requests."
    return RequestRefused(503, "too_many_requests_ahead", detail, headers={"retry-after": "1"})


def response_bytes(
    refused: RequestRefused, request_id: str, default_headers: Iterable[tuple[bytes, bytes]] = ()
) -> bytes:
    """The complete HTTP/1.1 response, with ``Connection: close``."""
    answer = response(refused, request_id)
    headers = [
        *default_headers,
        *answer.raw_headers,
        (b"connection", b"close"),
        (b"x-request-id", request_id.encode()),
        *API_HEADERS,
    ]
    status = f"HTTP/1.1 {refused.status} {HTTPStatus(refused.status).phrase}".encode()
    return b"\r\n".join([status, *(b": ".join(one) for one in headers), b"", bytes(answer.body)])


class RefusalLog:
    """Logs refusals, at most ``LINES_A_MINUTE``. ``now``: monotonic seconds; tests pass their own."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._minute = now()
        self._lines = 0
        self._suppressed = 0

    def note(self, refused: RequestRefused, address: str) -> str:
        """Log a refusal, or count it above the limit. Returns the new request id of the refusal."""
        request_id = secrets.token_hex(8)
        if self._now() - self._minute >= 60:
            self._minute, self._lines = self._now(), 0
            self.flush()
        self._lines += 1
        if self._lines > LINES_A_MINUTE:
            self._suppressed += 1
        else:
            log.warning(
                "request_refused", status=refused.status, code=refused.code, address=address, request_id=request_id
            )
        return request_id

    def flush(self) -> None:
        """Log the number of refusals that were only counted."""
        if self._suppressed:
            log.warning("requests_refused", count=self._suppressed)
            self._suppressed = 0
