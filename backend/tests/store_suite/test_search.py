"""list and count by what a search names: words, errors, verdicts, executions, metadata, and what must not be."""

from collections.abc import Sequence

from msgspec import structs

from job_processor.core.flow import FlowRules
from job_processor.core.job import JobError, State
from job_processor.core.outcome import Accepted, Failed, Succeeded
from job_processor.core.search import parse
from job_processor.core.verdict import ResultKind, Verdict
from job_processor.store.base import IdempotencyKey, Phrase, Query, Store, with_search
from tests.store_suite import given
from tests.store_suite.places import Clock, Place

G = FlowRules("g")


async def found(store: Store, search: str, query: Query | None = None, owner: str = "") -> Sequence[str]:
    """The ids that are listed, which must be as many as are counted."""
    asked = with_search(query or Query(), parse(search), store.now(), owner)
    ids = await given.ids_of(store, asked)
    assert await store.count(asked) == len(ids)
    return ids


WORDS = [
    ("one needle here", "needle"),
    ("one NEEDLE here", "nEEdle"),
    ("one needle here", "needl"),
    ("one needle here", "one here"),
    ("one needle here", "here one"),
    ("one needle here", '"one needle"'),
    ("one, needle", '"one needle"'),
    ("one-needle", "one-needle"),
    ("see https://example.com/a?b=c", '"https://example.com/a"'),
    ("STRASSE Ärger ÉCOLE", "ärger école"),
    ("Ärger", "arger"),
    ("a\0needle", "needle"),
    ("line\nbreak", '"line break"'),
    ('{"name": "Müller", "age": 42}', "müller 42"),
    ("x😀needle", "needle"),
    ("snake_case", "snake_case"),
    ("东京 tower", "tower"),
]
NOT_FOUND = [
    *('"needl"', "eedle", "needle two", '"here one"', "-one", '-"one needle"', "needle -here", '"needle" OR two'),
    # Nothing of a search is an operator of the database.
    *(
        "ne*dle",
        "one AND",
        "NEAR(one needle)",
        "prompt",
        "{prompt} needle",
        "^two",
        "two*",
        "+two",
        "%_needle two",
        ".",
    ),
]


async def test_words_are_found_in_prompts_and_in_results(store: Store) -> None:
    for n, (text, search) in enumerate(WORDS):
        tag = f"case {n}"
        job = await given.added(store, "p", tags=(tag,))
        running = await given.claimed(store)
        in_result = await given.moved(store, running, given.says(running, Succeeded(text)))
        assert in_result.id == job.id
        in_prompt = await given.added(store, text, FlowRules("other"), tags=(tag,))
        assert await found(store, search, Query(tag=tag)) == [in_prompt.id, in_result.id], search
        assert {in_prompt.id, in_result.id} <= set(await found(store, search)), search


async def test_what_does_not_fit_is_not_found(store: Store) -> None:
    await given.added(store, "one needle here")
    for search in NOT_FOUND:
        phrases = Query(phrases=(Phrase(search),)) if search == "." else with_search(Query(), parse(search), 0)
        assert await given.ids_of(store, phrases) == [], search


async def test_words_are_found_in_errors_and_metadata(store: Store) -> None:
    failed = await given.failed(store)
    named = await given.added(store, metadata={"customer": {"name": "Acme Inc"}, "list": ["ocean", 7]})
    assert await found(store, "bad") == [failed.id]
    assert await found(store, '"acme inc" customer ocean') == [named.id]
    assert await found(store, "-bad") == [named.id]
    assert await found(store, "-acme -bad") == []


async def test_a_result_that_a_retry_took_away_is_not_found_until_there_is_one_again(store: Store) -> None:
    job = await given.moved(store, await given.added(store), given.Cancelled("no"))
    again = await given.moved(store, job, given.Retried(1))
    running = await given.claimed(store)
    assert running.id == again.id
    failed = await given.moved(store, running, given.says(running, Failed(JobError("x", "needle"), retryable=False)))
    assert await found(store, "needle") == await found(store, "error:x") == [job.id]
    await given.moved(store, failed, given.Retried(1))
    running = await given.claimed(store)
    assert await found(store, "error:x status:failed") == []
    await given.moved(store, running, given.says(running, Succeeded("other")))
    assert await found(store, "needle") == await found(store, "error:x") == []
    assert await found(store, "other") == [job.id]


async def test_by_status_and_flow_and_tag(store: Store) -> None:
    done = await given.completed(store)
    failed = await given.failed(store, G)
    tagged = await given.added(store, tags=("eu", "b"))
    both = await given.added(store, rules=G, tags=("eu",))
    assert await found(store, "status:failed") == [failed.id]
    assert await found(store, "status:failed,completed") == [failed.id, done.id]
    assert await found(store, "-status:pending") == [failed.id, done.id]
    assert await found(store, "status:failed status:completed") == []
    assert await found(store, "status:pending", Query(states=frozenset({State.FAILED}))) == []
    assert await found(store, "flow:g") == [both.id, failed.id]
    assert await found(store, "flow:g,f status:failed,pending") == [both.id, tagged.id, failed.id]
    assert await found(store, "-flow:g") == [tagged.id, done.id]
    assert await found(store, "flow:g", Query(flows=frozenset({"f"}))) == []
    assert await found(store, "", Query(flow="g", flows=frozenset({"f", "g"}))) == [both.id, failed.id]
    assert await found(store, "tag:eu") == [both.id, tagged.id]
    assert await found(store, "tag:eu tag:b") == [tagged.id]
    assert await found(store, "tag:eu -flow:g") == [tagged.id]
    assert await found(store, "tag:eu -tag:b flow:f,g status:pending") == [both.id]
    assert await found(store, "tag:eu", Query(flows=frozenset({"g"}))) == [both.id]
    assert await found(store, "-tag:eu") == [failed.id, done.id]


async def test_by_error_verdict_and_execution(store: Store) -> None:
    failed = await given.failed(store)
    await given.added(store)
    job = await given.claimed(store)
    waiting = await given.moved(store, job, given.says(job, Accepted(60_000, "ex-1")))
    assert await found(store, "error:bad") == [failed.id]
    assert await found(store, "error:bad flow:f status:failed bad") == [failed.id]
    assert await found(store, "-error:bad") == [waiting.id]
    assert await found(store, "execution:ex-1") == [waiting.id]
    result = Succeeded("{", Verdict(ResultKind.MALFORMED))
    done = await given.moved(store, waiting, given.Reported(result, token=given.token_of(waiting)))
    assert await found(store, "verdict:malformed") == [done.id]
    assert await found(store, "verdict:malformed status:failed") == []
    assert await found(store, "-verdict:malformed") == [failed.id]
    # An execution is found after its end, too.
    assert await found(store, "execution:ex-1 -status:failed") == [done.id]


async def test_by_metadata_id_replay_and_idempotency_key(store: Store) -> None:
    first = await given.added(
        store, metadata={"customer": 42, "paid": True, "ratio": 0.5, "deep": {"x": 1}, "no": None}
    )
    replay = await given.added(store, replay_of=first.id, key=IdempotencyKey("me k1", "body"))
    assert await found(store, "meta.customer:42 meta.paid:true meta.ratio:0.5") == [first.id]
    assert await found(store, "meta.customer:4") == await found(store, "meta.deep:1") == []
    assert await found(store, "-meta.customer:42") == [replay.id]
    assert await found(store, f"replay-of:{first.id}") == [replay.id]
    assert await found(store, f"id:{first.id}") == [first.id]
    assert await found(store, f"id:{first.id[:6]}") == [replay.id, first.id]
    assert await found(store, f"-id:{first.id}") == [replay.id]
    assert await found(store, f"id:{first.id} id:{replay.id}") == []
    assert await found(store, "idempotency-key:k1", owner="me") == [replay.id]
    assert await found(store, "idempotency-key:k1") == await found(store, "idempotency-key:k1", owner="you") == []
    assert await found(store, "idempotency-key:k1 tag:x", owner="me") == []


async def test_by_attempts_and_age(store: Store, clock: Clock) -> None:
    old = await given.completed(store)
    clock.forward(3_600_000)
    new = await given.added(store)
    assert await found(store, "attempts:>0") == await found(store, "attempts:1") == [old.id]
    assert await found(store, "attempts:<1") == await found(store, "attempts:<=0") == [new.id]
    assert await found(store, "attempts:>=0 attempts:<2") == [new.id, old.id]
    assert await found(store, "created:<30m") == await found(store, "created:30m") == [new.id]
    assert await found(store, "created:>30m") == [old.id]
    assert await found(store, "created:>=1h created:<2h") == []
    assert await found(store, "created:<2030-01-01 created:>=2020-01-01 words") == []
    assert await found(store, "created:2020-01-01") == []


async def test_by_the_time_of_the_end(store: Store, clock: Clock) -> None:
    """Of a job that was created before the time that is asked for, too; never of one that has not ended."""
    early = await given.completed(store)
    late = await given.added(store)
    clock.forward(3_600_000)
    cancelled = await given.moved(store, late, given.Cancelled("no"))
    await given.added(store)
    assert await found(store, "finished:<30m") == await found(store, "finished:30m") == [cancelled.id]
    assert await found(store, "finished:>30m") == [early.id]
    assert await found(store, "finished:>=2020-01-01") == [cancelled.id, early.id]
    assert await found(store, "finished:>=2020-01-01 status:completed flow:f") == [early.id]
    assert await found(store, "finished:<2020-01-01") == await found(store, "finished:2020-01-01") == []
    assert cancelled.finished_at is not None
    at = cancelled.finished_at
    assert await given.ids_of(store, Query(finished_after=at, finished_before=at + 1)) == [cancelled.id]
    assert await given.ids_of(store, Query(finished_after=at + 1)) == []
    assert await given.ids_of(store, Query(finished_before=at)) == [early.id]
    asked = Query(finished_after=at)
    assert (asked.still_finds(cancelled), asked.still_finds(early), asked.still_finds(late)) == (True, False, False)
    assert (await store.count_by_state(asked)) == {State.CANCELLED: 1}


async def test_pages_of_words_follow_each_other_and_what_is_new_is_behind_none(store: Store) -> None:
    jobs = [(await given.added(store, f"needle {n}")).id for n in range(7)]
    seen: list[str] = []
    before = None
    while page := await found(store, "needle", Query(limit=3, before=before)):
        seen += page
        before = page[-1]
        await given.added(store, "needle")
    assert seen == jobs[::-1]
    assert await found(store, "needle", Query(after=jobs[4], before=jobs[6])) == [jobs[5]]
    assert await found(store, "needle", Query(ids=frozenset(jobs[:2]))) == [jobs[1], jobs[0]]
    assert len(await given.ids_of(store, with_search(Query(limit=2), parse("needle"), store.now()))) == 2


async def test_a_deleted_job_is_not_found(store: Store) -> None:
    gone = await given.completed(store, "needle")
    kept = await given.added(store, "needle")
    assert await found(store, "needle") == [kept.id, gone.id]
    assert await store.delete(gone.id)
    assert await found(store, "needle") == [kept.id]
    assert await found(store, "-verdict:text needle") == [kept.id]


async def test_what_was_stored_is_found_after_a_crash(place: Place) -> None:
    store = await place.open()
    before = await given.added(store, "needle", metadata={"a": 1})
    assert await found(store, "needle") == [before.id]
    after = await given.added(store, "needle", metadata={"a": 1})
    store = await place.crash(store)
    assert await found(store, "needle") == await found(store, "meta.a:1") == [after.id, before.id]
    assert store.is_searchable()


async def test_counts_by_state_are_of_the_same_jobs_as_the_list(store: Store) -> None:
    await given.failed(store)
    await given.completed(store, "needle")
    await given.added(store, "needle", rules=G, tags=("eu",))
    await given.added(store, "hay")
    for search, counts in (
        ("", {State.FAILED: 1, State.COMPLETED: 1, State.PENDING: 2}),
        ("needle", {State.COMPLETED: 1, State.PENDING: 1}),
        ("needle -tag:eu", {State.COMPLETED: 1}),
        ("flow:g", {State.PENDING: 1}),
        ("nothing", {}),
    ):
        asked = with_search(Query(limit=100), parse(search), store.now())
        assert await store.count_by_state(asked) == counts, search
    assert sum((await store.count_by_state(Query(limit=3))).values()) == 3


async def test_a_job_whose_id_is_ahead_of_its_creation_is_found_by_its_time(store: Store, clock: Clock) -> None:
    """As those whose clock was set back: their ids go on, up to an hour with older releases."""
    now = clock.now()
    ahead = [0, 1, 59_000, 3_599_000]
    jobs = [structs.replace(given.a_job(now + n), id=f"{now + n + more:012x}{n:012x}") for n, more in enumerate(ahead)]
    for job in jobs:
        await store.add(job)
    for n in range(len(jobs) + 1):
        for with_flow in (None, "f"):
            found = await store.list(Query(created_before=now + n, flow=with_flow))
            assert {one.id for one in found} == {job.id for job in jobs[:n]}
    found = await store.list(Query(created_before=now + 4, before=jobs[2].id))
    assert {one.id for one in found} == {job.id for job in jobs[:2]}
    assert await store.count(Query(limit=100, created_before=now + 3, created_after=now + 1)) == 2
