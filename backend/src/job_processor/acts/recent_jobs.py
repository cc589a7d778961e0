"""A cache of the jobs in flight that this process wrote last, so that a report needs no read before its write.

A cached job may be stale, because another process may have changed it. It may be used to decide a write, which is a
compare-and-set, but not to answer a request.
"""

from job_processor.core.job import IN_FLIGHT, Job

MAX_JOBS = 1_000
MAX_PROMPT_CHARACTERS = 4_096
"""Jobs with a longer prompt, with a JSON Schema, or after their second attempt are not cached, which limits the cache
to a few megabytes."""


class RecentJobs:
    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def note(self, job: Job) -> None:
        """Cache the job as it was just written; if it is not in flight any more, remove it."""
        self._jobs.pop(job.id, None)
        is_small = job.attempt <= 2 and job.result_schema is None and len(job.prompt) <= MAX_PROMPT_CHARACTERS
        if is_small and job.state in IN_FLIGHT:
            self._jobs[job.id] = job
            if len(self._jobs) > MAX_JOBS:
                del self._jobs[next(iter(self._jobs))]

    def take(self, job_id: str) -> Job | None:
        """Remove a job from the cache and return it; ``None``: it is not cached. If it is stale, read the store."""
        return self._jobs.pop(job_id, None)
