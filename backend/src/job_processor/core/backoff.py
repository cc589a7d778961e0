"""When to try again: exponential, capped, with equal jitter so that failures do not come back in step."""


def backoff_ms(failures: int, base_seconds: float, cap_seconds: float, jitter: float) -> int:
    """Milliseconds to wait after the ``failures``-th failure (1, 2, …).

    ``jitter`` is in [0, 1): the wait lies between half and the whole of ``base · 2^(failures-1)``, capped.
    """
    # The exponent is bounded so that a job with thousands of failures cannot overflow a float.
    whole = min(cap_seconds, base_seconds * 2.0 ** min(failures - 1, 60))
    return int(1000 * whole * (0.5 + jitter / 2))
