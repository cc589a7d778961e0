"""The number of jobs that match, and their groups."""

from dataclasses import replace
from typing import Annotated

from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.access import Principal
from job_processor.core.job import FINAL, State
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.access import Needs, principal_of
from job_processor.http.answer import answer
from job_processor.http.client_gone import cancel_on_disconnect
from job_processor.http.context import Context
from job_processor.http.job_filters import JobFilters
from job_processor.http.openapi import Answer, Operation
from job_processor.http.query import parse, value_hint
from job_processor.store.base import GroupBy, Query

MAX_COUNT = 10_000
"""Maximum number of jobs that are counted, or put into groups."""
_STATES = {GroupBy.ERROR: frozenset({State.FAILED}), GroupBy.VERDICT: FINAL}
"""The states of the jobs that are put into groups, unless the filters name some."""


class GroupsQuery(JobFilters, frozen=True, rename="camel"):
    """Filters of the jobs that are put into groups."""

    by: Annotated[
        GroupBy | None,
        Meta(
            description="by what; of error only FAILED jobs unless the filters name a status",
            extra=value_hint(f"must be one of: {', '.join(GroupBy)}"),
        ),
    ] = None

    def group_by(self) -> GroupBy:
        return GroupBy.ERROR if self.by is None else self.by

    def store_query(self, principal: Principal, now: int) -> Query:
        query = self.filters(MAX_COUNT, principal, now)
        return query if query.states else replace(query, states=_STATES.get(self.group_by(), frozenset()))


async def count_jobs(context: Context, request: Request) -> Response:
    filters = parse(request.query_params, JobFilters)
    query = filters.filters(MAX_COUNT + 1, principal_of(request), context.store.now())
    found = await cancel_on_disconnect(request, context.store.count_by_state(query))
    count = sum(found.values())
    by_status = {state.value: found[state] for state in State if state in found}
    complete = context.store.is_searchable()
    return answer(
        s.JobCount(count=min(count, MAX_COUNT), more=count > MAX_COUNT, by_status=by_status, complete=complete)
    )


async def group_jobs(context: Context, request: Request) -> Response:
    wanted = parse(request.query_params, GroupsQuery)
    query = wanted.store_query(principal_of(request), context.store.now())
    found = await cancel_on_disconnect(request, context.store.groups(query, wanted.group_by()))
    groups = [
        s.JobGroup(
            value=one.value,
            flow=one.flow,
            count=one.count,
            since=render.time_out(one.since),
            until=render.time_out(one.until),
            example=one.example,
            cost_micros=one.cost,
        )
        for one in found.groups
    ]
    return answer(s.JobGroups(groups=groups, more=found.more, currency=context.acts.flows.currency))


OPERATIONS = (
    Operation(
        "GET",
        "/jobs/count",
        "countJobs",
        Needs.READ,
        "Count jobs, in all and by status",
        count_jobs,
        {200: Answer("how many jobs match", s.JobCount)},
        query=JobFilters,
        problems=(422, 503),
    ),
    Operation(
        "GET",
        "/jobs/groups",
        "groupJobs",
        Needs.READ,
        "Jobs in groups, by error, flow, tag, verdict or key",
        group_jobs,
        {200: Answer("the largest groups", s.JobGroups)},
        query=GroupsQuery,
        problems=(422, 503),
    ),
)
