"""Windows of permits in the memory of one process."""

from collections import OrderedDict

from job_processor.core.permits import Grant, Window, take

MAX_WINDOWS = 10_000
"""Beyond it the window that was used longest ago is forgotten: an attack from many addresses must not fill memory."""


class PermitTable:
    def __init__(self, most: int = MAX_WINDOWS) -> None:
        self._most = most
        self._windows: OrderedDict[str, Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, name: str, now: int, limit: int, wanted: int) -> Grant:
        """Up to ``wanted`` permits. ``now`` in milliseconds."""
        window, grant = take(self._windows.pop(name, Window()), now, limit, wanted)
        self._windows[name] = window
        if len(self._windows) > self._most:
            self._windows.popitem(last=False)
        return grant
