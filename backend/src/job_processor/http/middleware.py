"""Middleware: request id, host and origin checks, security headers, and errors as problem documents."""

import random
import re
import secrets
import time
from collections.abc import Awaitable, Collection, Iterable

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from job_processor.core.proxies import Proxies
from job_processor.http import problems
from job_processor.http.access_log import AccessLog
from job_processor.http.problems import RequestRefused
from job_processor.http.scope_keys import HEAD_LINES, HEADERS_BY_NAME, RATE_LIMIT
from job_processor.oidc.options import CALLBACK_PATH

log = structlog.get_logger(__name__)

_request_ids = random.Random(secrets.randbits(128))
"""Request ids need not be secret; the system's random generator would cost as much as a look-up of the route."""
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")
_NO_STORE = (b"cache-control", b"no-store")
API_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    _NO_STORE,
)


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)


_API_LINES = _lines(API_HEADERS)
_STREAM_LINES = _lines(header for header in API_HEADERS if header is not _NO_STORE)
# ``http.page`` sets Content-Security-Policy and Cache-Control itself.
_PAGE_LINES = _lines(
    (
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"referrer-policy", b"no-referrer"),
    )
)
_READS = frozenset({"GET", "HEAD"})


LINKED_FROM_ELSEWHERE = frozenset({CALLBACK_PATH})
"""Paths besides the page that browsers open from other sites: an identity provider redirects to them."""


class ProblemMiddleware:
    """Turns exceptions into problem documents. It is inside CORS and ``EdgeMiddleware``, so that errors also get the
    headers of those."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        def send_and_note(message: Message) -> Awaitable[None]:
            nonlocal started
            started = True
            return send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            refused = problems.refusal(error)
            if refused.status == 500:
                log.exception(
                    "request_failed", request_id=scope["request_id"], method=scope["method"], path=scope["path"][:200]
                )
            if started:
                raise
            # Break the reference cycle of exception and frame, which would keep the body until garbage collection.
            error.__traceback__ = None
            await _answer(refused, scope, receive, send)


async def _answer(refused: RequestRefused, scope: Scope, receive: Receive, send: Send) -> None:
    answer = problems.response(refused, scope["request_id"])
    if refused.status in (400, 408, 413, 415):
        # The rest of the body is not read, so the connection cannot be reused.
        MutableHeaders(raw=answer.raw_headers)["connection"] = "close"
    await answer(scope, receive, send)


class EdgeMiddleware:
    """Sets the request id and security headers, and refuses foreign hosts and cross-site requests with 403. Behind a
    trusted proxy it puts the client's address in the scope, which then counts everywhere.

    ``hosts``: allowed names in the Host header; empty: any. ``origins``: other origins whose pages may call the API.
    ``access_log``: ``None``: requests are not logged.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str],
        origins: Collection[str],
        proxies: Proxies,
        access_log: AccessLog | None = None,
    ) -> None:
        self._app = app
        self._proxies = proxies
        self._access_log = access_log
        self._hosts = frozenset(h.lower().encode() for h in hosts)
        self._origins = frozenset(o.lower().encode() for o in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = scope.get(HEADERS_BY_NAME)
        if headers is None:
            # Another server than ours.
            headers = scope[HEADERS_BY_NAME] = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        host = headers.get(b"host", b"")
        site = headers.get(b"sec-fetch-site", b"")
        origin = headers.get(b"origin", b"")
        if b"x-forwarded-for" in headers and scope["client"] is not None:
            peer, port = scope["client"]
            forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            scope["client"] = (self._proxies.client(peer, forwarded), port)
        request_id = given.decode() if _REQUEST_ID.match(given) else f"{_request_ids.getrandbits(64):016x}"
        # With an ``app`` in the scope Starlette raises routing errors instead of answering them itself.
        scope["app"] = self
        scope["request_id"] = request_id
        is_page = _is_page(scope["path"]) and scope["path"] != "/"
        began, status = time.monotonic(), 0

        def send_with_headers(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = _PAGE_LINES if is_page else _lines_beside(message["headers"])
                limited = scope.get(RATE_LIMIT, b"")
                _add(message, scope, b"x-request-id: %b\r\n%b%b" % (request_id.encode(), limited, own))
            return send(message)

        try:
            self._check_host(host)
            self._check_sender(host, site, origin, scope["method"], scope["path"])
        except RequestRefused as refused:
            await _answer(refused, scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)
        finally:
            if self._access_log is not None:
                self._access_log.write(scope, status, began)

    def _check_host(self, host: bytes) -> None:
        if self._hosts:
            name = host.rpartition(b":")[0] if host.rpartition(b":")[2].isdigit() else host
            if name.lower() not in self._hosts:
                raise RequestRefused(
                    403, "unknown_host", "The Host header names a host that is not allowed here (ALLOWED_HOSTS)."
                )

    def _check_sender(self, host: bytes, site: bytes, origin: bytes, method: str, path: str) -> None:
        if method == "OPTIONS" or not (site or origin) or site in (b"same-origin", b"none"):
            return
        if origin.lower() in self._origins:
            return
        if method in _READS:
            # Another site cannot read the response, but could make the server work. Links to the page are allowed.
            if site != b"cross-site" or _is_page(path) or path in LINKED_FROM_ELSEWHERE:
                return
        # Browsers send Sec-Fetch-Site only over https and to loopback; otherwise Origin must match Host.
        elif not site and host and origin.partition(b"://")[2].lower() == host.lower():
            return
        raise RequestRefused(403, "cross_site", "Cross-site requests are not allowed (CORS_ORIGINS).")


def _add(message: Message, scope: Scope, lines: bytes) -> None:
    """Add these header lines to the response that the message starts; unchecked, if the server supports that."""
    add_lines = scope.get(HEAD_LINES)
    if add_lines is not None:
        add_lines(lines)
        return
    made = (line.partition(b": ") for line in lines.split(b"\r\n")[:-1])
    message["headers"] = [*message["headers"], *((name, value) for name, _, value in made)]


def _lines_beside(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    for name, _ in headers:
        if name == b"cache-control":
            # Event streams set it themselves.
            return _STREAM_LINES
    return _API_LINES


def _is_page(path: str) -> bool:
    return path in ("/", "/ui") or path.startswith("/ui/")
