"""An advisory lock beside the database: one process at a time. The kernel releases it when the process ends."""

import fcntl
import os
from pathlib import Path

from job_processor.core.errors import StoreRefused


class FileLock:
    """Held from ``acquire`` to ``release``. The file names the holder for people; only the kernel lock counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def acquire(self) -> None:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(fd, 32).decode(errors="replace").strip() or "unknown"
            os.close(fd)
            raise StoreRefused(
                f"Another process (pid {holder}) uses {self._path.parent}. "
                "Stop it, or give this one a data directory of its own."
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
