"""Timeouts and sizes of the driver. Not settings; tests shorten some."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """Durations in seconds."""

    try_timeout: float = 5.0
    """Timeout of one try of an operation, including the retries of the client."""
    give_up_after: float = 15.0
    """Timeout of all tries together, after which ``StoreUnavailable`` is raised. Longer than an election in a
    replica set."""
    reservation: float = 5.0
    """How long a claim may take from reserving a slot to claiming the job, before the slot may be taken back."""
    slot_kept: float = 30.0
    """How long a slot stays in the lane after its job was claimed; longer than reads may be stale after an election."""
    due_at_once: int = 2000
    """Due jobs of a flow that one claim marks as ready, oldest first."""
    outage: float = 1.0
    """If the database did not reply for this long, that was an outage: workers could not renew their leases."""
    renewal: float = 12.0
    """How long after an outage leases that ended in it are not expired; longer than the pause between two renewals."""
    clock_every: float = 30.0
    """Pause between two readings of the database's clock."""
    poll_every: float = 0.5
    """Pause between two polls for changes if there are no change streams."""
    count_reuse: float = 10.0
    """A count that took t seconds is cached for this many times t (if t is 0.1 s or more)."""
    quick_count: float = 1.0
    """Timeout of a full count while a caller waits; after it the database counts as a large one."""
    whole_count: float = 60.0
    """Timeout of a full count in the background."""
    overlap: float = 10.0
    """How far ``since`` reads back before its position. Clocks of primaries may differ, a write takes time from its
    timestamp until it is readable with majority, and positions may be ahead of the clock (``ahead``)."""
    ahead: float = 3.0
    """How far positions may be ahead of the clock of the server; beyond it ``since`` returns ``Resync``."""
    stream_silence: float = 10.0
    """Timeout of a change stream that sends not even an empty reply."""
    stream_resume: float = 60.0
    """The same for the first reply after a stream was resumed, for which the server may have to read much."""
    stream_down: float = 30.0
    """How long a change stream must be down before that is logged."""
    stream_again: float = 60.0
    """Pause between two tries of a change stream that the server refuses; meanwhile changes are polled."""
    keep_deletions: float = 3600.0
    """How long deletions are remembered for ``since``; for an older position it returns ``Resync``."""
