"""The jobs in flight that this process wrote last, so that the report on one needs no read before its write.

What is remembered may be old: another process may have changed the job since. It may be decided by, because every write
compares with what is stored, but it may not be answered from.
"""

from job_processor.core.job import IN_FLIGHT, Job

MOST = 1_000
MAX_PROMPT_CHARACTERS = 4_096
"""Jobs with a longer prompt, with a JSON Schema, or after their second attempt are not remembered, so that the memory
this takes is bounded: a few megabytes."""


class RecentJobs:
    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def note(self, job: Job) -> None:
        """Remember the job as it was just written, or forget it, if it is not in flight any more."""
        self._jobs.pop(job.id, None)
        is_small = job.attempt <= 2 and job.result_schema is None and len(job.prompt) <= MAX_PROMPT_CHARACTERS
        if is_small and job.state in IN_FLIGHT:
            self._jobs[job.id] = job
            if len(self._jobs) > MOST:
                del self._jobs[next(iter(self._jobs))]

    def take(self, job_id: str) -> Job | None:
        """The job as it was last written here, and forget it: whoever finds it too old reads the store then."""
        return self._jobs.pop(job_id, None)
