from tests.store_suite.conftest import clock, driver, place, store

__all__ = ["clock", "driver", "place", "store"]
