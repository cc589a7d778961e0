"""Who may start a bulk action, and how many; who may know of it; a repeated start."""

import asyncio
from dataclasses import replace

import pytest

from job_processor.acts import Acts
from job_processor.acts import bulk as bulk_acts
from job_processor.acts.bulk import NewBulkAction
from job_processor.core.access import COMMAND
from job_processor.core.bulk import BulkKind
from job_processor.core.errors import (
    BulkActionNotFound,
    IdempotencyMismatch,
    InvalidField,
    TooManyBulkActions,
)
from job_processor.core.job import State
from job_processor.store.base import IdempotencyKey, Store
from tests.acts.bulk_given import FAILED, OTHER, acts, carried_out, limited_to, retry
from tests.store_suite import given
from tests.support.stores import place, store

__all__ = ["acts", "place", "store"]


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


async def test_a_key_that_is_limited_to_flows_acts_on_its_jobs_alone(acts: Acts, store: Store) -> None:
    mine, others = await given.failed(store, OTHER), await given.failed(store)
    by = limited_to("other")
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
    of_other = (await acts.bulk.start(retry(), limited_to("other"))).action
    for by, seen in (
        (COMMAND, [of_other, of_all]),
        (limited_to("other"), [of_other]),
        (limited_to("other", "f"), [of_other]),
        (limited_to("f"), []),
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
        await acts.bulk.start(retry(), limited_to("other"), key)
