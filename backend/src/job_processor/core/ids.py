"""Job ids: 24 hex digits, time-ordered: 12 for the millisecond, 6 of a counter, 6 of randomness per process."""

AHEAD_MS = 60_000
"""How far an id may lie ahead of its clock: ids go on growing when the clock steps back by no more."""


class IdFactory:
    """Makes ids that grow within one process, and follow its clock when that steps back by more than ``AHEAD_MS``.

    ``seed`` is 48 random bits: the low half tells processes apart, the high half starts the counter.
    """

    def __init__(self, seed: int) -> None:
        self._process = seed & 0xFFFFFF
        self._counter = (seed >> 24) & 0x7FFFFF
        self._last_ms = 0

    def new(self, now_ms: int) -> str:
        if now_ms > self._last_ms or now_ms < self._last_ms - AHEAD_MS:
            self._last_ms = now_ms
        self._counter += 1
        if self._counter > 0xFFFFFF:
            self._counter = 0
            self._last_ms += 1
        return f"{self._last_ms:012x}{self._counter:06x}{self._process:06x}"


def is_job_id(text: str) -> bool:
    """True for exactly 24 lower-case hex digits."""
    return len(text) == 24 and not text.strip("0123456789abcdef")


def first_id_of(ms: int) -> str:
    """No id of that millisecond or a later one is smaller. See ``AHEAD_MS`` for the other end of a span of time."""
    return f"{max(0, ms):012x}{0:012x}"
