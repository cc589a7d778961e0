"""The driver's own times and sizes. Operators need none of them; tests shorten some."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """Durations in seconds."""

    try_timeout: float = 5.0
    """One try of one operation, with the retries that the client makes by itself within it."""
    give_up_after: float = 15.0
    """All tries together; then ``StoreUnavailable``. Longer than a replica set takes to elect a primary."""
    reservation: float = 5.0
    """How long a claimer may take from reserving a slot to filling it before another may take the slot back."""
    slot_kept: float = 30.0
    """How long a filled slot stays in its lane's document; longer than what was read may lag behind an election."""
    due_at_once: int = 2000
    """Jobs of a flow whose time has come that one claim makes ready, oldest first."""
    outage: float = 1.0
    """Without an answer for so long, leases may have ended that their workers wanted to renew."""
    renewal: float = 12.0
    """How long after that such leases are left alone: longer than a worker waits between two renewals."""
    clock_every: float = 30.0
    """Between two readings of the database's clock."""
    poll_every: float = 0.5
    """Between two looks for changes where there are no change streams."""
    count_reuse: float = 10.0
    """Counts that took t seconds are given out again for this many times t (only when t is 0.1 s or more)."""
    quick_count: float = 1.0
    """What counting everything may take while somebody waits for it; beyond it the database counts as a large one."""
    whole_count: float = 60.0
    """What counting everything may take in the background."""
    overlap: float = 10.0
    """How far behind its position ``since`` looks: clocks of primaries may differ, a write may take its time
    between its stamp and being readable with majority, and positions may run ahead of the clock (``ahead``)."""
    ahead: float = 3.0
    """How far positions may run ahead of the server's clock; beyond it ``since`` answers with ``Resync``."""
    stream_silence: float = 10.0
    """Without even an empty answer for so long, a change stream's connection is taken for dead."""
    stream_resume: float = 60.0
    """The same for the first answer after a stream was resumed: the server may have much to read until then."""
    stream_down: float = 30.0
    """After which a change stream that does not come back is logged."""
    stream_again: float = 60.0
    """Between two tries of a change stream that the server refuses; changes are polled for meanwhile."""
    keep_deletions: float = 3600.0
    """How long a deletion can be told; a position older than this is answered with ``Resync``."""
