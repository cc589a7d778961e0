"""All errors of the package, with one base class. ``http.problems`` maps them to responses."""

from collections.abc import Sequence

from job_processor.core.batch import RefusedLine


class JobProcessorError(Exception):
    """The base of all errors of this package."""


class JobNotFound(JobProcessorError):
    """No job has this id."""


class CallbackNotFound(JobProcessorError):
    """The callback inbox holds no callback with this id."""


class KeyNotFound(JobProcessorError):
    """No API key has this id."""


class EndpointNotFound(JobProcessorError):
    """No webhook endpoint has this id."""


class DeliveryNotFound(JobProcessorError):
    """No webhook delivery has this id."""


class JobDamaged(JobProcessorError):
    """The stored record of this job cannot be decoded: it was corrupted or edited by hand."""


class MoveRefused(JobProcessorError):
    """The action does not apply to the job's current state."""


class TooManyWaiting(JobProcessorError):
    """The key's quota of waiting jobs is used up."""


class StoreBusy(JobProcessorError):
    """The store's write queue is too long; nothing was stored. ``seconds``: when to retry."""

    def __init__(self, seconds: int) -> None:
        super().__init__("The store is behind with its writes.")
        self.seconds = seconds


class InvalidField(JobProcessorError):
    """A request field is invalid; ``field`` is its name, the message says what is allowed."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BulkActionNotFound(JobProcessorError):
    """No bulk action has this id."""


class TooManyBulkActions(JobProcessorError):
    """The limit of concurrent bulk actions is reached."""


class BatchNotFound(JobProcessorError):
    """No batch has this id."""


class LinesRefused(JobProcessorError):
    """A batch has invalid lines, and nothing was stored. ``lines``: the first invalid ones; ``number``: the count of
    all invalid lines; ``total``: the count of all lines."""

    def __init__(self, lines: Sequence[RefusedLine], number: int, total: int) -> None:
        super().__init__(f"{number:,} of {total:,} lines {'is' if number == 1 else 'are'} invalid.")
        self.lines = lines
        self.number = number
        self.total = total


class SessionNotFound(JobProcessorError):
    """No session of this key or person has this id."""


class IdempotencyMismatch(JobProcessorError):
    """The idempotency key was used before with a different body."""


class TransferFailed(JobProcessorError):
    """A copy or backup differs from its source; the message says how."""


class StoreUnavailable(JobProcessorError):
    """The store cannot answer now. Whether the write took place is unknown."""


class StorageFull(StoreUnavailable):
    """The store's disk is full."""


class StoreBroken(StoreUnavailable):
    """The database file or its disk may be damaged. This process must not write again; restart it to check."""


class ReadTooLong(StoreUnavailable):
    """A read exceeded its time limit and was aborted; the same read would take as long again."""


class TooManySearches(StoreUnavailable):
    """The limit of concurrent text searches is reached."""


class SearchIncomplete(StoreUnavailable):
    """The search index is not complete yet, and this request needs every matching job."""


class StoreRefused(JobProcessorError):
    """The store must not be opened: another process holds it, or it is corrupt, of a newer version, or unsafe."""


class SettingsInvalid(JobProcessorError):
    """The settings are invalid; the message lists every error, one per line."""


class ProcessorUnusable(JobProcessorError):
    """A flow's processor cannot be created from its settings."""
