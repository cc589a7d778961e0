"""The life cycle's state machine with faults between the store and its database: it must not notice."""

import gc

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from tests import mongo_server
from tests.faults.mongo_places import QUICK
from tests.faults.mongo_proxy import READS, WRITES, Harm, MongoProxy
from tests.machine.machine import LifeCycle
from tests.machine.test_machine import CAMPAIGN, machine_settings
from tests.store_suite.places import Clock, MongoPlace, Place

# A read that is too slow or refused is not tried again: the machine would be told so, and rightly.
HARMS = [
    harm
    for harm in Harm
    if harm not in (Harm.HISTORY_LOST, Harm.HALF_OPEN, Harm.TIME_LIMIT, Harm.REFUSED, Harm.MAJORITY_BEHIND)
]


class OnHarmedMongo(LifeCycle):
    """Two processes behind one proxy."""

    async def make_place(self) -> Place:
        server = mongo_server.require()
        self.proxy = MongoProxy(server.address, delay=0.005)
        await self.proxy.start()
        return MongoPlace(server, Clock(), self.proxy.uri, QUICK)

    async def lose_place(self) -> None:
        self.proxy.clear()
        await super().lose_place()
        await self.proxy.stop()
        gc.collect()

    @precondition(lambda self: self.stores)
    @rule(harm=st.sampled_from(HARMS), times=st.integers(1, 3), writes=st.booleans())
    def something_breaks(self, harm: Harm, times: int, writes: bool) -> None:
        concern = harm in (Harm.CONCERN_TIMEOUT, Harm.CONCERN_TIME_LIMIT, Harm.CONCERN_STEPPED_DOWN)
        self.proxy.order(harm, WRITES if writes or concern else READS, times)


@pytest.mark.mongo
@pytest.mark.timeout(0 if CAMPAIGN else 300)
@pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning")
def test_the_life_cycle_through_a_proxy_that_does_harm() -> None:
    mongo_server.require()
    run_state_machine_as_test(OnHarmedMongo, settings=machine_settings(6, 30))
