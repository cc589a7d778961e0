"""ahead: how many jobs of its flow are claimed before a job, in the order of claims (``turns``).

Each step is a search in the index ``jobs_turns``. Rows are counted up to a limit, those of one key up to the number of
its turns that come first.
"""

from collections.abc import Callable

import apsw

from job_processor.core.job import Job
from job_processor.store.base import Ahead

_OF_FLOW = "FROM jobs WHERE ready = 1 AND flow = :flow"
_OF_PRIORITY = f"{_OF_FLOW} AND priority = :priority"
_OF_PLACE = f"{_OF_PRIORITY} AND place = :place"
_PLACE = "SELECT place FROM jobs WHERE id = :id AND ready = 1"
_HIGHER = f"SELECT count(*) FROM (SELECT 1 {_OF_FLOW} AND priority > :priority LIMIT :most)"
_OWN = f"SELECT count(*) FROM (SELECT 1 {_OF_PLACE} AND (run_at, id) < (:run_at, :id) LIMIT :most)"
_TURNS = f"""
WITH RECURSIVE keys(place, jobs) AS (
  SELECT (SELECT min(place) {_OF_PRIORITY}), 0
  UNION ALL
  SELECT (SELECT min(place) {_OF_PRIORITY} AND place > keys.place),
    jobs + (SELECT count(*) FROM (SELECT 1 {_OF_PRIORITY} AND place = keys.place LIMIT :each))
  FROM keys WHERE keys.place IS NOT NULL AND jobs <= :most
)
SELECT max(jobs) FROM keys
"""


def ahead(job: Job, most: int) -> Callable[[apsw.Connection], Ahead | None]:
    of: dict[str, int | str] = {"flow": job.flow, "priority": job.priority, "run_at": job.run_at, "id": job.id}

    def number(db: apsw.Connection, sql: str, **rest: int) -> int:
        return int(str(db.execute(sql, {**of, **rest}).get))

    def run(db: apsw.Connection) -> Ahead | None:
        # One snapshot: a job may be claimed between two of the statements.
        with db:
            place = db.execute(_PLACE, of).get
            if place is None:
                return None
            jobs = number(db, _HIGHER, most=most + 1)
            if jobs <= most:
                own = number(db, _OWN, place=int(str(place)), most=most + 1 - jobs)
                # The job's own key is among the keys, with the jobs before the job and the job itself.
                jobs += number(db, _TURNS, each=own + 1, most=most + 1 - jobs) - 1
        return Ahead(min(jobs, most), more=jobs > most)

    return run
