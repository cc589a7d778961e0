"""``python -m tests.faults.upgrading``: for each line ``N FILE``, upgrade the database and die at the N-th statement.

Each in a process of its own, forked from this one; its exit code is printed. For test_upgrade.
"""

import os
import signal
import sys
from pathlib import Path

import apsw

from job_processor.store.sqlite.connection import open_writer
from job_processor.store.sqlite.migrations import VERSIONS
from job_processor.store.sqlite.schema import upgrade

# What a next version could be: a change of shape, of data, and an index.
NEXT = """
ALTER TABLE jobs ADD COLUMN colour TEXT;
UPDATE jobs SET colour = 'blue';
CREATE INDEX jobs_colour ON jobs(colour, id);
CREATE TABLE colours (colour TEXT PRIMARY KEY) STRICT;
INSERT INTO colours VALUES ('blue');
"""


def main() -> None:
    for line in sys.stdin:
        die_at, _, path = line.rstrip("\n").partition(" ")
        child = os.fork()
        if child == 0:
            _upgrade(Path(path), int(die_at))
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _upgrade(path: Path, die_at: int) -> None:
    db = open_writer(path)
    met = 0

    def traced(cursor: apsw.Cursor, sql: str, bindings: object) -> bool:
        nonlocal met
        met += 1
        if met == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    db.exec_trace = traced
    upgrade(db, (*VERSIONS, NEXT))
    db.close()


if __name__ == "__main__":
    main()
