"""What an address may say: refused are options under which jobs could be lost, decisions stale, or streams broken."""

import re
from typing import Any
from urllib.parse import unquote

from pymongo import AsyncMongoClient, ReadPreference
from pymongo.errors import ConfigurationError, InvalidName, InvalidURI

from job_processor.core.errors import StoreRefused
from job_processor.store.mongo.codec import Document
from job_processor.store.mongo.sent import LastSent

DEFAULT_DATABASE = "job_processor"
POOL = 64
"""Connections that one process opens at the most, unless the address says maxPoolSize."""
_SHORTEST_SOCKET_TIMEOUT_MS = 30_000


def make_client(uri: str, sent: LastSent | None = None) -> "AsyncMongoClient[Document]":
    """A client that connects when it is first used, and tells ``sent`` of its commands.

    Raises ``StoreRefused``, never with a part of the address.
    """
    try:
        named = {pair.partition("=")[0].lower() for pair in re.split("[&;]", uri.partition("?")[2])}
        options: dict[str, Any] = {
            "appname": "job-processor",
            # Longer than that nobody waits for an answer; the patience of a try covers elections.
            "serverSelectionTimeoutMS": 5_000,
            "connectTimeoutMS": 5_000,
            # Address translation forgets idle connections, at Azure after four minutes, without telling either end.
            "maxIdleTimeMS": 120_000,
        }
        if sent is not None:
            options["event_listeners"] = [sent]
        if "maxpoolsize" not in named:
            options["maxPoolSize"] = POOL
        client: AsyncMongoClient[Document] = AsyncMongoClient(uri, **options)
    except OSError:
        raise StoreRefused(
            "MONGODB_URI names a file (tlsCAFile or tlsCertificateKeyFile) that cannot be read or is no certificate."
        ) from None
    except (InvalidURI, ConfigurationError, InvalidName, ValueError, TypeError):
        # Not the driver's message: it may quote a part of the password.
        raise StoreRefused(
            "MONGODB_URI cannot be read. It looks like mongodb://user:password@host:27017/database, "
            "with user and password percent-encoded."
        ) from None
    if "." in unquote(uri.partition("://")[2].partition("?")[0].partition("/")[2]):
        raise StoreRefused("MONGODB_URI names a database with a dot in it; the driver would use the part before it.")
    refuse_unsafe(client, named)
    return client


def refuse_unsafe(client: "AsyncMongoClient[Document]", named: "frozenset[str] | set[str]" = frozenset()) -> None:
    """Raise ``StoreRefused`` for unusable options. ``named``: those that stand in the address, in lower case."""
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
    if "timeoutms" in named or client.options.timeout is not None:
        faults.append("timeoutMS cuts index builds and change streams: remove it, every operation has its own limit")
    socket_timeout = client.options.pool_options.socket_timeout
    if socket_timeout is not None and 0 < socket_timeout * 1000 < _SHORTEST_SOCKET_TIMEOUT_MS:
        faults.append("socketTimeoutMS below 30000 cuts idle change streams: remove it")
    if faults:
        raise StoreRefused(f"MONGODB_URI is not safe: {'; '.join(faults)}.")


def default_database(client: "AsyncMongoClient[Document]") -> str:
    return client.get_default_database(default=DEFAULT_DATABASE).name
