"""groups: jobs that a search finds, counted by a field."""

from dataclasses import replace

from job_processor.core.cost import Prices
from job_processor.core.flow import FlowRules
from job_processor.core.job import Usage
from job_processor.core.outcome import Succeeded
from job_processor.core.search import parse
from job_processor.store.base import Group, GroupBy, Query, Store, with_search
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock

G = FlowRules("g")


async def test_groups_are_of_the_same_jobs_as_the_list(store: Store, clock: Clock) -> None:
    first = await given.failed(store)
    clock.forward(1_000)
    second = await given.failed(store)
    other = await given.failed(store, G)
    done = await given.completed(store, "p", "r", G)
    tagged = await given.added(store, tags=("eu", "b", "eu"))

    async def groups(by: GroupBy, search: str = "", limit: int = 100) -> list[Group]:
        asked = with_search(Query(limit=limit), parse(search), store.now())
        return list((await store.groups(asked, by)).groups)

    ended = (first.finished_at, second.finished_at, other.finished_at)
    assert await groups(GroupBy.ERROR) == [
        Group("bad", "f", 2, ended[0] or 0, ended[1] or 0, second.id),
        Group("bad", "g", 1, ended[2] or 0, ended[2] or 0, other.id),
    ]
    assert [(one.flow, one.count) for one in await groups(GroupBy.ERROR, "flow:g")] == [("g", 1)]
    assert [(one.value, one.count, one.example) for one in await groups(GroupBy.FLOW)] == [
        ("f", 3, tagged.id),
        ("g", 2, done.id),
    ]
    assert [(one.value, one.flow, one.count) for one in await groups(GroupBy.TAG)] == [("b", None, 1), ("eu", None, 1)]
    assert await groups(GroupBy.VERDICT) == await groups(GroupBy.ERROR, "nothing") == []
    assert (await store.groups(Query(limit=2), GroupBy.FLOW)).more
    assert not (await store.groups(Query(limit=5), GroupBy.FLOW)).more


async def test_groups_by_key_leave_out_jobs_without_one_and_have_what_they_cost(store: Store) -> None:
    rules = replace(RULES, prices=Prices(1_000_000, 1_000_000))
    made = []
    for key, tokens in (("a", 3), ("a", None), ("b", 7), ("a", 4), (None, 9), ("b", None), ("c", None)):
        await given.added(store, key_of=key)
        job = await given.claimed(store)
        usage = None if tokens is None else Usage(1, tokens - 1)
        made.append(await given.moved(store, job, given.says(job, Succeeded("r", usage=usage)), rules))

    found = await store.groups(Query(limit=100), GroupBy.KEY)
    assert [(one.value, one.flow, one.count, one.cost, one.example) for one in found.groups] == [
        ("a", None, 3, 7, made[3].id),
        ("b", None, 2, 7, made[5].id),
        ("c", None, 1, None, made[6].id),
    ]
    assert not found.more
    assert [one.cost for one in (await store.groups(Query(limit=100), GroupBy.FLOW)).groups] == [23]
    newest = await store.groups(Query(limit=3), GroupBy.KEY)
    assert ([(one.value, one.count) for one in newest.groups], newest.more) == ([("b", 1), ("c", 1)], True)
    asked = with_search(Query(limit=100), parse("key:b"), store.now())
    assert [(one.value, one.count) for one in (await store.groups(asked, GroupBy.KEY)).groups] == [("b", 2)]
