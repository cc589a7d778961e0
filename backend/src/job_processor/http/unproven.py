"""Logs callbacks with a missing or wrong secret or token, and rate-limits them by address.

A sender with the right secret is never limited, however many bad callbacks arrive beside it.
"""

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from job_processor.http.problems import Refused

log = structlog.get_logger(__name__)
A_MINUTE = 300
"""Bad callbacks a minute that one address gets a 401 for; further ones get a 429 and no log line."""
ADDRESSES = 1_000
"""Most addresses counted at once. One more resets all counts: the library never drops one by itself."""


class UnprovenCallbacks:
    def __init__(self) -> None:
        self._counted = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._counted)
        self._limit = RateLimitItemPerMinute(A_MINUTE)

    @property
    def remembered(self) -> int:
        """Number of addresses that are counted now."""
        return len(self._counted.events)

    def refused(self, request: Request) -> Refused:
        """The answer to a callback without proof: the same 401 whatever is wrong, or a 429 to one that goes on."""
        address = "unknown" if request.client is None else request.client.host
        if self.remembered >= ADDRESSES:
            self._counted = MemoryStorage()
            self._limiter = MovingWindowRateLimiter(self._counted)
        if not self._limiter.hit(self._limit, address):
            return Refused(
                429,
                "too_many_refusals",
                "Too many callbacks without proof came from here.",
                headers={"retry-after": "60"},
            )
        log.warning("callback_refused", address=address, path=request.url.path)
        # A new exception each time: one raised again keeps the frames of all times before.
        return Refused(401, "unauthorized", "The callback's secret or token is missing or wrong.")
