"""Which errors of MongoDB are transient, and how all of them are translated for callers of the store."""

from bson.errors import BSONError
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)

from job_processor.core.errors import ReadTooLong, StorageFull, StoreUnavailable

_OUT_OF_DISK = frozenset({14031})
_CREDENTIALS = frozenset({13, 18})
_ATLAS = 8000
_TOO_SLOW = 50
# NoQueryExecutionPlans: the index of the hint does not exist.
_NO_INDEX = frozenset({2, 291, 17007})
# Elections, shutdowns, timeouts, conflicts, overload.
_PASSING = frozenset(
    {6, 7, 24, 43, _TOO_SLOW, 64, 89, 91, 100, 112, 133, 134, 150, 175, 189, 202, 237, 262, 276}
    | {363, 365, 384, 402, 407, 412, 433, 449, 9001, 10058, 10107, 11600, 11601, 11602, 13388, 13435, 13436}
)
_PASSING_LABELS = ("RetryableWriteError", "RetryableError", "SystemOverloadedError", "TransientTransactionError")
NOT_PYMONGO: tuple[type[Exception], ...] = (BSONError, OverflowError)
"""What the driver raises for a document that no server accepts: too large, or with a number beyond 64 bits."""


def is_transient(error: PyMongoError) -> bool:
    """Whether the error is transient, so that the same operation may succeed a moment later."""
    if isinstance(error, ConnectionFailure | ExecutionTimeout | WriteConcernError) or error.timeout:
        return True
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        problems = [*details.get("writeErrors", []), *details.get("writeConcernErrors", [])]
        # Some writes may have failed for good (a duplicate) and others not: all of them may be retried.
        return any(problem.get("code") in _PASSING for problem in problems)
    if isinstance(error, OperationFailure):
        return error.code in _PASSING or any(error.has_error_label(label) for label in _PASSING_LABELS)
    return False


def is_too_slow(error: PyMongoError) -> bool:
    """Whether the server stopped the operation after its timeout. A connection without a reply does not count: the next
    try uses another connection."""
    return isinstance(error, ExecutionTimeout) or (isinstance(error, OperationFailure) and error.code == _TOO_SLOW)


def lacks_index(error: PyMongoError) -> bool:
    """Whether the error says that the index of the hint does not exist."""
    return isinstance(error, OperationFailure) and error.code in _NO_INDEX and "hint" in str(error)


def translate(error: Exception) -> StoreUnavailable:
    """The error of ``core.errors`` for one of the driver. Names the kind only: messages of the driver may contain
    data."""
    code = error.code if isinstance(error, OperationFailure) else None
    if isinstance(error, NOT_PYMONGO):
        return StoreUnavailable("The database cannot take this: it is larger than 16 MB, or a number is too large.")
    if code == _ATLAS:
        # The code is the same for several errors, so the message is matched here; it is not passed on.
        text = str(error).lower()
        code = 18 if "auth" in text else 14031 if "quota" in text or "space" in text else code
    if code in _OUT_OF_DISK:
        return StorageFull("The disk under the database is full; nothing was stored.")
    if code in _CREDENTIALS:
        return StoreUnavailable("The database refuses: credentials or rights are missing.")
    if isinstance(error, PyMongoError) and is_too_slow(error):
        return ReadTooLong("The database needed longer for this than it may take.")
    numbered = "" if code is None else f", code {code}"
    return StoreUnavailable(f"The database cannot answer: {type(error).__name__}{numbered}.")
