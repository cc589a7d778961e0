"""What a callback says, once it was read."""

import msgspec


class Report(msgspec.Struct, frozen=True, gc=False):
    """Exactly one of ``result``, ``error``, ``progress`` and ``again_seconds`` is set.

    ``job_id``: the job it names; ``execution_id``: the processor's own id of the run; ``flow``: a flow of the processor
    that reports. ``notes``: where the callback differed from its documented form, for people.
    """

    job_id: str | None = None
    result: str | None = None
    error: str | None = None
    progress: str | None = None
    again_seconds: float | None = None
    """The processor wants the job again after so long."""
    attempt: int | None = None
    execution_id: str | None = None
    retryable: bool = True
    flow: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def note(self) -> str | None:
        """The notes as one sentence for the job's history; ``None`` for a report as it is documented."""
        return f"How the callback was read: {'; '.join(self.notes)}." if self.notes else None
