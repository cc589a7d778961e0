"""Bulk actions on both stores: what they act on, what they skip and why, abort, limits, and who may."""

import asyncio
from dataclasses import replace

import pytest

from job_processor.acts import Acts, acts_over, bulk_groups
from job_processor.acts import bulk as bulk_acts
from job_processor.acts.bulk import NewBulkAction
from job_processor.acts.facts import BulkActionMoved, Fact
from job_processor.acts.flow_table import FlowTable
from job_processor.acts.jobs import NewJob
from job_processor.core.access import COMMAND, Principal, PrincipalKind, Requester, Right
from job_processor.core.bulk import LEASE_MS, BulkAction, BulkKind, BulkState
from job_processor.core.errors import (
    BulkActionNotFound,
    IdempotencyMismatch,
    InvalidField,
    MoveRefused,
    SearchIncomplete,
    StoreBusy,
    TooManyBulkActions,
)
from job_processor.core.events import EventKind
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import State
from job_processor.core.permits import Limits
from job_processor.core.search import parse
from job_processor.core.verdict import ResultKind, Verdict
from job_processor.http.job_filters import stored_query
from job_processor.store.base import AuditQuery, IdempotencyKey, Query, Store, with_search
from job_processor.workers.bulk_runner import BulkRunner
from tests.store_suite import given
from tests.store_suite.places import Place
from tests.support.stores import place, store

__all__ = ["place", "store"]
OTHER = FlowRules("other", max_attempts=5)
FAILED = {"status": ["FAILED"]}


def made_over(store: Store, limits: Limits = Limits(), seed: int = 0xABCDEF123456) -> Acts:  # noqa: B008  # frozen
    rules = {"f": given.RULES, "other": OTHER}
    return acts_over(store, FlowTable(rules, "f"), IdFactory(seed), read_query=stored_query, limits=limits)


@pytest.fixture
def acts(store: Store) -> Acts:
    return made_over(store)


async def carried_out(acts: Acts, action: BulkAction, store: Store) -> BulkAction:
    while action.is_open:
        after = await acts.bulk_groups.act(action, "w1")
        assert after is not None
        action = after
    assert await store.get_bulk_action(action.id) == action
    return action


def retry(**query: object) -> NewBulkAction:
    return NewBulkAction(BulkKind.RETRY, query)


async def test_a_retry_acts_on_what_matches_and_says_why_not_on_the_rest(acts: Acts, store: Store) -> None:
    failed, cancelled, completed = await given.failed(store), await given.cancelled(store), await given.completed(store)
    pending = await given.added(store)
    new = replace(retry(), reason="the model was down")
    assert (await acts.bulk.count(new, COMMAND)).count == 4
    action = (await acts.bulk.start(new, COMMAND)).action
    assert (action.matched, action.more, action.state) == (4, False, BulkState.RUNNING)

    done = await carried_out(acts, action, store)

    assert (done.state, done.done, done.failed) == (BulkState.DONE, 2, {})
    assert done.skipped == {"is_completed": 1, "is_pending": 1}
    for job in (failed, cancelled):
        after = await given.stored(store, job.id)
        last = after.history[-1]
        assert (after.state, last.what, last.detail) == (State.PENDING, EventKind.RETRIED, "the model was down")
    assert await given.stored(store, completed.id) == completed
    assert await given.stored(store, pending.id) == pending
    entries = {(one.act.value, one.what, one.detail) for one in await store.list_audit(AuditQuery())}
    assert entries == {
        ("bulk_started", action.id, "retry"),
        ("job_retried", failed.id, action.id),
        ("job_retried", cancelled.id, action.id),
    }


async def test_newer_jobs_are_not_acted_on(acts: Acts, store: Store) -> None:
    """Even those of the same millisecond; and older ones of it are."""
    older = (await acts.jobs.submit(NewJob("p"))).job
    action = (await acts.bulk.start(NewBulkAction(BulkKind.CANCEL, {}), COMMAND)).action
    newer = (await acts.jobs.submit(NewJob("p"))).job
    assert older.created_at == action.created_at == newer.created_at
    done = await carried_out(acts, action, store)
    assert (done.done, done.matched) == (1, 1)
    assert (await given.stored(store, older.id)).state is State.CANCELLED
    assert await given.stored(store, newer.id) == newer


async def test_a_job_that_fails_again_meanwhile_is_retried_once(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_groups, "GROUP", 1)
    older, newer = await given.failed(store), await given.failed(store)
    action = (await acts.bulk.start(retry(**FAILED), COMMAND)).action
    first = await acts.bulk_groups.act(action, "w1")
    assert first is not None
    assert first.cursor == newer.id
    for signal in (given.Cancelled(), given.Retried(1), given.Cancelled()):
        await given.moved(store, await given.stored(store, newer.id), signal)
    done = await carried_out(acts, first, store)
    assert done.done == 2
    for job in (older, newer):
        marks = (await given.stored(store, job.id)).bulk_actions
        assert marks == (action.id,)


async def test_a_job_that_matches_no_more_is_left_alone(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the plan and the act."""
    job = await given.failed(store)
    action = (await acts.bulk.start(NewBulkAction(BulkKind.DELETE, FAILED), COMMAND)).action
    assert await store.save_bulk_action(replace(action, planned=(job.id,)))
    changed = await given.moved(store, await given.moved(store, job, given.Retried(1)), given.Cancelled())
    found = await store.get_bulk_action(action.id)
    assert found is not None
    done = await carried_out(acts, found, store)
    assert (done.done, done.skipped) == (0, {"no_longer_matches": 1})
    assert await given.stored(store, job.id) == changed


async def test_ages_of_a_search_are_those_at_the_start(place: Place, acts: Acts, store: Store) -> None:
    old = await given.failed(store)
    place.clock.forward(3_600_000)
    new = await given.failed(store)
    action = (await acts.bulk.start(retry(q="status:failed created:<30m"), COMMAND)).action
    place.clock.forward(3_600_000)
    done = await carried_out(acts, action, store)
    assert (action.matched, done.done) == (1, 1)
    assert (await given.stored(store, new.id)).state is State.PENDING
    assert await given.stored(store, old.id) == old


async def test_a_job_whose_error_changed_matches_no_more(acts: Acts, store: Store) -> None:
    """Between the plan and the act."""
    job = await given.failed(store)
    action = (await acts.bulk.start(NewBulkAction(BulkKind.DELETE, {"q": "error:bad"}), COMMAND)).action
    assert action.matched == 1
    assert await store.save_bulk_action(replace(action, planned=(job.id,)))
    changed = await given.moved(store, await given.moved(store, job, given.Retried(1)), given.Cancelled())
    found = await store.get_bulk_action(action.id)
    assert found is not None
    done = await carried_out(acts, found, store)
    assert (done.done, done.skipped) == (0, {"no_longer_matches": 1})
    assert await given.stored(store, job.id) == changed


@pytest.mark.parametrize(
    ("search", "after"),
    [
        ("", True),
        ("status:failed", False),
        ("status:failed,completed", True),
        ("attempts:>1", True),
        ("attempts:<2", False),
        ("attempts:2", True),
        ("error:bad", False),
        ("-error:bad", True),
        ("verdict:text", True),
        ("verdict:json", False),
        ("-verdict:text", False),
        ("tag:x meta.a:1 words flow:other", True),
    ],
)
def test_what_is_looked_at_again_before_the_act(search: str, after: bool) -> None:
    """What a job never changes was right when it was found."""
    job = given.a_job(1)._replace(
        state=State.COMPLETED, attempt=2, finished_at=1, result="r", verdict=Verdict(ResultKind.TEXT)
    )
    assert with_search(Query(), parse(search), 0).still_finds(job) is after


async def test_a_search_that_could_miss_jobs_is_refused_and_one_under_way_waits(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade, older jobs are made searchable in the background."""
    job = await given.failed(store)
    action = (await acts.bulk.start(retry(q="error:bad"), COMMAND)).action
    with monkeypatch.context() as upgraded:
        upgraded.setattr(store, "is_searchable", lambda: False)
        for ask in (acts.bulk.count, acts.bulk.start):
            with pytest.raises(SearchIncomplete):
                await ask(retry(q="error:bad"), COMMAND)
        assert (await acts.bulk.count(retry(q="status:failed"), COMMAND)).count == 1
        held = await acts.bulk_groups.act(action, "w1")
        assert held is not None
        assert (held.waits_for, held.done, held.is_open) == ("search_incomplete", 0, True)
    done = await carried_out(acts, held, store)
    assert (done.done, done.waits_for) == (1, None)
    assert (await given.stored(store, job.id)).state is State.PENDING


async def test_a_limit(acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_groups, "GROUP", 2)
    jobs = [await given.failed(store) for _ in range(5)]
    new = replace(retry(**FAILED), limit=3)
    counted = await acts.bulk.count(new, COMMAND)
    assert (counted.count, counted.more) == (3, False)
    done = await carried_out(acts, (await acts.bulk.start(new, COMMAND)).action, store)
    assert (done.done, done.matched, done.handled) == (3, 3, 3)
    states = [(await given.stored(store, job.id)).state for job in jobs]
    assert states == [State.FAILED] * 2 + [State.PENDING] * 3, "the newest"


async def test_of_many_it_is_only_said_that_there_are_more(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_acts, "MAX_COUNTED", 2)
    for _ in range(3):
        await given.failed(store)
    action = (await acts.bulk.start(retry(**FAILED), COMMAND)).action
    assert (action.matched, action.more) == (2, True)
    done = await carried_out(acts, action, store)
    assert (done.matched, done.more, done.done) == (3, False, 3), "exactly, once it is done"


async def test_an_abort_ends_it_after_the_group_under_way(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_groups, "GROUP", 2)
    jobs = [await given.failed(store) for _ in range(5)]
    action = (await acts.bulk.start(retry(**FAILED), COMMAND)).action
    first = await acts.bulk_groups.act(action, "w1")
    assert first is not None
    aborting = await acts.bulk.abort(action.id, COMMAND)
    assert aborting.state is BulkState.ABORTING
    assert await acts.bulk_groups.act(first, "w1") is None, "it was read before the abort"
    done = await carried_out(acts, aborting, store)
    assert (done.state, done.done, done.matched) == (BulkState.ABORTED, 2, 5)
    assert done.ended_at is not None
    assert await acts.bulk.abort(action.id, COMMAND) == done, "what has ended stays"
    states = [(await given.stored(store, job.id)).state for job in jobs]
    assert states == [State.FAILED] * 3 + [State.PENDING] * 2
    entries = [one.act.value for one in await store.list_audit(AuditQuery(what=action.id))]
    assert entries == ["bulk_aborted", "bulk_started"]


async def test_an_abort_while_a_group_is_acted_on_counts_the_group(acts: Acts, store: Store) -> None:
    await given.failed(store)
    action = (await acts.bulk.start(retry(**FAILED), COMMAND)).action
    aborted = []

    class Aborting:
        """Somebody aborts while the first job is acted on."""

        def __getattr__(self, name: str) -> object:
            return getattr(acts.jobs, name)

        async def retry(self, *args: object, **more: object) -> object:
            aborted.append(await acts.bulk.abort(action.id, COMMAND))
            return await acts.jobs.retry(*args, **more)  # type: ignore[arg-type]  # passed on as they are

    groups = bulk_groups.BulkGroups(store, Aborting(), acts.facts, stored_query)  # type: ignore[arg-type]  # a double
    after = await groups.act(action, "w1")
    assert after is not None
    assert [one.state for one in aborted] == [BulkState.ABORTING]
    assert (after.state, after.done, after.planned) == (BulkState.ABORTING, 1, ())
    assert (await carried_out(acts, after, store)).state is BulkState.ABORTED


async def test_one_process_has_it_and_another_takes_it_over(place: Place, acts: Acts, store: Store) -> None:
    job = await given.failed(store)
    action = (await acts.bulk.start(retry(**FAILED), COMMAND)).action
    assert await store.save_bulk_action(
        replace(action, runner="w1", lease_until=store.now() + LEASE_MS, planned=(job.id,))
    )
    held = await store.get_bulk_action(action.id)
    assert held is not None
    assert await acts.bulk_groups.act(held, "w2") is None
    place.clock.forward(LEASE_MS)
    after = await acts.bulk_groups.act(held, "w2")
    assert after is not None
    assert (after.done, after.runner) == (1, "w2")


async def test_a_process_that_stops_lets_others_have_it(acts: Acts, store: Store) -> None:
    await given.failed(store)
    action = (await acts.bulk.start(retry(**FAILED), COMMAND)).action
    after = await acts.bulk_groups.act(action, "w1")
    assert after is not None
    await acts.bulk_groups.release("w2")
    assert await acts.bulk_groups.act(after, "w2") is None
    await acts.bulk_groups.release("w1")
    [free] = await store.open_bulk_actions()
    done = await acts.bulk_groups.act(free, "w2")
    assert done is not None
    assert done.state is BulkState.DONE


async def test_cancel(acts: Acts, store: Store) -> None:
    await given.completed(store)
    before, pending = await given.cancelled(store), await given.added(store)
    new = NewBulkAction(BulkKind.CANCEL, {}, reason="not needed")
    done = await carried_out(acts, (await acts.bulk.start(new, COMMAND)).action, store)
    assert (done.done, done.skipped) == (1, {"is_cancelled": 1, "is_completed": 1})
    after = await given.stored(store, pending.id)
    assert (after.state, after.history[-1].detail) == (State.CANCELLED, "not needed")
    assert await given.stored(store, before.id) == before


async def test_delete(acts: Acts, store: Store) -> None:
    failed, pending = await given.failed(store), await given.added(store)
    done = await carried_out(acts, (await acts.bulk.start(NewBulkAction(BulkKind.DELETE, {}), COMMAND)).action, store)
    assert (done.done, done.skipped) == (1, {"is_pending": 1})
    assert await store.get(failed.id) is None
    assert await store.get(pending.id) == pending


async def test_replay_to_another_flow(acts: Acts, store: Store) -> None:
    jobs = [await given.failed(store) for _ in range(2)]
    new = NewBulkAction(BulkKind.REPLAY, FAILED, flow="other")
    done = await carried_out(acts, (await acts.bulk.start(new, COMMAND)).action, store)
    assert done.done == 2
    made = [job for job in await given.jobs_of(store) if job.replay_of is not None]
    assert {job.replay_of for job in made} == {job.id for job in jobs}
    assert {job.flow for job in made} == {"other"}
    assert [await given.stored(store, job.id) for job in jobs] == jobs


async def test_a_flow_that_cannot_be_used_is_refused_before_anything_is_counted(acts: Acts, store: Store) -> None:
    for new, words in (
        (NewBulkAction(BulkKind.REPLAY, {}, flow="nowhere"), "must be one of"),
        (NewBulkAction(BulkKind.RETRY, {}, flow="other"), "unless the action is replay"),
    ):
        for ask in (acts.bulk.count, acts.bulk.start):
            with pytest.raises(InvalidField, match=words) as refused:
                await ask(new, COMMAND)
            assert refused.value.field == "flow"
    assert not await store.list_bulk_actions(9)


def _limited_to(*flows: str) -> Requester:
    rights = frozenset({Right.OPERATE, Right.SUBMIT})
    return Requester(Principal(PrincipalKind.KEY, "k1", "", rights, frozenset(flows), "k1"))


async def test_a_key_that_is_limited_to_flows_acts_on_its_jobs_alone(acts: Acts, store: Store) -> None:
    mine, others = await given.failed(store, OTHER), await given.failed(store)
    by = _limited_to("other")
    new = NewBulkAction(BulkKind.RETRY, {})
    assert (await acts.bulk.count(new, by)).count == 1
    assert (await acts.bulk.count(NewBulkAction(BulkKind.RETRY, {"flow": "f"}), by)).count == 0
    action = (await acts.bulk.start(new, by)).action
    done = await carried_out(acts, action, store)
    assert (done.done, done.handled) == (1, 1)
    assert (await given.stored(store, mine.id)).state is State.PENDING
    assert await given.stored(store, others.id) == others
    with pytest.raises(InvalidField, match="must be one of: other"):
        await acts.bulk.start(NewBulkAction(BulkKind.REPLAY, {}, flow="f"), by)


async def test_who_may_know_of_it(acts: Acts, store: Store) -> None:
    of_all = (await acts.bulk.start(retry(), COMMAND)).action
    of_other = (await acts.bulk.start(retry(), _limited_to("other"))).action
    for by, seen in (
        (COMMAND, [of_other, of_all]),
        (_limited_to("other"), [of_other]),
        (_limited_to("other", "f"), [of_other]),
        (_limited_to("f"), []),
    ):
        assert await acts.bulk.list(9, None, by.principal) == seen
        for action in (of_all, of_other):
            if action in seen:
                assert await acts.bulk.get(action.id, by.principal) == action
                continue
            with pytest.raises(BulkActionNotFound):
                await acts.bulk.get(action.id, by.principal)
            with pytest.raises(BulkActionNotFound):
                await acts.bulk.abort(action.id, by)


async def test_replays_wait_for_room_under_the_quota(store: Store) -> None:
    acts = made_over(store, Limits(waiting_jobs=1))
    jobs = [await given.failed(store) for _ in range(3)]
    by = _limited_to("f")
    action = (await acts.bulk.start(NewBulkAction(BulkKind.REPLAY, FAILED), by)).action
    held = await acts.bulk_groups.act(action, "w1")
    assert held is not None
    assert (held.waits_for, held.done, len(held.planned)) == ("too_many_waiting", 0, 3)
    made = [job for job in await given.jobs_of(store) if job.replay_of is not None]
    assert len(made) == 1
    # The quota is the key's: with a larger one the rest is replayed, and nothing twice.
    done = await carried_out(made_over(store, seed=0xFFFFFF654321), held, store)
    assert (done.done, done.waits_for) == (3, None)
    made = [job for job in await given.jobs_of(store) if job.replay_of is not None]
    assert sorted(str(job.replay_of) for job in made) == [job.id for job in jobs]


async def test_a_busy_store_is_waited_for(acts: Acts, store: Store) -> None:
    await given.failed(store)
    action = (await acts.bulk.start(NewBulkAction(BulkKind.REPLAY, FAILED), COMMAND)).action

    class Busy:
        async def replay(self, *args: object) -> None:
            raise StoreBusy(1)

    groups = bulk_groups.BulkGroups(store, Busy(), acts.facts, stored_query)  # type: ignore[arg-type]  # a double
    held = await groups.act(action, "w1")
    assert held is not None
    assert held.waits_for == "store_busy"


async def test_why_a_job_could_not_be_acted_on(acts: Acts, store: Store) -> None:
    """Refusals that come after the job was read."""

    class Refusing:
        async def retry(self, *args: object, **more: object) -> None:
            raise MoveRefused

    groups = bulk_groups.BulkGroups(store, Refusing(), acts.facts, stored_query)  # type: ignore[arg-type]  # a double
    await given.failed(store)
    action = (await acts.bulk.start(retry(), COMMAND)).action
    after = await groups.act(action, "w1")
    assert after is not None
    assert after.skipped == {"changed_meanwhile": 1}


async def test_there_are_not_more_than_so_many_at_once(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_acts, "MAX_OPEN", 2)
    first = (await acts.bulk.start(retry(), COMMAND)).action
    await acts.bulk.start(retry(), COMMAND)
    with pytest.raises(TooManyBulkActions):
        await acts.bulk.start(retry(), COMMAND)
    await carried_out(acts, first, store)
    await acts.bulk.start(retry(), COMMAND)


async def test_one_key_starts_one(acts: Acts, store: Store) -> None:
    key, other = IdempotencyKey("o k", "2:a"), IdempotencyKey("o other", "2:a")
    await given.failed(store)
    started = await asyncio.gather(*(acts.bulk.start(retry(**FAILED), COMMAND, key) for _ in range(5)))
    assert sum(one.created for one in started) == 1
    assert len({one.action.id for one in started}) == 1
    first = started[0].action
    assert (await acts.bulk.start(retry(**FAILED), COMMAND, other)).action.id != first.id
    with pytest.raises(IdempotencyMismatch):
        await acts.bulk.start(retry(), COMMAND, IdempotencyKey("o k", "2:b"))

    # The answer to a repeated request is the bulk action as it is, also when it has ended.
    ended = await carried_out(acts, first, store)
    again = await acts.bulk.start(retry(**FAILED), COMMAND, key)
    assert (again.action, again.created) == (ended, False)


async def test_a_repeated_start_counts_nothing_and_starts_beyond_no_limit(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = IdempotencyKey("k", "2:a")
    first = await acts.bulk.start(retry(), COMMAND, key)
    monkeypatch.setattr(bulk_acts, "MAX_OPEN", 1)
    assert await acts.bulk.start(retry(), COMMAND, key) == replace(first, created=False)
    with pytest.raises(BulkActionNotFound):
        await acts.bulk.start(retry(), _limited_to("other"), key)


async def test_they_are_deleted_after_their_time(place: Place, acts: Acts, store: Store) -> None:
    ended = await carried_out(acts, (await acts.bulk.start(retry(), COMMAND)).action, store)
    still_open = (await acts.bulk.start(retry(), COMMAND)).action
    assert ended.ended_at is not None
    place.clock.forward(10)
    assert await acts.bulk.prune(store.now(), 9) == 1
    assert await acts.bulk.list(9, None, COMMAND.principal) == [still_open]


async def test_the_facts(acts: Acts, store: Store) -> None:
    told: list[Fact] = []
    await given.failed(store)
    acts.facts.subscribe(told.append)
    await carried_out(acts, (await acts.bulk.start(retry(), COMMAND)).action, store)
    moves = [fact for fact in told if isinstance(fact, BulkActionMoved)]
    assert [(one.before is None, one.after.state, one.after.done) for one in moves] == [
        (True, BulkState.RUNNING, 0),
        (False, BulkState.RUNNING, 1),
        (False, BulkState.DONE, 1),
    ]


@pytest.mark.parametrize("query", [{"newer": "x"}, {**FAILED, "newer": "x"}, {"status": ["NEWER"]}])
async def test_a_filter_of_a_newer_version_is_not_left_out(acts: Acts, store: Store, query: dict[str, object]) -> None:
    failed = await given.failed(store)
    action = (await acts.bulk.start(NewBulkAction(BulkKind.DELETE, {}), COMMAND)).action
    newer = replace(action, query=query)
    assert await store.save_bulk_action(newer)
    for _ in range(2):
        [found] = await store.open_bulk_actions()
        after = await acts.bulk_groups.act(found, "w1")
        assert after is not None
        assert (after.state, after.waits_for, after.handled) == (BulkState.RUNNING, "unknown_filter", 0)
    assert await given.stored(store, failed.id) == failed

    await acts.bulk.abort(action.id, COMMAND)
    [found] = await store.open_bulk_actions()
    ended = await acts.bulk_groups.act(found, "w1")
    assert ended is not None
    assert (ended.state, ended.waits_for) == (BulkState.ABORTED, None)


async def test_one_bulk_action_that_fails_does_not_hold_up_the_others(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = [(await acts.bulk.start(NewBulkAction(BulkKind.DELETE, FAILED), COMMAND)).action for _ in range(2)]
    act = acts.bulk_groups.act

    async def sometimes(action: BulkAction, runner: str) -> BulkAction | None:
        if action.id == broken.id:
            raise RuntimeError("a fault that nobody thought of")
        return await act(action, runner)

    monkeypatch.setattr(acts.bulk_groups, "act", sometimes)
    await BulkRunner(acts, store, "w1").tick()
    assert [one.id for one in await store.open_bulk_actions()] == [broken.id]
    ended = await store.get_bulk_action(sound.id)
    assert ended is not None
    assert ended.state is BulkState.DONE
