"""Permits of rate limits in a store (``core.permits``)."""

from typing import Protocol

from job_processor.core.permits import Grant


class Permits(Protocol):
    """All processes over one store take their permits here."""

    def now(self) -> int: ...

    async def take_permits(self, name: str, limit: int, wanted: int) -> Grant:
        """Take up to ``wanted`` permits of the window ``name``, which has ``limit`` permits a minute.

        All processes together get no more than that. Windows are not backed up, and a store for a single process may
        drop them when it closes.
        """
        ...
