"""The token bucket of a rate per minute: it holds one second's worth, and at least one job, so that a minute's rate is
no burst."""


def size(rate_per_minute: float) -> float:
    """The tokens of a full bucket."""
    return max(1.0, rate_per_minute / 60)


def refilled(tokens: float, at: int, rate_per_minute: float, now: int) -> float:
    """The tokens at ``now``, of which there were ``tokens`` at ``at`` (both in ms); ``at`` 0: it was never used."""
    if at == 0:
        return size(rate_per_minute)
    return min(size(rate_per_minute), tokens + (now - at) * rate_per_minute / 60_000)
