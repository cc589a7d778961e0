from tests.store_suite.conftest import clock, driver, patient, place, store

__all__ = ["clock", "driver", "patient", "place", "store"]
