"""Lanes in a store (``core.lane``)."""

from collections.abc import Sequence
from typing import Protocol

from job_processor.core.audit import AuditEntry
from job_processor.core.lane import Lane


class Lanes(Protocol):
    """The lanes of flows. ``Jobs.claim`` reads and writes them too."""

    async def lanes(self) -> Sequence[Lane]:
        """All stored lanes. A lane is stored at the first claim or change of its flow."""
        ...

    async def save_lane(self, lane: Lane, record: AuditEntry | None = None) -> bool:
        """Write the lane with ``rev`` + 1 if the stored ``rev`` is still ``lane.rev``. Otherwise ``False``."""
        ...
