"""Fixtures: a store of each driver."""

from tests.support.stores import place, store

__all__ = ["place", "store"]
