"""Logs callbacks with a missing or wrong secret or token, and rate-limits them by address.

A sender with the right secret is never limited, however many bad callbacks arrive beside it.
"""

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from job_processor.http.problems import RequestRefused

log = structlog.get_logger(__name__)
LIMIT_PER_MINUTE = 300
"""Bad callbacks a minute that one address gets a 401 for; further ones get a 429 and no log line."""
MAX_ADDRESSES = 1_000
"""Most addresses counted at once. One more resets all counts: the library never drops one by itself."""


class UnauthenticatedCallbacks:
    """Counts callbacks that failed authentication, in a moving window of a minute per address."""

    def __init__(self) -> None:
        self._counted = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._counted)
        self._limit = RateLimitItemPerMinute(LIMIT_PER_MINUTE)

    @property
    def address_count(self) -> int:
        """Number of addresses that are counted now."""
        return len(self._counted.events)

    def refused(self, request: Request) -> RequestRefused:
        """The response to a callback that failed authentication: a 401 without a reason, or a 429 above the limit."""
        address = "unknown" if request.client is None else request.client.host
        if self.address_count >= MAX_ADDRESSES:
            self._counted = MemoryStorage()
            self._limiter = MovingWindowRateLimiter(self._counted)
        if not self._limiter.hit(self._limit, address):
            return RequestRefused(
                429,
                "too_many_refusals",
                "Too many callbacks from this address failed authentication.",
                headers={"retry-after": "60"},
            )
        log.warning("callback_refused", address=address, path=request.url.path)
        # A new exception each time: raising the same one again would accumulate tracebacks.
        return RequestRefused(401, "unauthorized", "The callback's secret or token is missing or wrong.")
