"""Which addresses and servers are taken, and that none of them leaks its password."""

import gc
import logging

import pytest

from job_processor.core.errors import JobProcessorError, StoreRefused, StoreUnavailable
from job_processor.store.mongo import address
from job_processor.store.mongo.client import _examined
from job_processor.store.mongo.store import MongoStore
from job_processor.store.mongo.tuning import Tuning
from tests.mongo_server import MongoServer
from tests.store_suite.places import MongoPlace

SECRET = "hunter2-Secret"
HASTY = Tuning(try_timeout=0.3, give_up_after=0.2)


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ("w=1", "w=majority"),
        ("w=0", "w=majority"),
        ("w=2", "w=majority"),
        ("w=someTag", "w=majority"),
        ("journal=false", "journal"),
        ("retryWrites=false", "retryWrites"),
        ("readPreference=secondary", "readPreference"),
        ("readPreference=secondaryPreferred", "readPreference"),
        ("readPreference=nearest", "readPreference"),
        ("w=1&retryWrites=false", "retryWrites"),
        ("socketTimeoutMS=1000", "socketTimeoutMS"),
        ("timeoutMS=2000", "timeoutMS"),
        ("tls=true&tlsCAFile=/nowhere/ca.pem", "tlsCAFile"),
    ],
)
async def test_an_address_that_would_lose_jobs_is_refused_and_says_what_to_change(options: str, change: str) -> None:
    # Nothing listens there: the refusal must come before any connection.
    store = MongoStore(f"mongodb://user:{SECRET}@127.0.0.1:1/?{options}", tuning=HASTY)
    with pytest.raises(StoreRefused, match=change) as refused:
        await store.open()
    assert SECRET not in str(refused.value)


async def test_a_database_whose_name_would_be_cut_at_the_dot_is_refused() -> None:
    with pytest.raises(StoreRefused, match="dot"):
        await MongoStore(f"mongodb://user:{SECRET}@127.0.0.1:1/a.b", tuning=HASTY).open()


async def test_the_pool_is_ours_unless_the_address_says_otherwise() -> None:
    for uri, size in (("mongodb://h/x", address.POOL), ("mongodb://h/x?maxPoolSize=7", 7)):
        client = address.make_client(uri)
        assert client.options.pool_options.max_pool_size == size
        # Behind address translation a connection that was idle for minutes is dead, and nobody says so.
        assert client.options.pool_options.max_idle_time_seconds == 120
        await client.close()


@pytest.mark.parametrize(
    "options", ["appName=x", "w=majority", "journal=true&w=majority&retryWrites=true", "readPreference=primary"]
)
@pytest.mark.mongo
async def test_a_safe_address_is_taken(server: MongoServer, options: str) -> None:
    joint = "&" if "?" in server.uri else "?"
    store = MongoStore(f"{server.uri}{joint}{options}", database=server.database())
    await store.open()
    await store.ping()
    await store.close()


@pytest.mark.parametrize(
    "uri",
    [
        f"mongodb://user:{SECRET}@127.0.0.1:notaport/",
        f"mongodb://user:p@ss{SECRET}:x@127.0.0.1/",
        f"mongodb://user:{SECRET}@/x",
        f"http://user:{SECRET}@127.0.0.1/",
        f"mongodb://user:{SECRET}@127.0.0.1/a b.c",
        "",
        "mongodb://",
    ],
)
async def test_an_address_that_cannot_be_read_is_refused_without_repeating_it(uri: str) -> None:
    with pytest.raises(StoreRefused, match="MONGODB_URI") as refused:
        await MongoStore(uri, tuning=HASTY).open()
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


# The driver leaves a socket to the garbage collector when it is closed while it connects: collected here, not later.
@pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning")
async def test_a_server_that_does_not_answer_is_unavailable_in_bounded_tries() -> None:
    store = MongoStore(f"mongodb://user:{SECRET}@127.0.0.1:1/?serverSelectionTimeoutMS=100", tuning=HASTY)
    with pytest.raises(StoreUnavailable) as refused:
        await store.open()
    assert SECRET not in str(refused.value)
    with pytest.raises(StoreUnavailable):
        await store.ping()
    del store, refused
    gc.collect()


@pytest.mark.mongo
async def test_the_description_of_an_open_store_holds_no_credentials(place: MongoPlace, server: MongoServer) -> None:
    store = await place.open()
    host, port = server.address
    assert f"{host}:{port}/{place.database}" in store.info.detail
    assert "@" not in store.info.detail
    assert store.info.shared


@pytest.mark.parametrize("version", ["6.0.19", "5.0.0", "4.4", "0"])
def test_an_old_server_is_refused(version: str) -> None:
    with pytest.raises(StoreRefused, match=r"7\.0"):
        _examined({"setName": "rs0"}, {"version": version})


@pytest.mark.parametrize("version", ["7.0.0", "8.2.11", "8.3.0-rc1", "10.0.0"])
def test_a_new_server_is_taken(version: str) -> None:
    assert _examined({"setName": "rs0"}, {"version": version}).streams


def test_a_standalone_server_is_taken_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        server = _examined({}, {"version": "8.0.0"})
    assert not server.streams
    assert "replica set" in caplog.text


def test_a_router_of_a_sharded_cluster_is_taken() -> None:
    assert _examined({"msg": "isdbgrid"}, {"version": "8.0.0"}).topology == "sharded cluster"


@pytest.mark.mongo
async def test_every_error_of_the_store_is_ours(place: MongoPlace) -> None:
    store = await place.open()
    await store.close()
    with pytest.raises(JobProcessorError):
        await store.counts()
