"""Refused proofs of callbacks: each is written down, and nobody fills the log or the day with them.

Only what proves nothing is limited: a sender with the right secret is answered however many forge beside it.
"""

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from job_processor.http.problems import Refused

log = structlog.get_logger(__name__)
A_MINUTE = 300
"""Refusals that one address is told one by one; far more than a misconfigured sender needs to be noticed."""
ADDRESSES = 1_000
"""How many are counted at once; one more, and all are counted anew: the library forgets none by itself."""


class Forgeries:
    def __init__(self) -> None:
        self._counted = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._counted)
        self._limit = RateLimitItemPerMinute(A_MINUTE)

    @property
    def remembered(self) -> int:
        """Addresses that are counted now."""
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
        # A new one each time: an exception that is raised again keeps the frames of all the times before.
        return Refused(401, "unauthorized", "The callback's secret or token is missing or wrong.")
