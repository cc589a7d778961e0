"""A limit on the total bytes of long bodies that handlers hold in memory."""

import contextlib
from collections.abc import Callable, Iterator

from job_processor.http.problems import RequestRefused

ROOM_BYTES = 160 * 1024 * 1024


class ByteRoom:
    """``limit``: maximum bytes of all holders together."""

    def __init__(self, limit: int = ROOM_BYTES) -> None:
        self.limit = limit
        self.total = 0

    @contextlib.contextmanager
    def held(self) -> Iterator[Callable[[int], None]]:
        """Yields a function that reserves more bytes; all are released at the end of the block. It raises
        ``RequestRefused`` (503) if the limit would be exceeded: the newest request is refused, others go on."""
        mine = 0

        def take(size: int) -> None:
            nonlocal mine
            if self.total + size > self.limit:
                detail = "The server holds too many long bodies at the moment; send it again."
                raise RequestRefused(503, "too_many_bytes", detail, headers={"retry-after": "5", "connection": "close"})
            mine += size
            self.total += size

        try:
            yield take
        finally:
            self.total -= mine
