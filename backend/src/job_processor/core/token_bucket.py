"""The token bucket of a rate per minute. Its size is one second's worth and at least one token, so that a rate per
minute does not allow a burst of a whole minute."""


def size(rate_per_minute: float) -> float:
    """The number of tokens in a full bucket."""
    return max(1.0, rate_per_minute / 60)


def refilled(tokens: float, at: int, rate_per_minute: float, now: int) -> float:
    """The number of tokens at ``now``, after ``tokens`` at ``at`` (both in ms). ``at`` 0: never used, so it is full."""
    if at == 0:
        return size(rate_per_minute)
    return min(size(rate_per_minute), tokens + (now - at) * rate_per_minute / 60_000)
