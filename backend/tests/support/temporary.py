"""Where the tests' temporary directories lie: in memory, where this machine has room for them.

SQLite and the database servers sync each commit, and on a disk most tests wait for that longer than they work. A killed
process loses nothing in memory either; what a disk may do (be full, fail, lose what was not synced) is simulated by the
tests of it. ``TMPDIR=/var/tmp make test`` uses a disk, and so do the campaigns by hand (``make kill-test``).
"""

import os
import shutil
import tempfile
from pathlib import Path

IN_MEMORY = Path("/dev/shm")
ROOM = 4 << 30


def use_memory() -> None:
    """For this process and those that it starts, unless ``TMPDIR`` says otherwise."""
    if "TMPDIR" not in os.environ and _has_room(IN_MEMORY):
        os.environ["TMPDIR"] = str(IN_MEMORY)
        tempfile.tempdir = None  # The module keeps what it found before.


def _has_room(directory: Path) -> bool:
    if not (directory.is_dir() and os.access(directory, os.W_OK | os.X_OK)):
        return False
    # Some tests run programs that they have written. Containers forbid that in /dev/shm.
    runs_programs = not os.statvfs(directory).f_flag & os.ST_NOEXEC
    return runs_programs and shutil.disk_usage(directory).free >= ROOM
