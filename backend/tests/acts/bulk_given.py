"""Acts with bulk actions over a store of one flow and another, and a bulk action carried out to its end."""

import pytest

from job_processor.acts import Acts, acts_over
from job_processor.acts.bulk import NewBulkAction
from job_processor.acts.flow_table import FlowTable
from job_processor.core.access import Principal, PrincipalKind, Requester, Right
from job_processor.core.bulk import BulkAction, BulkKind
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.permits import Limits
from job_processor.http.job_filters import stored_query
from job_processor.store.base import Store
from tests.store_suite import given

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


def limited_to(*flows: str) -> Requester:
    rights = frozenset({Right.OPERATE, Right.SUBMIT})
    return Requester(Principal(PrincipalKind.KEY, "k1", "", rights, frozenset(flows), "k1"))
