"""Rate limits of requests: counts them, answers 429, and makes the RateLimit headers.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10: ``RateLimit-Policy`` has the limit, ``RateLimit`` what
is left of it. They are sent when little is left (``TOLD_SHARE``): nearly all responses are shorter without them.
"""

import functools
import math
from collections.abc import Mapping

from starlette.types import Scope

from job_processor.acts.rate_limits import RateLimits, Standing
from job_processor.core.access import Principal, PrincipalKind
from job_processor.core.counted import counted
from job_processor.core.permits import WINDOW_MS
from job_processor.http.problems import RequestRefused
from job_processor.http.scope_keys import RATE_LIMIT

SECONDS = WINDOW_MS // 1000
TOLD_SHARE = 4
"""The headers are sent once at most the limit divided by this is left: early enough for a client to slow down."""
KEY, PERSON, ADDRESS, WRONG_KEYS = "key", "person", "address", "wrong-keys"
_OF_A_KEY = PrincipalKind.KEY


class RateLimiter:
    def __init__(self, rates: RateLimits) -> None:
        self._rates = rates

    async def count_principal(self, scope: Scope, principal: Principal) -> None:
        """Count a request of a key or person. Raises ``RequestRefused`` (429)."""
        if not self.count_at_once(scope, principal):
            limit = principal.rate_per_minute or self._rates.limits.per_key
            await self._count(scope, principal.owner, limit, _policy_of(principal), alone=False)

    def count_at_once(self, scope: Scope, principal: Principal) -> bool:
        """Count a request of a key or person if this process has a permit, as for nearly every request. ``False``: it
        has none; call ``count_principal``."""
        # Keys of one owner share one limit: a rotation does not double it.
        limit = principal.rate_per_minute or self._rates.limits.per_key
        if not limit:
            return True
        standing = self._rates.use(principal.owner, limit)
        if standing is None:
            return False
        # What ``_tell`` looks at too, without the call.
        if (standing.permits + standing.left) * TOLD_SHARE <= standing.limit:
            _tell(scope, standing, _policy_of(principal))
        return True

    async def count_address(self, scope: Scope, address: str) -> None:
        """Count a request without a key. Raises ``RequestRefused`` (429)."""
        if self._rates.limits.per_address:
            await self._count(scope, f"from {address}", self._rates.limits.per_address, ADDRESS, alone=True)

    async def count_wrong_key(self, scope: Scope, address: str) -> None:
        """Count a wrong key or access token. Raises ``RequestRefused`` (429) beyond the limit."""
        limit = self._rates.limits.wrong_keys
        if not limit:
            return
        standing, allowed = await self._rates.admit(f"wrong {address}", limit, alone=True)
        _tell(scope, standing, WRONG_KEYS)
        if not allowed:
            raise RequestRefused(
                429,
                "too_many_wrong_keys",
                "Too many wrong keys came from this address.",
                headers={"retry-after": str(_wait(standing))},
            )

    async def _count(self, scope: Scope, name: str, limit: int, policy: str, *, alone: bool) -> None:
        standing, allowed = await self._rates.admit(name, limit, alone=alone)
        _tell(scope, standing, policy)
        if not allowed:
            raise too_many_requests(policy, limit, {"retry-after": str(_wait(standing))})


def _policy_of(principal: Principal) -> str:
    return KEY if principal.kind is _OF_A_KEY else PERSON


def _tell(scope: Scope, standing: Standing, policy: str) -> None:
    """Put the RateLimit headers into the answer, as lines of its head, if little is left."""
    left = standing.permits + standing.left
    if left * TOLD_SHARE <= standing.limit:
        scope[RATE_LIMIT] = b"%b%d;t=%d\r\n" % (_begun(policy, standing.limit), left, _wait(standing))


def _wait(standing: Standing) -> int:
    """Seconds until the next permit."""
    wait = math.ceil(standing.more_at - standing.seen_at)
    return wait if wait > 1 else 1


def too_many_requests(policy: str, limit: int, headers: Mapping[str, str]) -> RequestRefused:
    whose = "without a key from this address" if policy == ADDRESS else f"of this {policy}"
    detail = f"More than {counted(limit, 'request')} a minute {whose}."
    return RequestRefused(429, "too_many_requests", detail, headers=headers)


@functools.lru_cache(maxsize=1_000)
def _begun(policy: str, limit: int) -> bytes:
    """The lines of both headers, up to the number of permits left, which the caller appends."""
    return f'ratelimit-policy: "{policy}";q={limit};w={SECONDS}\r\nratelimit: "{policy}";r='.encode()
