"""Permits of rate limits in a store (``core.permits``)."""

from typing import Protocol

from job_processor.core.permits import Grant


class Permits(Protocol):
    """All processes over one store take their permits here."""

    def now(self) -> int: ...

    async def take_permits(self, name: str, limit: int, wanted: int) -> Grant:
        """Up to ``wanted`` permits of the window of this name, of which there are ``limit`` a minute.

        However many processes ask, no more than that are granted. Windows are not backed up, and a store for a single
        process may forget them when it closes.
        """
        ...
