"""The content of a callback after parsing."""

import msgspec


class Report(msgspec.Struct, frozen=True, gc=False):
    """A parsed callback. Exactly one of ``result``, ``error``, ``progress`` and ``again_seconds`` is set.

    ``job_id``: the job that the callback names; ``execution_id``: the processor's own id of the attempt; ``flow``: a
    flow of the reporting processor. ``notes``: deviations of the callback from the documented format, for people.
    """

    job_id: str | None = None
    result: str | None = None
    error: str | None = None
    progress: str | None = None
    again_seconds: float | None = None
    """The processor asks to get the job again after this number of seconds."""
    attempt: int | None = None
    execution_id: str | None = None
    retryable: bool = True
    flow: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def note(self) -> str | None:
        """The notes as one sentence for the job's history; ``None`` for a report in the documented format."""
        return f"How the callback was read: {'; '.join(self.notes)}." if self.notes else None
