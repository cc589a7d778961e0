"""Checks the address: options that could lose jobs, return stale reads or break change streams are refused."""

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
"""Maximum number of connections of one process, unless the address sets maxPoolSize."""
_MIN_SOCKET_TIMEOUT_MS = 30_000


def make_client(uri: str, sent: LastSent | None = None) -> "AsyncMongoClient[Document]":
    """A client that connects at its first command, and reports its commands to ``sent``.

    Raises ``StoreRefused``; no message contains a part of the address.
    """
    try:
        named = {pair.partition("=")[0].lower() for pair in re.split("[&;]", uri.partition("?")[2])}
        options: dict[str, Any] = {
            "appname": "job-processor",
            # The timeout of one try; retries cover elections.
            "serverSelectionTimeoutMS": 5_000,
            "connectTimeoutMS": 5_000,
            # NAT drops idle connections silently, at Azure after four minutes.
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
        # Without the driver's message, which may contain a part of the password.
        raise StoreRefused(
            "MONGODB_URI cannot be read. It looks like mongodb://user:password@host:27017/database, "
            "with user and password percent-encoded."
        ) from None
    if "." in unquote(uri.partition("://")[2].partition("?")[0].partition("/")[2]):
        raise StoreRefused("MONGODB_URI names a database with a dot in it; the driver would use the part before it.")
    refuse_unsafe(client, named)
    return client


def refuse_unsafe(client: "AsyncMongoClient[Document]", named: "frozenset[str] | set[str]" = frozenset()) -> None:
    """Raise ``StoreRefused`` for unusable options. ``named``: the options in the address, in lower case."""
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
    if socket_timeout is not None and 0 < socket_timeout * 1000 < _MIN_SOCKET_TIMEOUT_MS:
        faults.append("socketTimeoutMS below 30000 cuts idle change streams: remove it")
    if faults:
        raise StoreRefused(f"MONGODB_URI is not safe: {'; '.join(faults)}.")


def default_database(client: "AsyncMongoClient[Document]") -> str:
    return client.get_default_database(default=DEFAULT_DATABASE).name
