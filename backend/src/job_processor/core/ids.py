"""Job ids: 24 hex digits, ordered by time: 12 for the millisecond, 6 for a counter, 6 random ones per process."""

MAX_AHEAD_MS = 60_000
"""Maximum milliseconds by which the time in an id may be ahead of the clock. Ids keep increasing when the clock is set
back by no more than this."""
_MAX_COUNTER = 0xFFFFFF


class IdFactory:
    """Creates ids that increase within one process, unless its clock is set back by more than ``MAX_AHEAD_MS``.

    ``seed``: 48 random bits. The low 24 identify the process, the high 24 initialise the counter.
    """

    def __init__(self, seed: int) -> None:
        self._process = seed & 0xFFFFFF
        self._counter = (seed >> 24) & 0x7FFFFF
        self._last_ms = 0

    def new(self, now_ms: int) -> str:
        """The next id. ``now_ms``: milliseconds since 1970."""
        self._advance(now_ms)
        self._counter += 1
        if self._counter > _MAX_COUNTER:
            self._counter = 0
            self._last_ms += 1
        return f"{self._last_ms:012x}{self._counter:06x}{self._process:06x}"

    def many(self, now_ms: int, number: int) -> list[str]:
        """``number`` ids in increasing order; the same as that many calls of ``new``, but faster."""
        if not number or self._counter + number > _MAX_COUNTER:
            return [self.new(now_ms) for _ in range(number)]
        self._advance(now_ms)
        first = self._counter + 1
        self._counter += number
        begin, end = f"{self._last_ms:012x}", f"{self._process:06x}"
        return [f"{begin}{counter:06x}{end}" for counter in range(first, first + number)]

    def _advance(self, now_ms: int) -> None:
        if now_ms > self._last_ms or now_ms < self._last_ms - MAX_AHEAD_MS:
            self._last_ms = now_ms


def is_job_id(text: str) -> bool:
    """True if ``text`` is exactly 24 lower-case hex digits."""
    return len(text) == 24 and not text.strip("0123456789abcdef")


def first_id_of(ms: int) -> str:
    """The smallest id of this millisecond (since 1970): the inclusive lower bound of a time range.

    The upper bound of a range must include ids that are up to ``MAX_AHEAD_MS`` ahead.
    """
    return f"{max(0, ms):012x}{0:012x}"
