"""Retry delay: exponential, capped, with "equal jitter" so that jobs that failed together do not retry together."""


def backoff_ms(failures: int, base_seconds: float, cap_seconds: float, jitter: float) -> int:
    """Milliseconds to wait after the ``failures``-th failure (1, 2, …).

    ``jitter`` is in [0, 1): the delay lies between half and the whole of ``min(cap, base · 2^(failures-1))``.
    """
    # The exponent is capped so that a job with thousands of failures cannot overflow a float.
    longest = min(cap_seconds, base_seconds * 2.0 ** min(failures - 1, 60))
    return int(1000 * longest * (0.5 + jitter / 2))
