"""Which of the server's errors pass by themselves, and what the store's callers see of the others."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from bson.errors import InvalidDocument
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from job_processor.core.errors import ReadTooLong, StorageFull, StoreUnavailable
from job_processor.store.mongo.client import Link
from job_processor.store.mongo.errors import is_transient, translate
from job_processor.store.mongo.tuning import Tuning

# By MongoDB's error_codes.yml: elections and shutdowns, limits of time, conflicts, pressure and overload.
PASSING = [
    *(6, 7, 24, 43, 50, 64, 89, 91, 100, 112, 133, 134, 150, 175, 189, 202, 237, 262, 276, 363, 365, 384, 402, 407),
    *(412, 433, 449, 9001, 10058, 10107, 11600, 11601, 11602, 13388, 13435, 13436),
]
LASTING = [2, 13, 18, 26, 40324, 67, 85, 86, 121, 8000, 11000, 14031]


@pytest.mark.parametrize("code", PASSING)
def test_a_passing_error_is_known_as_one(code: int) -> None:
    assert is_transient(OperationFailure("x", code))
    assert is_transient(BulkWriteError({"writeErrors": [{"code": code}], "writeConcernErrors": []}))


@pytest.mark.parametrize("code", LASTING)
def test_a_lasting_error_is_known_as_one(code: int) -> None:
    assert not is_transient(OperationFailure("x", code))


@pytest.mark.parametrize(
    "label", ["RetryableWriteError", "RetryableError", "SystemOverloadedError", "TransientTransactionError"]
)
def test_the_servers_own_word_that_it_passes_is_taken(label: str) -> None:
    assert is_transient(OperationFailure("x", 99_999, {"errorLabels": [label]}))


@pytest.mark.parametrize(
    ("error", "seen", "words"),
    [
        (OperationFailure("bad auth : authentication failed", 8000), StoreUnavailable, "credentials"),
        (OperationFailure("you are over your space quota, using 512 MB of 512 MB", 8000), StorageFull, "full"),
        (OperationFailure("x", 14031), StorageFull, "full"),
        (OperationFailure("x", 18), StoreUnavailable, "credentials"),
        (ExecutionTimeout("operation exceeded time limit", 50), ReadTooLong, "longer"),
        (InvalidDocument("secret"), StoreUnavailable, "16 MB"),
        (OverflowError("secret"), StoreUnavailable, "too large"),
        (OperationFailure("secret", 12_345), StoreUnavailable, "12345"),
    ],
)
def test_what_callers_see(error: Exception, seen: type[Exception], words: str) -> None:
    said = translate(error)
    assert type(said) is seen
    assert words in str(said)
    assert "secret" not in str(said)


SLOW = ExecutionTimeout("operation exceeded time limit", 50, {"code": 50})
PATIENT = Tuning(try_timeout=0.3, give_up_after=3.0)
"""With time for all tries, although this machine may be busy."""


@pytest.mark.parametrize(
    ("error", "took", "by_read", "by_write"),
    [
        # The server stopped it after its full time: the same read would take as long again.
        (SLOW, 1.0, 1, 2),
        (OperationFailure("x", 50), 1.0, 1, 2),
        # An election took most of the try, and the server what was left of it: that says nothing about the read.
        (SLOW, 0.0, 2, 2),
        # No answer on this connection, an election: over another connection it may be quick.
        (NetworkTimeout("x"), 1.0, 2, 2),
        (AutoReconnect("x"), 0.0, 2, 2),
        (OperationFailure("x", 91), 0.0, 2, 2),
        # The write may have been done without its majority: its mark tells at the next try.
        (WTimeoutError("x", 50, {"code": 50}), 1.0, 1, 2),
        (OperationFailure("x", 13), 0.0, 1, 1),
    ],
)
async def test_what_is_too_slow_is_asked_once_when_it_reads(
    error: PyMongoError, took: float, by_read: int, by_write: int
) -> None:
    link = Link("mongodb://127.0.0.1:1/x", None, PATIENT)

    def failing_once() -> tuple[list[bool], Callable[[bool], Awaitable[str]]]:
        tries: list[bool] = []

        async def run(again: bool) -> str:
            tries.append(again)
            if len(tries) == 1:
                await asyncio.sleep(took * PATIENT.try_timeout)
                raise error
            return "answer"

        return tries, run

    for verb, times in ((link.read, by_read), (link.do, by_write)):
        tries, run = failing_once()
        if times == 1:
            with pytest.raises(StoreUnavailable):
                await verb(run)
        else:
            assert await verb(run) == "answer"
        assert tries == [False, True][:times]
    await link.close()


async def test_what_no_server_could_take_leaves_the_store_as_our_error() -> None:
    link = Link("mongodb://127.0.0.1:1/x", None, PATIENT)

    async def too_large(again: bool) -> str:
        raise InvalidDocument("BSON document too large")

    with pytest.raises(StoreUnavailable, match="16 MB"):
        await link.do(too_large)
    await link.close()
