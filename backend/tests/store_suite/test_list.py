"""list: newest id first, filtered, paged, clipped."""

from dataclasses import replace

import pytest
from msgspec import structs

from job_processor.core.flow import FlowRules
from job_processor.core.job import JobError, State
from job_processor.core.outcome import Failed, Progressed, Succeeded
from job_processor.core.verdict import Edit, ParseError, Repair, ResultKind, SchemaError, Verdict, Warning, WarningCode
from job_processor.store.base import Phrase, Query, Store, Summary
from job_processor.store.fields import LONG
from tests.store_suite import given
from tests.store_suite.places import Clock

G = FlowRules("g")


async def test_an_empty_store_lists_nothing(store: Store) -> None:
    assert await given.ids_of(store) == []


async def test_newest_first_and_no_more_than_the_limit(store: Store) -> None:
    jobs = [await given.added(store, f"p{n}") for n in range(5)]
    newest_first = [job.id for job in reversed(jobs)]
    assert await given.ids_of(store) == newest_first
    assert await given.ids_of(store, Query(limit=2)) == newest_first[:2]


async def test_pages_follow_each_other_without_gap_or_overlap(store: Store) -> None:
    jobs = [await given.added(store) for _ in range(7)]
    seen: list[str] = []
    before = None
    while page := await given.ids_of(store, Query(limit=3, before=before)):
        seen += page
        before = page[-1]
        # What comes in while somebody pages does not move the pages.
        await given.added(store)
    assert seen == [job.id for job in reversed(jobs)][: len(seen)]
    assert len(seen) == 7


async def test_after_an_id_are_the_newer_jobs_only(store: Store) -> None:
    jobs = [(await given.added(store)).id for _ in range(4)]
    assert await given.ids_of(store, Query(after=jobs[1])) == [jobs[3], jobs[2]]
    assert await given.ids_of(store, Query(after=jobs[1], before=jobs[3])) == [jobs[2]]
    assert await given.ids_of(store, Query(after=jobs[3])) == []


async def test_by_ids_are_those_that_there_are(store: Store) -> None:
    jobs = [(await given.added(store)).id for _ in range(4)]
    assert await given.ids_of(store, Query(ids=frozenset({jobs[0], jobs[2], "f" * 24}))) == [jobs[2], jobs[0]]
    assert await given.ids_of(store, Query(ids=frozenset({jobs[0], jobs[2]}), after=jobs[1])) == [jobs[2]]
    assert await given.ids_of(store, Query(ids=frozenset())) == []


async def test_the_count_is_that_of_the_list_up_to_the_limit(store: Store, clock: Clock) -> None:
    first = await given.completed(store, "needle")
    await given.added(store, "a needle, too", rules=G, tags=("t",))
    clock.forward(1_000)
    last = await given.added(store, "hay", tags=("t",))
    for query in (
        Query(),
        Query(after=first.id),
        Query(after=last.id),
        Query(ids=frozenset({first.id, last.id, "f" * 24})),
        Query(states=frozenset({State.PENDING})),
        Query(flow="g"),
        Query(tag="t"),
        Query(tag="t", after=first.id, states=frozenset({State.PENDING})),
        Query(phrases=(Phrase("needle"),)),
        Query(phrases=(Phrase("needle"),), after=first.id),
        Query(created_after=last.created_at),
        Query(before=last.id),
        Query(flows=frozenset({"g"})),
        Query(flows=frozenset({"g", last.flow})),
        Query(flows=frozenset({"g"}), flow=last.flow),
        Query(flows=frozenset()),
    ):
        assert await store.count(query) == len(await given.ids_of(store, query)), query
    assert await store.count(Query(limit=2)) == 2
    assert await store.count(Query(limit=2, flows=frozenset({"g", last.flow}))) == 2


AS_IN_THE_JOB = sorted({*given.Job.__struct_fields__} - {"verdict"} - LONG)
VERDICT = Verdict(
    ResultKind.SCHEMA_MISMATCH,
    ParseError("m", 1, 2),
    Repair("t" * 99, (Edit(0, "a", "b"),)),
    (SchemaError("/a", "first"), SchemaError("/b", "second")),
    (Warning(WarningCode.DUPLICATE_NAME, "/a", 1, 2, "x"), Warning(WarningCode.DUPLICATE_NAME, "/b", 1, 2, "y")),
    "a note",
)


async def test_a_row_says_of_a_job_in_each_state_what_the_job_itself_says(store: Store, clock: Clock) -> None:
    parent = await given.cancelled(store)
    made = await given.added(
        store,
        "prompt",
        priority=7,
        max_attempts=9,
        deadline=clock.now() + 90_000,
        tags=("t", "u"),
        metadata={"a": [1, None]},
        result_schema={"type": "object"},
        replay_of=parent.id,
    )
    clock.forward(10)
    running = await given.claimed(store)
    rows = [await row_of(store, running)]
    told = await given.moved(store, running, Progressed("half"))
    rows.append(await row_of(store, told))
    failed = await given.moved(store, told, given.says(told, Failed(JobError("x", "y"))))
    rows.append(await row_of(store, failed))
    clock.forward(60_000)
    again = await given.claimed(store)
    done = await given.moved(store, again, given.says(again, Succeeded("result", VERDICT)))
    row = await row_of(store, done)
    assert [one.id for one in (*rows, row)] == [made.id] * 4
    assert row.job.verdict == structs.replace(
        VERDICT, repaired=None, schema_errors=VERDICT.schema_errors[:1], warnings=VERDICT.warnings[:1]
    )
    assert (row.prompt_bytes, row.result_bytes) == (6, 6)


async def row_of(store: Store, job: given.Job) -> Summary:
    """The job's row, which must agree with it."""
    row = (await store.list(Query()))[0]
    for name in AS_IN_THE_JOB:
        assert getattr(row.job, name) == getattr(job, name), name
    for name in LONG:
        assert not getattr(row.job, name), name
    return row


async def test_without_a_result_there_is_no_size_of_it(store: Store) -> None:
    await given.added(store, "ä")
    [listed] = await store.list(Query())
    assert listed.job.result is None
    assert (listed.prompt_bytes, listed.result_bytes) == (2, None)


async def test_an_empty_result_is_a_result(store: Store) -> None:
    await given.completed(store, "p", "")
    [listed] = await store.list(Query())
    assert listed.job.result == ""
    assert listed.result_bytes == 0


@pytest.mark.parametrize("clip", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("text", ["aä€😀b", "\0\0a\0b", "😀😀😀", "abc"])
async def test_clipping_counts_characters_and_sizes_are_bytes_of_the_whole(store: Store, text: str, clip: int) -> None:
    await given.completed(store, text, text)
    [listed] = await store.list(Query(clip=clip))
    assert listed.job.prompt == text[:clip]
    assert listed.job.result == text[:clip]
    assert listed.prompt_bytes == listed.result_bytes == len(text.encode())


@pytest.mark.parametrize(
    "query", [Query(), Query(states=frozenset({State.COMPLETED})), Query(phrases=(Phrase("words"),))]
)
async def test_without_texts_a_row_is_the_same_but_for_them(store: Store, query: Query) -> None:
    await given.completed(store, "words", "more words")
    await given.added(store, "words", tags=("t",), metadata={"a": 1})
    rows = await store.list(query)
    assert rows
    assert await store.list(replace(query, texts=False)) == [
        Summary(structs.replace(row.job, prompt="", result=None), 0, None) for row in rows
    ]


async def test_by_state(store: Store) -> None:
    done = await given.completed(store)
    failed = await given.failed(store)
    gone = await given.cancelled(store)
    pending = await given.added(store)
    assert await given.ids_of(store, Query(states=frozenset({State.COMPLETED}))) == [done.id]
    assert await given.ids_of(store, Query(states=frozenset({State.FAILED, State.PENDING}))) == [pending.id, failed.id]
    assert await given.ids_of(store, Query(states=frozenset({State.CANCELLED}))) == [gone.id]
    assert await given.ids_of(store, Query(states=frozenset({State.WAITING}))) == []


async def test_by_flow(store: Store) -> None:
    await given.added(store)
    other = await given.added(store, rules=G)
    assert await given.ids_of(store, Query(flow="g")) == [other.id]
    assert await given.ids_of(store, Query(flow="none")) == []


async def test_by_tag(store: Store) -> None:
    both = await given.added(store, tags=("a", "b", "a"))
    one = await given.added(store, tags=("b",))
    await given.added(store)
    assert await given.ids_of(store, Query(tag="a")) == [both.id]
    assert await given.ids_of(store, Query(tag="b")) == [one.id, both.id]
    assert await given.ids_of(store, Query(tag="A")) == []


async def test_by_time_of_creation_from_then_on_and_up_to_but_not_including(store: Store, clock: Clock) -> None:
    jobs = []
    for _ in range(3):
        jobs.append(await given.added(store))
        clock.forward(10)
    second = jobs[1].created_at
    assert await given.ids_of(store, Query(created_after=second)) == [jobs[2].id, jobs[1].id]
    assert await given.ids_of(store, Query(created_before=second)) == [jobs[0].id]
    assert await given.ids_of(store, Query(created_after=second, created_before=second + 1)) == [jobs[1].id]


async def test_all_filters_hold_together(store: Store) -> None:
    wanted = await given.added(store, "needle", rules=G, tags=("t",))
    await given.added(store, "needle", tags=("t",))
    await given.added(store, "needle", rules=G)
    await given.added(store, "hay", rules=G, tags=("t",))
    query = Query(states=frozenset({State.PENDING}), flow="g", tag="t", phrases=(Phrase("NEEDLE"),), created_after=0)
    assert await given.ids_of(store, query) == [wanted.id]
