"""What the transport refuses: a problem document as bytes, and one line of the log, of which there are not too many."""

import secrets
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus

import structlog

from job_processor.http.middleware import API_HEADERS
from job_processor.http.problems import Refused, response

log = structlog.get_logger(__name__)
LINES_A_MINUTE = 60


def not_http() -> Refused:
    return Refused(400, "malformed_request", "The request is not well-formed HTTP.")


def too_slow() -> Refused:
    return Refused(408, "too_slow", "The request did not arrive whole in time.")


def address_too_long() -> Refused:
    return Refused(414, "address_too_long", "The address in the request line is too long.")


def head_too_large() -> Refused:
    return Refused(431, "head_too_large", "The headers, or what stands beside the body, are too large or too many.")


def no_room() -> Refused:
    words = "Too many requests are arriving at once; send it again."
    return Refused(503, "too_many_bytes", words, headers={"retry-after": "5"})


def too_many_connections() -> Refused:
    words = "Too many connections are open."
    return Refused(503, "too_many_connections", words, headers={"retry-after": "5"})


def too_many_ahead() -> Refused:
    words = "Too many requests were sent ahead of their answers."
    return Refused(503, "too_many_requests_ahead", words, headers={"retry-after": "1"})


def as_bytes(refused: Refused, request_id: str, default_headers: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """The whole answer, after which the connection ends."""
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
    """``now``: seconds that only grow."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._minute = now()
        self._lines = 0
        self._unwritten = 0

    def note(self, refused: Refused, address: str) -> str:
        """The request id of the refusal. Beyond ``LINES_A_MINUTE`` they are only counted, and told in one line."""
        request_id = secrets.token_hex(8)
        if self._now() - self._minute >= 60:
            self._minute, self._lines = self._now(), 0
            self.tell()
        self._lines += 1
        if self._lines > LINES_A_MINUTE:
            self._unwritten += 1
        else:
            log.warning(
                "request_refused", status=refused.status, code=refused.code, address=address, request_id=request_id
            )
        return request_id

    def tell(self) -> None:
        """Write how many were not written."""
        if self._unwritten:
            log.warning("requests_refused", count=self._unwritten)
            self._unwritten = 0
