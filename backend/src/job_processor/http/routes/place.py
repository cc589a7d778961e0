"""The place of a job in the queue, and its expected start: ``GET /jobs/{id}/place``. It is counted only for this
request, never during a write."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.job import Job
from job_processor.core.place import MAX_AHEAD, THROUGHPUT_WINDOW_MS, ends_per_minute, expected_start
from job_processor.core.series import MINUTE, start_of
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.access import Needs
from job_processor.http.answer import answer
from job_processor.http.client_gone import cancel_on_disconnect
from job_processor.http.context import Context
from job_processor.http.openapi import JOB_ID, Answer, Operation
from job_processor.store.base import SeriesQuery


async def get_place(context: Context, request: Request) -> Response:
    return answer(await cancel_on_disconnect(request, _place_of(context, await context.job(request))))


async def _place_of(context: Context, job: Job) -> s.JobPlace:
    now = context.store.now()
    lately = SeriesQuery(MINUTE, start_of(MINUTE, now - THROUGHPUT_WINDOW_MS), now, MINUTE, frozenset({job.flow}))
    ahead, waits = await asyncio.gather(context.store.ahead(job, MAX_AHEAD), context.waits(job))
    if ahead is None:
        why = f"It is {job.state.value}." if waits is None else waits.detail
        return s.JobPlace(
            ahead=None,
            more=False,
            per_minute=None,
            expected_start=None,
            detail=f"The job has no place in the queue. {why}",
        )
    per_minute = ends_per_minute((await context.store.series(lately)).buckets, now)
    expected = expected_start(ahead.jobs, ahead.more, per_minute, waits, now)
    return s.JobPlace(
        ahead=ahead.jobs,
        more=ahead.more,
        per_minute=None if per_minute is None else round(per_minute, 2),
        expected_start=None if expected.at is None else render.time_out(expected.at),
        detail=expected.detail,
    )


OPERATIONS = (
    Operation(
        "GET",
        "/jobs/{id}/place",
        "getJobPlace",
        Needs.READ,
        "How many jobs are ahead of a waiting one, and when it is expected to start",
        get_place,
        {200: Answer("its place, or why it has none", s.JobPlace)},
        params=(JOB_ID,),
        problems=(404, 503),
    ),
)
