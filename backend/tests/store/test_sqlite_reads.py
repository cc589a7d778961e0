"""Reads of the SQLite store: apart by kind, limited in time, ended when nobody waits for them, bounded by indexes."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import apsw
import pytest
from msgspec import structs

from job_processor.core.errors import ReadTooLong, StoreUnavailable, TooManySearches
from job_processor.core.ids import first_id_of
from job_processor.core.job import JobError, State
from job_processor.store.base import Facet, FacetKind, Phrase, Query, Summary
from job_processor.store.sqlite import lists, rows, search_index
from job_processor.store.sqlite.connection import open_reader, open_writer
from job_processor.store.sqlite.matches import matching
from job_processor.store.sqlite.reader import Reader, Searches
from job_processor.store.sqlite.readers import SEARCH_LINE, SEARCHES
from job_processor.store.sqlite.schema import upgrade
from job_processor.store.sqlite.store import SqliteStore
from tests.store_suite import given

FOREVER = 3_600.0
Read = Callable[[apsw.Connection], int]


def endless(db: apsw.Connection) -> int:
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    return len(db.execute(sql).fetchall())


def quick(db: apsw.Connection) -> int:
    return int(str(db.execute("SELECT 7").fetchall()[0][0]))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    open_writer(tmp_path / "x.db").close()
    return tmp_path / "x.db"


@pytest.fixture
async def reader(path: Path) -> AsyncIterator[Reader]:
    made = Reader(path, "test", FOREVER)
    yield made
    await made.close()


async def test_a_read_whose_time_is_up_is_ended_and_the_next_is_served(path: Path) -> None:
    reader = Reader(path, "test", 0.05)
    slow, after = reader.run(endless), reader.run(quick)
    with pytest.raises(ReadTooLong):
        await slow
    assert await after == 7
    await reader.close()


async def test_a_read_that_is_given_up_makes_room_for_the_next(reader: Reader) -> None:
    slow, waiting, after = reader.run(endless), reader.run(endless), reader.run(quick)
    slow.cancel()
    waiting.cancel()
    assert await after == 7
    assert reader.waiting == 0


async def test_an_answer_does_not_wait_for_a_slow_read_behind_it(path: Path) -> None:
    reader = Reader(path, "test", FOREVER)
    first, slow = reader.run(quick), reader.run(endless)
    assert await first == 7
    await reader.close()
    with pytest.raises(StoreUnavailable):
        await slow


async def test_searches_beyond_those_at_once_and_a_short_line_are_refused_until_one_is_over(path: Path) -> None:
    searches = Searches(path, at_once=2, line=1, seconds=FOREVER)
    running = [searches.run(endless) for _ in range(4)]
    with pytest.raises(TooManySearches):
        searches.run(quick)
    for one in running[:2]:
        one.cancel()
    # The line has moved up: there is room, and in the end nobody is left in it.
    await asyncio.sleep(0)
    after = searches.run(quick)
    for one in running[2:]:
        one.cancel()
    assert await after == 7
    await searches.close()


async def test_nothing_but_a_search_waits_for_searches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    job = await given.added(store, deadline=store.now() + 1)
    real = lists.list_jobs
    searched = Query(phrases=(Phrase("ü"),))

    def as_asked(query: Query) -> Callable[[apsw.Connection], Sequence[Summary]]:
        if query != searched:
            return real(query)
        return lambda db: [][: endless(db)]

    monkeypatch.setattr(lists, "list_jobs", as_asked)
    searches = [asyncio.create_task(store.list(searched)) for _ in range(SEARCHES * (SEARCH_LINE + 1) + 2)]
    refused, _ = await asyncio.wait(searches, return_when=asyncio.FIRST_COMPLETED)
    assert {type(one.exception()) for one in refused} == {TooManySearches}

    assert await store.get(job.id) == job
    assert [one.id for one in await store.list(Query())] == [job.id]
    assert (await store.counts()).by_state
    assert [one.id for one in await store.overdue(10)] == [job.id]
    assert list(await store.lanes()) == []
    await given.added(store)

    for one in searches:
        one.cancel()
    await store.close()


MANY = 20_000
OLDEST = 1_000_000_000_000
APART = 10_000
ENDED = 2 * OLDEST


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("many") / "jobs.db", APART)


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("dense") / "jobs.db", 10)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those that are not FAILED ended long afterwards, the newest first; every second one is of a batch."""
    path = filled(tmp_path_factory.mktemp("ended") / "jobs.db", APART)
    db = open_writer(path)
    db.execute(
        "UPDATE jobs SET state = 'COMPLETED', finished_at = ? - n, batch_id = iif(n % 2, NULL, 'b') WHERE n > 10",
        (ENDED + MANY,),
    )
    db.close()
    return path


def filled(path: Path, apart: int) -> Path:
    """So many jobs, so many milliseconds apart, every one with the tag and the word ``common`` and with metadata; the
    oldest also with ``rare``, and FAILED."""
    db = open_writer(path)
    upgrade(db)
    db.execute("BEGIN")
    for n in range(MANY):
        job = given.a_job(OLDEST + n * apart, metadata={"kind": "common"})
        job = structs.replace(job, id=f"{first_id_of(OLDEST + n * apart)[:12]}{n:012x}")
        if n < 2:
            job = structs.replace(job, attempt=n + 3)
        if n < 10:
            job = structs.replace(job, state=State.FAILED, error=JobError("rare", "unheard"), finished_at=OLDEST)
        db.execute(rows.INSERT, rows.insert_values(job, n + 1, OLDEST, 0))
        db.execute("INSERT INTO prompts (n, prompt) VALUES (?, ?)", (n + 1, f"common {n}" + " rare" * (n < 10)))
        db.execute("INSERT INTO job_tags (tag, id) VALUES ('common', ?)", (job.id,))
        if n < 10:
            db.execute("INSERT INTO job_tags (tag, id) VALUES ('rare', ?)", (job.id,))
    db.execute("COMMIT")
    index = search_index.open_index(path.with_name(search_index.FILE_NAME), path)
    index.execute("BEGIN")
    while search_index.fill(index, 1_000):
        pass
    index.execute("COMMIT")
    index.close()
    db.close()
    return path


def facets(*names: str) -> frozenset[Facet]:
    return frozenset(Facet(FacetKind(name), value) for name, _, value in (each.partition("=") for each in names))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(), 50),
        (Query(tag="common"), 50),
        (Query(tag="rare"), 10),
        (Query(tag="common", created_before=OLDEST + 10 * APART), 10),
        (Query(created_before=OLDEST + 10 * APART), 10),
        (Query(created_after=OLDEST + (MANY - 10) * APART), 10),
        (Query(created_after=OLDEST + 5_000 * APART, created_before=OLDEST + 5_001 * APART), 1),
        (Query(flow="f", created_before=OLDEST + 10 * APART), 10),
        (Query(created_after=OLDEST + MANY * APART), 0),
        (Query(finished_before=OLDEST + 1, created_before=OLDEST + 10 * APART), 10),
        (Query(finished_after=OLDEST, finished_before=OLDEST + 1, states=frozenset({State.FAILED})), 10),
        (Query(finished_after=OLDEST), 10),
        (Query(finished_after=OLDEST, flow="f", tag="common"), 10),
        (Query(finished_after=OLDEST, states=frozenset({State.PENDING})), 0),
        (Query(states=frozenset({State.FAILED})), 10),
        (Query(states=frozenset({State.FAILED, State.PENDING})), 50),
        (Query(states=frozenset({State.FAILED}), flow="f", attempts=(0, 9)), 10),
        (Query(flows=frozenset({"f", "g"})), 50),
        (Query(attempts=(3, None)), 2),
        (Query(attempts=(3, 3), flow="f", tag="common"), 1),
        (Query(attempts=(90, None)), 0),
        (Query(facets=facets("error=rare")), 10),
        (Query(facets=facets("meta=kind=common")), 50),
        (Query(facets=facets("meta=kind=common", "error=rare")), 10),
        (Query(facets=facets("meta=kind=common"), tag="rare"), 10),
        (Query(facets=facets("meta=kind=common"), states=frozenset({State.FAILED}), flow="f"), 10),
        (Query(without_facets=facets("error=rare")), 50),
        (Query(phrases=(Phrase("common"),)), 50),
        (Query(phrases=(Phrase("commo", starts=True),)), 50),
        (Query(phrases=(Phrase("rare"),)), 10),
        (Query(phrases=(Phrase("rare"), Phrase("common"))), 10),
        (Query(phrases=(Phrase("common"),), facets=facets("error=rare")), 10),
        (Query(phrases=(Phrase("common"),), tag="common"), 50),
        (Query(phrases=(Phrase("common"),), without_phrases=(Phrase("rare"),)), 50),
        (Query(phrases=(Phrase("common"),), created_before=OLDEST + 10 * APART), 10),
        (Query(phrases=(Phrase("nothing"),)), 0),
    ],
)
def test_what_a_list_costs_does_not_grow_with_the_number_of_jobs(many: Path, query: Query, found: int) -> None:
    assert steps_of(many, query, found) < 15_000


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(created_before=OLDEST + 100), 10),
        (Query(created_before=OLDEST), 0),
        (Query(created_before=OLDEST + 100, flow="f", tag="common"), 10),
        (Query(created_before=OLDEST + 100, phrases=(Phrase("common"),)), 10),
        (Query(finished_before=OLDEST + 100), 10),
        (Query(created_after=OLDEST + 10, created_before=OLDEST + 30), 2),
    ],
)
def test_nor_with_the_number_of_jobs_that_were_created_in_the_hour_after(dense: Path, query: Query, found: int) -> None:
    assert steps_of(dense, query, found) < 15_000


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(finished_after=ENDED + 1), 50),
        (Query(finished_after=ENDED + MANY - 20), 10),
        (Query(finished_after=ENDED + MANY - 20, limit=3), 3),
        (Query(finished_after=ENDED + MANY), 0),
        (Query(finished_before=ENDED), 10),
        (Query(finished_after=ENDED + 7_000, finished_before=ENDED + 7_150), 50),
        (Query(finished_after=ENDED + 7_000, finished_before=ENDED + 7_004, flow="f", tag="common"), 4),
        (Query(finished_after=ENDED + 7_000, finished_before=ENDED + 7_004, states=frozenset({State.COMPLETED})), 4),
        (Query(finished_after=ENDED + 7_000, finished_before=ENDED + 7_004, phrases=(Phrase("common"),)), 4),
    ],
)
def test_nor_with_the_number_of_jobs_that_ended_at_another_time(ended: Path, query: Query, found: int) -> None:
    assert steps_of(ended, query, found) < 15_000


@pytest.mark.parametrize("states", [(), (State.COMPLETED,), (State.FAILED, State.PENDING)])
@pytest.mark.parametrize("seed", range(20))
def test_a_search_by_the_time_of_the_end_finds_each_once(ended: Path, seed: int, states: tuple[State, ...]) -> None:
    one, other = sorted(random.Random(seed).choices((OLDEST, *range(ENDED, ENDED + MANY, 10), 2 * ENDED), k=2))
    db = open_reader(ended)
    everyone = "SELECT id, state FROM jobs WHERE finished_at >= ? AND finished_at < ? ORDER BY id DESC"
    wanted = [job_id for job_id, state in db.execute(everyone, (one, other)) if not states or State(state) in states]
    query = Query(finished_after=one, finished_before=other, states=frozenset(states))
    assert [row[0] for row in matching(db, query, "j.id")] == wanted
    db.close()


def steps_of(path: Path, query: Query, found: int) -> int:
    db = open_reader(path, path.with_name(search_index.FILE_NAME))
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += 100
        return False

    db.set_progress_handler(count, 100)
    assert len(lists.list_jobs(query)(db)) == found
    db.close()
    return steps
