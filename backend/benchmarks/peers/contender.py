"""What takes part in a comparison."""

import contextlib
from typing import Protocol


class Measures(Protocol):
    """A contender whose servers run. Each call starts from an empty queue and returns jobs a second."""

    def accept(self, seconds: float) -> float:
        """Submissions over HTTP, each answered after it was synced, for so long."""
        ...

    def drain(self, waiting: int, jobs: int) -> float:
        """No-op jobs done: the first ``jobs`` of ``waiting`` ones."""
        ...

    def round_trip(self, seconds: float) -> float:
        """Jobs submitted, dispatched to a sink and called back over HTTP, for so long."""
        ...


class Contender(Protocol):
    @property
    def name(self) -> str: ...

    def missing(self) -> str | None:
        """What has to be installed before this can run, in words; None when it can."""
        ...

    def running(self) -> contextlib.AbstractContextManager[Measures]:
        """Its servers, stopped at the end."""
        ...
