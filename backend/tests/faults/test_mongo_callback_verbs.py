"""The verbs of kept callbacks under every fault of network and replica set."""

import pytest

from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.inbox import Callback, CallbackContent
from job_processor.store.base import InboxQuery
from tests.faults.mongo_places import Harmed
from tests.faults.mongo_proxy import WRITES
from tests.faults.under_faults import ON_WRITES, Fault, done, here, under_each
from tests.store_suite import given

__all__ = ["here"]

pytestmark = [
    pytest.mark.mongo,
    pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning"),
]


def _late(now: int) -> Callback:
    return Callback(given.new_id(now), now, now, CallbackVerdict.LATE, CallbackContent.RESULT, "r", "0" * 24)


@under_each(ON_WRITES)
async def test_keep(here: Harmed, fault: Fault) -> None:
    """Kept once, whatever became of the answers; a delivery whose answer was lost may be counted again."""
    first, second = _late(here.store.now()), _late(here.store.now())
    here.proxy.order(fault[0], WRITES, fault[1])
    assert await here.store.keep_callback(first) == first.id
    done(here, fault)
    here.proxy.order(fault[0], WRITES, fault[1])
    assert await here.store.keep_callback(second) == first.id
    here.proxy.clear()
    [only] = await here.truth.list_callbacks(InboxQuery())
    assert only.callback.id == first.id
    assert only.callback.deliveries >= 2


@under_each(ON_WRITES)
async def test_reject_callback(here: Harmed, fault: Fault) -> None:
    callback = _late(here.truth.now())
    await here.truth.keep_callback(callback)
    here.proxy.order(fault[0], WRITES, fault[1])
    await here.store.reject_callback(callback.id)
    done(here, fault)
    kept = await here.truth.get_callback(callback.id)
    assert kept is not None
    assert kept.verdict is CallbackVerdict.REJECTED


@under_each(ON_WRITES)
async def test_set_callback_verdict_and_prune_callbacks(here: Harmed, fault: Fault) -> None:
    callback = _late(here.truth.now())
    await here.truth.keep_callback(callback)
    here.proxy.order(fault[0], WRITES, fault[1])
    await here.store.set_callback_verdict(callback.id, CallbackVerdict.ACCEPTED, "1" * 24)
    done(here, fault)
    kept = await here.truth.get_callback(callback.id)
    assert kept is not None
    assert (kept.verdict, kept.job_id) == (CallbackVerdict.ACCEPTED, "1" * 24)
    here.proxy.order(fault[0], WRITES, fault[1])
    await here.store.prune_callbacks(here.store.now() + 60_000, 10)
    here.proxy.clear()
    assert await here.truth.get_callback(callback.id) is None
