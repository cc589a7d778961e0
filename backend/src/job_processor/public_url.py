"""Validation of PUBLIC_URL: the URL of the product for browsers and processors, behind a reverse proxy.

Its path, if any, is the base path: `https://example.com/jobs-app` serves everything below `/jobs-app`.
"""

import re
from urllib.parse import urlsplit

RESERVED = frozenset(
    {
        "audit",
        "batches",
        "bulk-actions",
        "callbacks",
        "events",
        "flows",
        "health",
        "jobs",
        "keys",
        "metrics",
        "openapi.json",
        "session",
        "sessions",
        "stats",
        "ui",
        "webhook",
        "webhook-deliveries",
        "webhook-endpoints",
        "webhook-secret",
        "workers",
    }
)
"""The first segments of the API's own paths. A base path must not begin with one of them: it would be ambiguous,
because proxies may keep or remove the base path. A test compares this set with the routes."""
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")


def fault_of(url: str) -> str | None:
    """The error of an invalid URL, for people; ``None`` if it is valid."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises for an invalid port
    except ValueError:
        return "must be an http or https address like https://jobs.example.com"
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        return "must be an http or https address without a query"
    path = parts.path.rstrip("/")
    if not _PATH.fullmatch(path):
        return "must have a path of letters, digits, `-`, `_`, `.` and `~` only, such as https://example.com/jobs-app"
    first = path.lstrip("/").partition("/")[0]
    if first in RESERVED:
        return f"must not have a path that begins with /{first}: the API has paths of that name; use /{first}-app"
    return None


def base_path(url: str) -> str:
    """The path of a valid URL without a trailing slash; empty: none."""
    return urlsplit(url).path.rstrip("/")
