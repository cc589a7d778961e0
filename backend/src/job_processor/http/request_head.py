"""Refuses request heads that the parser accepts but that servers and proxies may interpret differently (request
smuggling).

RFC 9112, section 3.2 (Host and request target) and section 6.1 (transfer codings).
"""

import functools
import re
from collections.abc import Mapping, Sequence

from job_processor.http.problems import RequestRefused

Headers = Sequence[tuple[bytes, bytes]]

SINGLETON_HEADERS = frozenset(
    {
        b"host",
        b"authorization",
        b"x-webhook-secret",
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"idempotency-key",
        b"origin",
        b"sec-fetch-site",
        b"last-event-id",
        b"expect",
    }
)
"""Headers that must not be repeated: recipients differ in which value they use (RFC 9110, section 5.3)."""
_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()+*;=%:\[\]-]*")
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)", re.IGNORECASE)


def check(version: str, method: str, target: bytes, headers: Headers) -> Mapping[bytes, bytes]:
    """The last value of each header, by name. Raises ``RequestRefused`` (400, 501) for an ambiguous head; the message
    echoes nothing from the request.

    ``version``: as in the request line, like ``1.1``. ``headers``: with lower-case names.
    """
    if version not in ("1.0", "1.1"):
        raise _malformed("http_version", "The version in the request line must be HTTP/1.0 or HTTP/1.1.")
    by_name = dict(headers)
    if len(by_name) < len(headers):
        _refuse_repeated(headers)
    host = by_name.get(b"host")
    if host is None and version == "1.1":
        raise _malformed("no_host", "A Host header is required.")
    if host is not None and not _is_host(host):
        raise _malformed("host", "The Host header must be a host name or IP address, with or without a port.")
    if not target.startswith(b"/"):
        _check_target(method, target, host)
    if b"transfer-encoding" in by_name:
        lists = (value.split(b",") for name, value in headers if name == b"transfer-encoding")
        _check_codings(version, [one.strip().lower() for codings in lists for one in codings])
    return by_name


def _refuse_repeated(headers: Headers) -> None:
    seen: set[bytes] = set()
    for name, _ in headers:
        if name in seen and name in SINGLETON_HEADERS:
            raise _malformed("header_twice", f"The header {name.decode()} must be sent once.")
        seen.add(name)


@functools.lru_cache(maxsize=64)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None


def _check_target(method: str, target: bytes, host: bytes | None) -> None:
    if target == b"*" and method == "OPTIONS":
        return
    absolute = _ABSOLUTE.match(target)
    if absolute is None:
        raise _malformed("target", "The request target must be a path that begins with a slash.")
    if absolute[1].lower() != (host or b"").lower():
        raise _malformed("foreign_target", "The URL in the request line must have the same host as the Host header.")


def _check_codings(version: str, codings: Sequence[bytes]) -> None:
    if version == "1.0":
        raise _malformed("transfer_coding", "Transfer-Encoding requires HTTP/1.1.")
    if codings[-1] != b"chunked" or codings.count(b"chunked") > 1:
        raise _malformed("transfer_coding", "The transfer coding chunked must be the last one and given once.")
    if len(codings) > 1:
        raise RequestRefused(501, "transfer_coding", "The only supported transfer coding is chunked.")


def _malformed(code: str, detail: str) -> RequestRefused:
    return RequestRefused(400, code, detail)
