"""The connection: which servers are accepted, timeouts and retries of an operation, and the database."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pymongo
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import NotPrimaryError, PyMongoError
from pymongo.read_concern import ReadConcern

from job_processor.core.errors import ReadTooLong, StoreRefused, StoreUnavailable
from job_processor.store.mongo import address
from job_processor.store.mongo.codec import CODEC, Collection, Document
from job_processor.store.mongo.errors import NOT_PYMONGO, is_too_slow, is_transient, lacks_index, translate
from job_processor.store.mongo.outage import Outage
from job_processor.store.mongo.sent import LastSent
from job_processor.store.mongo.tuning import Tuning

__all__ = ["Collection", "Document", "Link", "Server", "is_transient"]

T = TypeVar("T")
MIN_VERSION = (7, 0)
_SLOW_SHARE = 0.7
"""The share of its timeout that a read must have had on the server before it counts as too slow."""
MAX_ABANDONED = 16
"""Maximum number of operations that go on after their request was cancelled. Cancelling one costs a connection."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Server:
    """The server at the address. ``streams``: it has change streams."""

    version: str
    topology: str
    streams: bool
    product: str = "MongoDB"
    """The product name of the server: several services speak the protocol of MongoDB."""


class Link:
    """A database and its client, with the timeouts and retries of operations."""

    def __init__(self, uri: str, database: str | None, tuning: Tuning) -> None:
        self.tuning = tuning
        self.outage = Outage()
        self.on_new_primary: Callable[[], None] = lambda: None
        """Called when a node reports that it is no longer the primary: the clock of the new primary is used then."""
        self._sent = LastSent()
        self._client = address.make_client(uri, self._sent)
        self.database = database or address.default_database(self._client)
        self._closed = False
        self._abandoned: set[asyncio.Task[Any]] = set()

    async def open(self) -> Server:
        """Connect. Raises ``StoreRefused`` for an address or a server that would lose acknowledged jobs."""
        hello = await self.do(lambda again: self._client.admin.command("hello"))
        # The options of a mongodb+srv address come from DNS and are known only now.
        address.refuse_unsafe(self._client)
        build = await self.do(lambda again: self._client.admin.command("buildInfo"))
        server = _examined(hello, build)
        product = _product(build, self.address)
        if product != "MongoDB":
            _log.warning("%s answers, not MongoDB: nobody has tried this driver on it", product)
        return replace(server, product=product)

    async def close(self) -> None:
        """End the sessions and close all connections. Ends within about one try, whatever the servers do."""
        self._closed = True
        # Without a timeout the driver waits for ever for the answer to `endSessions` on a half-open connection.
        closing = asyncio.create_task(_within(self._client.close(), self.tuning.try_timeout), name="store-close")
        # The driver's own timeout does not cover its locks, so ``close`` has a timeout of its own.
        _, open_still = await asyncio.wait([closing], timeout=self.tuning.try_timeout + 1.0)
        if open_still:
            _log.warning("the connections to MongoDB could not be closed in time; they end with this process")
            closing.cancel()
        else:
            closing.result()

    @property
    def address(self) -> str:
        """The address of the database, without credentials."""
        nodes = sorted(f"{host}:{port}" for host, port in self._client.nodes)
        return f"{','.join(nodes) or 'not connected'}/{self.database}"

    def collection(self, name: str) -> Collection:
        """A collection with read concern and write concern `majority`, journaled, reading from the primary."""
        return self._client.get_database(
            self.database,
            codec_options=CODEC,
            read_preference=ReadPreference.PRIMARY,
            write_concern=WriteConcern("majority", j=True),
            read_concern=ReadConcern("majority"),
        )[name]

    async def hello(self) -> Document:
        # A command does not use the options of the database: without the codec its times have no time zone.
        work = self._client.admin.command("hello", codec_options=CODEC)
        return await self._in_its_own_task(work, self.tuning.try_timeout)

    async def command(self, command: dict[str, Any]) -> Document:
        """Run one command on the database, once, with the usual timeout. Raises what the driver raises."""
        database = self._client.get_database(self.database, codec_options=CODEC)
        return await self._in_its_own_task(database.command(command, codec_options=CODEC), self.tuning.try_timeout)

    async def ping(self) -> None:
        """Check in one short try that there is a primary that answers."""
        self._check_open()
        try:
            # Always the primary, whatever read preference the address has: it takes the writes.
            work = self._client.admin.command("ping", read_preference=ReadPreference.PRIMARY)
            await self._in_its_own_task(work, min(2.0, self.tuning.try_timeout))
        except PyMongoError as error:
            self.outage.failed()
            raise translate(error) from None
        self.outage.answered()

    async def do(self, operation: Callable[[bool], Awaitable[T]]) -> T:
        """The result of the operation, which is retried while its errors are transient and time is left.

        The operation is told whether an earlier try may have been applied although its reply was lost. So every write
        must be idempotent, and return a correct result when it is repeated.
        """
        try:
            return await self._tried(operation, self.tuning.try_timeout, _passes_for_a_write)
        except ReadTooLong as error:
            # A write cannot be made smaller.
            raise StoreUnavailable(str(error)) from None

    async def read(self, operation: Callable[[bool], Awaitable[T]], limit: float | None = None) -> T:
        """The same for a read, which is not retried after it was too slow, because it would be slow again.

        ``limit``: timeout of one try in seconds, if not the usual one. Raises ``ReadTooLong`` after it.
        """
        return await self._tried(operation, limit or self.tuning.try_timeout, _passes_for_a_read)

    async def hinted(self, operation: Callable[[str | None], Awaitable[T]], hint: str, limit: float | None = None) -> T:
        """A read with this index as its hint, or without the hint where the index does not exist."""

        async def run(again: bool) -> T:
            try:
                return await operation(hint)
            except PyMongoError as error:
                if not lacks_index(error):
                    raise
                _log.warning("index %s is missing: the queries that need it are slow (job-processor check)", hint)
                return await operation(None)

        return await self.read(run, limit)

    async def without_timeout(self, operation: Callable[[], Awaitable[T]]) -> T:
        """A long operation without a timeout, such as building an index, which the server would discard.

        Raises what the driver raises when retries have failed for too long.
        """
        until: float | None = None
        while True:
            self._check_open()
            try:
                return await operation()
            except PyMongoError as error:
                now = time.monotonic()
                until = until or now + self.tuning.give_up_after
                if not is_transient(error) or now > until:
                    raise
            await asyncio.sleep(1.0)

    async def _tried(
        self, operation: Callable[[bool], Awaitable[T]], limit: float, passes: Callable[[PyMongoError, bool], bool]
    ) -> T:
        until = time.monotonic() + self.tuning.give_up_after
        again = False
        pause = 0.02
        while True:
            self._check_open()
            sent = self._sent.begin()
            try:
                answer = await self._in_its_own_task(operation(again), limit)
            except PyMongoError as error:
                self._note(error)
                had_its_time = time.monotonic() - sent[0] >= _SLOW_SHARE * limit
                if not passes(error, had_its_time) or time.monotonic() + pause > until:
                    # Without its cause: messages of the driver contain addresses and documents.
                    raise translate(error) from None
            except NOT_PYMONGO as error:
                raise translate(error) from None
            else:
                self.outage.answered()
                return answer
            again = True
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, 1.0)

    async def _in_its_own_task(self, work: Awaitable[T], limit: float) -> T:
        """The result of one try, in a task that is cancelled at most once.

        A request may be cancelled twice: when its client disconnects, and when the server stops. The driver returns a
        connection to its pool in several steps; a second cancel between these steps would leak the connection's place
        in the pool, or a lock.
        """
        task = asyncio.create_task(_within(work, limit), name="store-operation")
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._abandoned.add(task)
            task.add_done_callback(self._abandoned_ended)
            if len(self._abandoned) > MAX_ABANDONED:
                task.cancel()
            raise

    def _abandoned_ended(self, task: "asyncio.Task[Any]") -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            # Otherwise asyncio would log the failure, which nobody waits for.
            task.exception()

    def _note(self, error: PyMongoError) -> None:
        if is_transient(error) and not is_too_slow(error):
            self.outage.failed()
        if isinstance(error, NotPrimaryError):
            self.on_new_primary()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("The store is closed.")


async def _within(work: Awaitable[T], limit: float) -> T:
    with pymongo.timeout(limit):
        return await work


def _passes_for_a_write(error: PyMongoError, had_its_time: bool) -> bool:
    return is_transient(error)


def _passes_for_a_read(error: PyMongoError, had_its_time: bool) -> bool:
    return is_transient(error) and not (is_too_slow(error) and had_its_time)


def _product(build: Document, hosts: str) -> str:
    if "ferretdb" in build:
        return "FerretDB"
    if "docdb" in hosts and "amazonaws.com" in hosts:
        return "Amazon DocumentDB"
    if "cosmos.azure.com" in hosts or "documents.azure.com" in hosts:
        return "Azure DocumentDB"
    return "MongoDB"


def _examined(hello: Document, build: Document) -> Server:
    version = str(build.get("version", "0"))
    numbers = tuple(int(part) for part in version.split("-")[0].split(".")[:2] if part.isdigit())
    if numbers < MIN_VERSION:
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
