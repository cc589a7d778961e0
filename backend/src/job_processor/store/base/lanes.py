"""What a store does with lanes (``core.lane``)."""

from collections.abc import Sequence
from typing import Protocol

from job_processor.core.lane import Lane


class Lanes(Protocol):
    """The lanes of flows. ``Jobs.claim`` reads and writes them too."""

    async def lanes(self) -> Sequence[Lane]:
        """Every lane that has a record (one appears with a flow's first claim or change)."""
        ...

    async def put_lane(self, lane: Lane) -> bool:
        """Write a lane if its stored ``rev`` is still ``lane.rev``, and raise ``rev`` by one; else ``False``."""
        ...
