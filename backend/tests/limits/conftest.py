from tests.store_suite.conftest import clock, driver, place, store
from tests.support.stores import patient

__all__ = ["clock", "driver", "patient", "place", "store"]
