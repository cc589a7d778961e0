"""The client: what address and server are taken, how long an operation tries, and MongoDB's errors in our words."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import pymongo
from bson.codec_options import CodecOptions, TypeDecoder, TypeRegistry
from bson.int64 import Int64
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    InvalidName,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)
from pymongo.read_concern import ReadConcern

from job_processor.core.errors import StorageFull, StoreRefused, StoreUnavailable
from job_processor.store.mongo.tuning import Tuning

T = TypeVar("T")
Document: TypeAlias = dict[str, Any]
Collection: TypeAlias = AsyncCollection[Document]

DEFAULT_DATABASE = "job_processor"
OLDEST = (7, 0)
_log = logging.getLogger(__name__)

_OUT_OF_DISK = frozenset({14031})
_CREDENTIALS = frozenset({13, 18})
# Elections, shutdowns, limits of time, conflicts: the same operation may succeed a moment later.
_PASSING = frozenset(
    {6, 7, 24, 43, 50, 64, 89, 91, 100, 112, 134, 175, 189, 202, 237, 262, 384, 9001, 10058, 10107, 11600, 11602}
    | {13388, 13435, 13436}
)


class _PlainInt(TypeDecoder):
    """BSON's 64-bit integers as plain ``int``: its own subclass would leak into everything that reads a job."""

    @property
    def bson_type(self) -> type[Int64]:
        return Int64

    def transform_bson(self, value: Int64) -> int:
        return int(value)


_CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True, type_registry=TypeRegistry([_PlainInt()]))


@dataclass(frozen=True, slots=True)
class Server:
    """What answered at the address. ``streams``: it has change streams."""

    version: str
    topology: str
    streams: bool


class Link:
    """One database over one client, and the patience with which it is asked."""

    def __init__(self, uri: str, database: str | None, tuning: Tuning) -> None:
        self.tuning = tuning
        self._client = _make_client(uri)
        refuse_unsafe(self._client)
        self.database = database or _default_database(self._client)
        self._closed = False

    async def open(self) -> Server:
        """Connect; raises ``StoreRefused`` for an address or server that would lose acknowledged jobs."""
        hello = await self.do(lambda again: self._client.admin.command("hello"))
        # An address of the kind mongodb+srv brings options of its own; they are known only now.
        refuse_unsafe(self._client)
        build = await self.do(lambda again: self._client.admin.command("buildInfo"))
        return _examined(hello, build)

    async def close(self) -> None:
        self._closed = True
        await self._client.close()

    @property
    def address(self) -> str:
        """Where the database is, without credentials."""
        nodes = sorted(f"{host}:{port}" for host, port in self._client.nodes)
        return f"{','.join(nodes) or 'not connected'}/{self.database}"

    def collection(self, name: str) -> Collection:
        """Reads of what a majority has, from the primary; writes that a majority has in its journal."""
        return self._client.get_database(
            self.database,
            codec_options=_CODEC,
            read_preference=ReadPreference.PRIMARY,
            write_concern=WriteConcern("majority", j=True),
            read_concern=ReadConcern("majority"),
        )[name]

    async def hello(self) -> Document:
        with pymongo.timeout(self.tuning.try_timeout):
            return await self._client.admin.command("hello")

    async def ping(self) -> None:
        """One short try: is there a primary that answers?"""
        self._check_open()
        try:
            with pymongo.timeout(min(2.0, self.tuning.try_timeout)):
                await self._client.admin.command("ping")
        except PyMongoError as error:
            raise translate(error) from None

    async def do(self, operation: Callable[[bool], Awaitable[T]]) -> T:
        """The operation's answer, tried again while the trouble is a passing one and patience lasts.

        The operation is told whether an earlier try may have been applied although its answer was lost:
        every write must be made so that trying it again is harmless, and its answer then true.
        """
        until = time.monotonic() + self.tuning.give_up_after
        again = False
        pause = 0.02
        while True:
            self._check_open()
            try:
                with pymongo.timeout(self.tuning.try_timeout):
                    return await operation(again)
            except PyMongoError as error:
                if not is_passing(error) or time.monotonic() + pause > until:
                    # The cause stays out of the traceback: drivers put addresses and documents in their messages.
                    raise translate(error) from None
            again = True
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, 1.0)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("The store is closed.")


def is_passing(error: PyMongoError) -> bool:
    """May the same operation succeed a moment later?"""
    if isinstance(error, ConnectionFailure | ExecutionTimeout | WriteConcernError) or error.timeout:
        return True
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        problems = [*details.get("writeErrors", []), *details.get("writeConcernErrors", [])]
        return all(problem.get("code") in _PASSING for problem in problems)
    if isinstance(error, OperationFailure):
        return error.code in _PASSING or error.has_error_label("RetryableWriteError")
    return False


def translate(error: PyMongoError) -> StoreUnavailable:
    """The error that callers of the store see. Names the kind only: messages of drivers may hold data."""
    code = error.code if isinstance(error, OperationFailure) else None
    if code in _OUT_OF_DISK:
        return StorageFull("The disk under the database is full; nothing was stored.")
    if code in _CREDENTIALS:
        return StoreUnavailable("The database refuses: credentials or rights are missing.")
    numbered = "" if code is None else f", code {code}"
    return StoreUnavailable(f"The database cannot answer: {type(error).__name__}{numbered}.")


def refuse_unsafe(client: "AsyncMongoClient[Document]") -> None:
    """Raise ``StoreRefused`` for options under which acknowledged jobs could be lost or decisions be stale."""
    concern = client.write_concern.document
    faults = []
    if concern.get("w", "majority") != "majority":
        faults.append(f"w={concern['w']} acknowledges before a majority has the job: remove w, or set w=majority")
    if concern.get("j") is False:
        faults.append("journal=false acknowledges before the job is on disk: remove it")
    if not client.options.retry_writes:
        faults.append("retryWrites=false makes every election visible: remove it")
    if client.read_preference != ReadPreference.PRIMARY:
        faults.append(f"readPreference={client.read_preference.mongos_mode} decides on stale data: remove it")
    if faults:
        raise StoreRefused(f"MONGODB_URI is not safe: {'; '.join(faults)}.")


def _make_client(uri: str) -> "AsyncMongoClient[Document]":
    try:
        return AsyncMongoClient(
            uri,
            appname="job-processor",
            # Longer than that nobody waits for an answer; the patience above covers elections.
            serverSelectionTimeoutMS=5_000,
            connectTimeoutMS=5_000,
            maxPoolSize=64,
        )
    except (InvalidURI, ConfigurationError, InvalidName, ValueError, TypeError):
        # Not the driver's message: it may quote a part of the password.
        raise StoreRefused(
            "MONGODB_URI cannot be read. It looks like mongodb://user:password@host:27017/database, "
            "with user and password percent-encoded."
        ) from None


def _default_database(client: "AsyncMongoClient[Document]") -> str:
    return client.get_default_database(default=DEFAULT_DATABASE).name


def _examined(hello: Document, build: Document) -> Server:
    version = str(build.get("version", "0"))
    numbers = tuple(int(part) for part in version.split("-")[0].split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        raise StoreRefused(f"The server is MongoDB {version}; 7.0 or newer is needed. Upgrade the server.")
    if hello.get("msg") == "isdbgrid":
        return Server(version, "sharded cluster", streams=True)
    if "setName" in hello:
        return Server(version, f"replica set {hello['setName']}", streams=True)
    _log.warning(
        "MongoDB is a standalone server: no change streams, so changes are polled for, and a lost disk is lost jobs. "
        "Make it a replica set (one node is enough for change streams)."
    )
    return Server(version, "standalone", streams=False)
