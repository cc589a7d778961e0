"""What lists say beside their jobs: counts, groups, and where words were found."""

from job_processor.http.models.jobs import JobSummary
from job_processor.http.models.types import JobId, Time, WireOut


class PieceOut(WireOut):
    text: str
    found: bool


class SnippetOut(WireOut):
    """A part of a text in which words of the search stand. ``field``: prompt, result, error or metadata. The texts of
    ``pieces`` follow each other."""

    field: str
    pieces: list[PieceOut]


class JobRow(JobSummary):
    """A row of a list. ``snippets``: where the words of the search were found, with ``snippets=true``; else empty."""

    snippets: list[SnippetOut]


class JobCount(WireOut):
    """How many jobs match the filters, in all and by status. ``more``: there are more than ``count``, which is as far
    as is counted. ``complete``: false while older jobs are still being made searchable after an upgrade."""

    count: int
    more: bool
    by_status: dict[str, int]
    complete: bool


class JobGroup(WireOut):
    """Jobs with the same value. ``flow``: of all of them; null if that may differ. ``since``, ``until``: when the first
    and the last ended (or was created, if it has not ended). ``example``: the newest. ``cost_micros``: of all of them,
    in millionths of the currency; null: of none it is known."""

    value: str
    flow: str | None
    count: int
    since: Time
    until: Time
    example: JobId
    cost_micros: int | None


class JobGroups(WireOut):
    """The largest groups. ``more``: there are more jobs, of which only the newest were looked at. ``currency``: of all
    costs."""

    groups: list[JobGroup]
    more: bool
    currency: str
