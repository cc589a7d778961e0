"""Windows of permits in the memory of one process."""

from collections import OrderedDict

from job_processor.core.permits import Grant, Window, take

MAX_WINDOWS = 10_000
"""Beyond it the least recently used window is dropped, so that an attack from many addresses cannot fill memory."""


class PermitTable:
    def __init__(self, max_windows: int = MAX_WINDOWS) -> None:
        self._max_windows = max_windows
        self._windows: OrderedDict[str, Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, name: str, now: int, limit: int, wanted: int) -> Grant:
        """Take up to ``wanted`` permits of the window ``name``, which has ``limit`` a minute. ``now``: milliseconds."""
        window, grant = take(self._windows.pop(name, Window()), now, limit, wanted)
        self._windows[name] = window
        if len(self._windows) > self._max_windows:
            self._windows.popitem(last=False)
        return grant
