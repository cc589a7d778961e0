"""add: durable, whole, once per key."""

import asyncio
from collections import Counter

import pytest
from msgspec import structs

from job_processor.core.errors import IdempotencyMismatch, JobProcessorError
from job_processor.core.job import Json, State
from job_processor.core.outcome import Cancelled
from job_processor.store.base import IdempotencyKey, Query, Store
from tests.store_suite import given
from tests.store_suite.places import Clock, Place

TEXTS = {
    "one character": "x",
    "NUL inside": "a\0b\0",
    "NUL alone": "\0",
    "emoji and joiners": "👩‍👩‍👧‍👦 🇩🇪 é e\u0301",
    "right to left": "\u202eabc\u202c שלום",
    "line ends": "a\r\nb\rc\n\u2028d\u0085",
    "byte order marks and non-characters": "\ufeffa\ufffe\uffff",
    "the last code point": "\U0010ffff",
    "controls": "".join(map(chr, range(32))) + "\x7f",
    "spaces outside": "  a \t",
    "operators": '{"$where": "1"} $gt a.b %s _ % \\ \'; DROP TABLE jobs; --',
    "long": "ä" * 100_000,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
async def test_a_prompt_and_a_result_come_back_byte_for_byte(store: Store, text: str) -> None:
    job = await given.completed(store, prompt=text, result=text)
    stored = await store.get(job.id)
    assert stored is not None
    assert stored.prompt.encode() == text.encode()
    assert stored.result is not None
    assert stored.result.encode() == text.encode()


async def test_a_job_is_stored_with_every_field_it_has(store: Store, clock: Clock) -> None:
    job = await given.added(
        store,
        "p",
        run_at=clock.now() + 5000,
        priority=-7,
        max_attempts=9,
        deadline=clock.now() + 9000,
        tags=("b", "a", "ü"),
        metadata={"a": [1, 2.5, None, True, {"b": "c"}]},
        result_schema={"type": "object", "$defs": {"a.b": {"$ref": "#"}}},
        replay_of="0" * 24,
    )
    assert await store.get(job.id) == job


@pytest.mark.parametrize(
    "metadata",
    [
        {"$where": "1", "$gt": {"$ne": None}},
        {"a.b": {"c.d": 1}, "": {"": 0}},
        {"__proto__": {"constructor": 1}},
        {"k\0ey": "v\0"},
        {"max": 2**63 - 1, "min": -(2**63), "float": 1e300, "small": 5e-324, "zero": -0.0},
        {"deep": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[["leaf"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]},
        {"date like": "2026-01-01T00:00:00Z", "hex like": "0" * 24},
    ],
    ids=["operators", "dots", "prototype", "NUL", "numbers", "depth", "look-alikes"],
)
async def test_metadata_and_schema_are_kept_whatever_their_keys(store: Store, metadata: dict[str, Json]) -> None:
    job = await given.added(store, metadata=metadata, result_schema=metadata)
    stored = await store.get(job.id)
    assert stored is not None
    assert stored.metadata == metadata
    assert stored.result_schema == metadata


async def test_many_at_once_are_all_there(store: Store) -> None:
    jobs = await asyncio.gather(*(given.added(store, f"p{n}") for n in range(100)))
    listed = await store.list(Query(limit=200))
    assert {one.id: one.job.prompt for one in listed} == {job.id: job.prompt for job in jobs}


async def test_an_id_that_is_taken_is_never_written_over(store: Store, clock: Clock) -> None:
    first = await given.added(store, "first")
    with pytest.raises(JobProcessorError):
        await store.add(structs.replace(given.a_job(clock.now(), "second"), id=first.id))
    assert await store.get(first.id) == first


async def test_a_key_used_again_gives_the_job_it_made(store: Store, clock: Clock) -> None:
    key = IdempotencyKey("k", "same body")
    first = await given.added(store, "p", key=key)
    again = await store.add(given.a_job(clock.now(), "p"), key)
    assert (again.created, again.job) == (False, first)
    assert await given.ids_of(store) == [first.id]


async def test_a_key_used_again_gives_the_job_as_it_is_now(store: Store, clock: Clock) -> None:
    key = IdempotencyKey("k", "same body")
    first = await given.added(store, "p", key=key)
    now = await given.moved(store, first, Cancelled("no"))
    again = await store.add(given.a_job(clock.now(), "p"), key)
    assert again.job == now
    assert again.job.state is State.CANCELLED


async def test_a_key_with_another_body_is_refused_and_adds_nothing(store: Store, clock: Clock) -> None:
    first = await given.added(store, key=IdempotencyKey("k", "one body"))
    with pytest.raises(IdempotencyMismatch):
        await store.add(given.a_job(clock.now()), IdempotencyKey("k", "another body"))
    assert await given.ids_of(store) == [first.id]


async def test_keys_differ_by_every_character(store: Store) -> None:
    keys = ["k", "K", "k ", "é", "e\u0301", "$k", "k.k", "k" * 255, "k" * 254]
    jobs = [await given.added(store, key=IdempotencyKey(key, "body")) for key in keys]
    assert len({job.id for job in jobs}) == len(keys)


async def test_a_hundred_at_once_with_one_key_make_one_job(place: Place, store: Store, clock: Clock) -> None:
    key = IdempotencyKey("k", "same body")
    other = await place.open()
    answers = await asyncio.gather(
        *((store if n % 2 else other).add(given.a_job(clock.now()), key) for n in range(100))
    )
    assert Counter(answer.created for answer in answers) == {True: 1, False: 99}
    [only] = await given.ids_of(store)
    assert {answer.job.id for answer in answers} == {only}


async def test_a_hundred_at_once_with_two_bodies_make_one_job(store: Store, clock: Clock) -> None:
    answers = await asyncio.gather(
        *(store.add(given.a_job(clock.now()), IdempotencyKey("k", f"body {n % 2}")) for n in range(100)),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, IdempotencyMismatch)]
    assert len(refused) == 50
    assert len({answer.job.id for answer in answers if not isinstance(answer, BaseException)}) == 1
    assert len(await given.ids_of(store)) == 1


async def test_a_key_lives_as_long_as_its_job(store: Store) -> None:
    first = await given.added(store, key=IdempotencyKey("k", "one body"))
    await given.moved(store, first, Cancelled("no"))
    assert await store.delete(first.id)
    second = await given.added(store, key=IdempotencyKey("k", "another body"))
    assert await given.ids_of(store) == [second.id]


async def test_a_key_outlives_a_crash(place: Place, store: Store, clock: Clock) -> None:
    key = IdempotencyKey("k", "body")
    first = await given.added(store, key=key)
    after = await place.crash(store)
    again = await after.add(given.a_job(clock.now()), key)
    assert (again.created, again.job) == (False, first)


async def test_a_fingerprint_that_an_earlier_release_stored_is_known(store: Store, clock: Clock) -> None:
    first = await given.added(store, key=IdempotencyKey("k", "of before"))
    again = await store.add(given.a_job(clock.now()), IdempotencyKey("k", "of now", "of before"))
    assert (again.created, again.job.id) == (False, first.id)
    with pytest.raises(IdempotencyMismatch):
        await store.add(given.a_job(clock.now()), IdempotencyKey("k", "of now", "of another before"))
