"""``python -m tests.faults.upgrading FILE N``: upgrade a database and die at the N-th statement. For test_upgrade."""

import os
import signal
import sys
from pathlib import Path

import apsw

from job_processor.store.sqlite.connection import open_writer
from job_processor.store.sqlite.schema import VERSIONS, upgrade

# What a next version could be: a change of shape, of data, and an index.
NEXT = """
ALTER TABLE jobs ADD COLUMN colour TEXT;
UPDATE jobs SET colour = 'blue';
CREATE INDEX jobs_colour ON jobs(colour, id);
CREATE TABLE colours (colour TEXT PRIMARY KEY) STRICT;
INSERT INTO colours VALUES ('blue');
"""


def main() -> None:
    path, die_at = Path(sys.argv[1]), int(sys.argv[2])
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
