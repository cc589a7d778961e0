"""Rate limits at the door: counts requests, answers 429, and makes the RateLimit headers.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10: ``RateLimit-Policy`` names the limit, ``RateLimit``
says what is left of it.
"""

import functools
import math
from collections.abc import Mapping

from starlette.types import Scope

from job_processor.acts.rate_limits import RateLimits, Standing
from job_processor.core.access import Principal, PrincipalKind
from job_processor.core.permits import WINDOW_MS
from job_processor.http.problems import RequestRefused
from job_processor.http.scope_keys import RATE_LIMIT

SECONDS = WINDOW_MS // 1000
KEY, PERSON, ADDRESS = "key", "person", "address"


class RateLimiter:
    def __init__(self, rates: RateLimits) -> None:
        self._rates = rates

    async def count_principal(self, scope: Scope, principal: Principal) -> None:
        """Count a request of a key or person. Raises ``RequestRefused`` (429)."""
        if not self.count_at_once(scope, principal):
            limit, policy = self._limit(principal)
            await self._count(scope, principal.owner, limit, policy, alone=False)

    def count_at_once(self, scope: Scope, principal: Principal) -> bool:
        """Count a request of a key or person with a permit that this process has, as nearly every request can be.
        ``False``: call ``count_principal``."""
        limit, policy = self._limit(principal)
        if not limit:
            return True
        standing = self._rates.use(principal.owner, limit)
        if standing is not None:
            self._tell(scope, standing, policy)
        return standing is not None

    def _limit(self, principal: Principal) -> tuple[int, str]:
        """Requests a minute, and whose limit that is. Keys of one owner share one: a rotation does not double it."""
        policy = KEY if principal.kind is PrincipalKind.KEY else PERSON
        return principal.rate_per_minute or self._rates.limits.per_key, policy

    async def count_address(self, scope: Scope, address: str) -> None:
        """Count a request without a key. Raises ``RequestRefused`` (429)."""
        if self._rates.limits.per_address:
            await self._count(scope, f"from {address}", self._rates.limits.per_address, ADDRESS, alone=True)

    async def count_wrong_key(self, address: str) -> None:
        """Count a wrong key. Raises ``RequestRefused`` (429) beyond the limit."""
        limit = self._rates.limits.wrong_keys
        if not limit:
            return
        standing, allowed = await self._rates.admit(f"wrong {address}", limit, alone=True)
        if not allowed:
            raise RequestRefused(
                429,
                "too_many_wrong_keys",
                "Too many wrong keys came from this address.",
                headers={"retry-after": str(self._wait(standing))},
            )

    async def _count(self, scope: Scope, name: str, limit: int, policy: str, *, alone: bool) -> None:
        standing, allowed = await self._rates.admit(name, limit, alone=alone)
        wait = self._tell(scope, standing, policy)
        if not allowed:
            raise too_many_requests(policy, limit, {"retry-after": str(wait)})

    def _tell(self, scope: Scope, standing: Standing, policy: str) -> int:
        """Put the headers of the answer into the scope. Returns the seconds until more permits are to be had."""
        wait = self._wait(standing)
        left = f'"{policy}";r={standing.remaining};t={wait}'
        scope[RATE_LIMIT] = (_policy(policy, standing.limit), (b"ratelimit", left.encode()))
        return wait

    def _wait(self, standing: Standing) -> int:
        """Seconds until the next permit."""
        return max(1, math.ceil(standing.more_at - self._rates.monotonic()))


def too_many_requests(policy: str, limit: int, headers: Mapping[str, str]) -> RequestRefused:
    whose = "without a key from this address" if policy == ADDRESS else f"of this {policy}"
    return RequestRefused(429, "too_many_requests", f"More than {limit:,} requests a minute {whose}.", headers=headers)


@functools.lru_cache(maxsize=1_000)
def _policy(policy: str, limit: int) -> tuple[bytes, bytes]:
    """The header that names the limit."""
    return b"ratelimit-policy", f'"{policy}";q={limit};w={SECONDS}'.encode()
