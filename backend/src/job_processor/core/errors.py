"""Every error we raise. One base, one sentence per class; the edge maps them to HTTP in one table."""


class JobProcessorError(Exception):
    """The base of all errors of this package."""


class JobNotFound(JobProcessorError):
    """No job has this id."""


class CallbackNotFound(JobProcessorError):
    """No callback of this id is kept."""


class JobDamaged(JobProcessorError):
    """What is stored of this job cannot be read: a disk or a hand has changed it."""


class MoveRefused(JobProcessorError):
    """The job is in a state that this act does not apply to."""


class InvalidField(JobProcessorError):
    """A field of a request cannot be taken; ``field`` names it, the message says what is wanted."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class IdempotencyMismatch(JobProcessorError):
    """The idempotency key was used before with another body."""


class StoreUnavailable(JobProcessorError):
    """The store cannot answer now; nothing is known to have been written."""


class StorageFull(StoreUnavailable):
    """The disk under the store is full."""


class StoreBroken(StoreUnavailable):
    """The file or disk is in doubt: this process must not write again; a new start may find out more."""


class ReadTooLong(StoreUnavailable):
    """A read was ended because it took longer than one may; the same read will take as long again."""


class TooManySearches(StoreUnavailable):
    """As many texts are searched for already as may be at once."""


class StoreRefused(JobProcessorError):
    """The store must not be opened as it is: another process holds it, it is corrupt, newer, or unsafe."""


class SettingsInvalid(JobProcessorError):
    """The settings cannot be used; the message lists every fault, one a line."""


class ProcessorUnusable(JobProcessorError):
    """A flow's processor cannot be built from its settings."""
