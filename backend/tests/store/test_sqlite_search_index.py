"""The search index is made of what is there: filled behind a start, made anew when it is lost or another's."""

import shutil
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.store.base import GroupBy, Phrase, Query
from job_processor.store.sqlite import search_index
from job_processor.store.sqlite.store import SqliteStore
from tests.store_suite import given
from tests.support.waiting import until_true

NEEDLE = Query(phrases=(Phrase("needle"),))


async def _with(directory: Path, *prompts: str) -> list[str]:
    """The ids of these jobs, in a store that is closed again."""
    store = SqliteStore(directory)
    await store.open()
    ids = [(await given.added(store, prompt)).id for prompt in prompts]
    await store.close()
    return ids


async def _found(directory: Path) -> list[str]:
    store = SqliteStore(directory)
    await store.open()
    await until_true(store.is_searchable)
    found = await given.ids_of(store, NEEDLE)
    await store.close()
    return found


async def test_jobs_from_before_there_was_an_index_are_filled_in(tmp_path: Path) -> None:
    ids = await _with(tmp_path, "needle 1", "hay", "needle 2")
    search_index.remove(tmp_path / search_index.FILE_NAME)
    assert await _found(tmp_path) == [ids[2], ids[0]]


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 9_000])
async def test_a_damaged_index_is_made_anew_at_the_start(tmp_path: Path, content: bytes) -> None:
    [job] = await _with(tmp_path, "needle")
    (tmp_path / search_index.FILE_NAME).write_bytes(content)
    assert await _found(tmp_path) == [job]


async def test_an_index_of_another_database_is_made_anew(tmp_path: Path) -> None:
    [job] = await _with(tmp_path / "a", "needle")
    await _with(tmp_path / "b", "hay")
    shutil.copy(tmp_path / "b" / search_index.FILE_NAME, tmp_path / "a" / search_index.FILE_NAME)
    assert await _found(tmp_path / "a") == [job]


async def test_an_index_that_is_ahead_of_an_older_copy_of_its_database_is_made_anew(tmp_path: Path) -> None:
    [first] = await _with(tmp_path, "needle")
    shutil.copy(tmp_path / "jobs.db", tmp_path / "copy")
    store = SqliteStore(tmp_path)
    await store.open()
    await given.added(store, "needle")
    assert len(await given.ids_of(store, NEEDLE)) == 2
    await store.close()
    shutil.move(tmp_path / "copy", tmp_path / "jobs.db")
    assert await _found(tmp_path) == [first]


async def test_damage_that_a_search_meets_takes_the_index_away_and_nothing_else(tmp_path: Path) -> None:
    [job] = await _with(tmp_path, "needle")
    store = SqliteStore(tmp_path)
    await store.open()
    await until_true(store.is_searchable)
    assert store._search is not None
    store._search.give_up(StoreUnavailable("x"))  # type: ignore[arg-type]  # any reason
    with pytest.raises(StoreUnavailable, match="search index"):
        await store.list(NEEDLE)
    assert await given.ids_of(store) == [job]
    await store.close()
    assert await _found(tmp_path) == [job]


async def test_a_start_without_room_for_the_index_shows_the_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [job] = await _with(tmp_path, "needle")

    def full(path: Path, jobs: Path) -> apsw.Connection:
        raise apsw.FullError

    store = SqliteStore(tmp_path)
    with monkeypatch.context() as no_room:
        no_room.setattr(search_index, "open_index", full)
        await store.open()
    assert await given.ids_of(store) == [job]
    assert not store.is_searchable()
    for read in (store.list(NEEDLE), store.groups(Query(), GroupBy.ERROR)):
        with pytest.raises(StoreUnavailable, match="could not be opened"):
            await read
    added = await given.added(store, "needle")
    await store.close()
    assert await _found(tmp_path) == [added.id, job]


async def test_what_is_deleted_leaves_the_index(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    done = await given.completed(store, "needle")
    assert await given.ids_of(store, NEEDLE) == [done.id]
    assert await store.delete(done.id)
    assert await given.ids_of(store, NEEDLE) == []

    def gone() -> bool:
        with closing(apsw.Connection(str(tmp_path / "jobs.db"), flags=apsw.SQLITE_OPEN_READONLY)) as db:
            return not db.execute("SELECT seq FROM gone").fetchall()

    await until_true(gone)
    await store.close()
    with closing(apsw.Connection(str(tmp_path / search_index.FILE_NAME))) as index:
        assert index.execute("SELECT count(*) FROM docs").get == 0
        assert index.execute("SELECT count(*) FROM facets").get == 0
        assert search_index.shards(index, "main") == []


async def test_a_number_that_is_given_again_is_the_new_jobs(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    old = await given.completed(store, "needle")
    assert await given.ids_of(store, NEEDLE) == [old.id]
    assert await store.delete(old.id)
    await given.added(store, "hay")
    assert await given.ids_of(store, NEEDLE) == []
    await store.close()


async def test_the_index_spans_several_shards_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("search_index", "matches"):
        monkeypatch.setattr(f"job_processor.store.sqlite.{module}.SHARD_BITS", 2)
    store = SqliteStore(tmp_path)
    await store.open()
    jobs = [(await given.added(store, f"needle {n % 3}")).id for n in range(20)]
    assert await given.ids_of(store, NEEDLE) == jobs[::-1]
    assert await given.ids_of(store, Query(phrases=(Phrase("needle"), Phrase("1")), limit=3)) == jobs[19::-3][:3]
    assert await given.ids_of(store, Query(without_phrases=(Phrase("1"), Phrase("2")))) == jobs[18::-3]
    assert await given.ids_of(store, Query(phrases=(Phrase("needle"),), before=jobs[3])) == jobs[2::-1]
    assert await given.ids_of(store, Query(phrases=(Phrase("needle"),), after=jobs[17])) == [jobs[19], jobs[18]]
    await store.close()
