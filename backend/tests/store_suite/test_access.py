"""Keys and sessions: kept whole, changed by compare-and-set, marked, deleted."""

import asyncio
from dataclasses import fields, replace

from job_processor.store.base import Store
from tests.store_suite import access
from tests.store_suite.places import Place


async def test_a_key_is_kept_with_every_field(store: Store) -> None:
    key = access.key("a")
    assert all(getattr(key, one.name) != one.default for one in fields(key) if one.name not in ("rev", "revoked_at"))
    assert await store.save_api_key(key)
    assert await store.api_keys() == [replace(key, rev=1)]
    revoked = replace(key, rev=1, revoked_at=7, expires_at=None)
    assert await store.save_api_key(revoked)
    assert await store.api_keys() == [replace(revoked, rev=2)]


async def test_a_key_is_made_once_and_changed_under_its_rev(place: Place, store: Store) -> None:
    other = await place.open()
    made = await asyncio.gather(
        *(one.save_api_key(replace(access.key("a"), name=f"{n}")) for n, one in enumerate([store, other] * 5))
    )
    assert sum(made) == 1
    [key] = await store.api_keys()
    assert key.name == str(made.index(True))
    changed = await asyncio.gather(
        *(one.save_api_key(replace(key, name=f"new {n}")) for n, one in enumerate([store, other] * 5))
    )
    assert sum(changed) == 1
    assert not await store.save_api_key(replace(access.key("b"), rev=1))
    assert [one.rev for one in await other.api_keys()] == [2]


async def test_the_last_use_only_moves_forward_and_no_change_takes_it_back(store: Store) -> None:
    key = access.key("a")
    await store.save_api_key(key)
    for at, stored in ((60_000, 60_000), (30_000, 60_000), (90_000, 90_000)):
        await store.mark_keys_used({"a": at, "not there": at})
        assert [one.last_used_at for one in await store.api_keys()] == [stored]
    assert await store.save_api_key(replace(key, rev=1, revoked_at=5))
    assert [(one.last_used_at, one.revoked_at) for one in await store.api_keys()] == [(90_000, 5)]


async def test_keys_are_deleted_that_ended_before(place: Place, store: Store) -> None:
    for key_id, expires_at, revoked_at in (("a", None, None), ("b", 5, None), ("c", None, 5), ("d", 9, 4), ("e", 6, 8)):
        await store.save_api_key(replace(access.key(key_id), expires_at=expires_at, revoked_at=revoked_at))
    assert await store.prune_api_keys(6) == 3
    after = await place.crash(store)
    assert [one.id for one in await after.api_keys()] == ["a", "e"]


async def test_a_session_is_kept_with_every_field_and_ended(place: Place, store: Store) -> None:
    one = replace(access.session("s"), subject="sub")
    await store.add_session(one)
    await store.add_session(access.session("t"))
    assert await (await place.crash(store)).sessions({"s", "x"}) == [one]


async def test_sessions_of_one_are_listed_newest_first(store: Store) -> None:
    for n, whose in enumerate(("k", "l", "k", "k")):
        await store.add_session(access.session(f"s{n}", whose=whose, created_at=n))
    assert [one.id for one in await store.sessions_of("k")] == ["s3", "s2", "s0"]
    assert [one.id for one in await store.sessions_of("k", 2)] == ["s3", "s2"]
    assert [one.id for one in await store.sessions_of()] == ["s3", "s2", "s1", "s0"]
    await store.end_sessions({"s3", "s1", "x"})
    assert [one.id for one in await store.sessions_of()] == ["s2", "s0"]


async def test_the_last_sight_of_a_session_only_moves_forward(store: Store) -> None:
    await store.add_session(access.session("s", seen_at=5))
    for at, stored in ((7, 7), (6, 7)):
        await store.mark_sessions_seen({"s": at, "x": at})
        assert [one.seen_at for one in await store.sessions({"s"})] == [stored]


async def test_sessions_are_deleted_that_were_not_used_or_expired(store: Store) -> None:
    for id_, seen_at, expires_at in (("a", 5, 100), ("b", 4, 100), ("c", 9, 50), ("d", 9, 51)):
        await store.add_session(replace(access.session(id_, seen_at=seen_at), expires_at=expires_at))
    assert await store.prune_sessions(5, 50) == 2
    assert {one.id for one in await store.sessions_of()} == {"a", "d"}
