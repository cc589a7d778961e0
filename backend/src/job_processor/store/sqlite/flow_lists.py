"""Lists that are limited to several flows: one query a flow along its index, newest first, and their pages merged.

A single query with ``flow IN (…)`` would either sort all jobs of these flows, or read all jobs of all others.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import apsw

from job_processor.store.base import Query, Summary
from job_processor.store.sqlite import queries


def list_jobs(query: Query) -> Callable[[apsw.Connection], Sequence[Summary]]:
    if query.flows is None:
        return queries.list_jobs(query)
    each = [queries.list_jobs(one) for one in _by_flow(query, query.flows)]

    def run(db: apsw.Connection) -> list[Summary]:
        found = [one for list_one in each for one in list_one(db)]
        return sorted(found, key=lambda one: one.id, reverse=True)[: query.limit]

    return run


def count_jobs(query: Query) -> Callable[[apsw.Connection], int]:
    if query.flows is None:
        return queries.count_jobs(query)
    each = [queries.count_jobs(one) for one in _by_flow(query, query.flows)]

    def run(db: apsw.Connection) -> int:
        return min(query.limit, sum(count_one(db) for count_one in each))

    return run


def _by_flow(query: Query, flows: frozenset[str]) -> Iterator[Query]:
    chosen = flows if query.flow is None else flows & {query.flow}
    return (replace(query, flow=flow, flows=None) for flow in sorted(chosen))
