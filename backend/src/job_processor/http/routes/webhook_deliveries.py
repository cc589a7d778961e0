"""Deliveries of webhooks: listed, shown and replayed."""

from typing import Annotated

from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.errors import DeliveryNotFound
from job_processor.core.ids import is_job_id
from job_processor.core.webhooks import Delivery, DeliveryState
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.access import Needs, principal_of
from job_processor.http.answer import answer, answer_list
from job_processor.http.context import Context
from job_processor.http.mirror import converter
from job_processor.http.openapi import JOB_ID, Answer, Operation, Param
from job_processor.http.paging import Page, next_page
from job_processor.http.query import parse, value_hint
from job_processor.store.base import DeliveryQuery

_delivery = converter(Delivery, s.DeliveryOut, render.time_out, computed=("url",))
_whole = converter(Delivery, s.DeliveryWhole, render.time_out, computed=("url",))
_ID = value_hint("must be 24 hex digits")
Id = Annotated[str, Meta(pattern="^[0-9a-f]{24}$", extra=_ID)]


class DeliveriesQuery(Page, frozen=True, rename="camel"):
    """Filters of the list of deliveries."""

    job_id: Annotated[Id | None, Meta(description="about this job")] = None
    endpoint_id: Annotated[Id | None, Meta(description="to this endpoint")] = None
    state: Annotated[
        tuple[DeliveryState, ...], Meta(description="one or more states (repeat it, or separate by commas)")
    ] = ()


async def list_deliveries(context: Context, request: Request) -> Response:
    sent = parse(request.query_params, DeliveriesQuery)
    query = DeliveryQuery(
        limit=sent.limit,
        before=sent.before,
        job_id=sent.job_id,
        endpoint_id=sent.endpoint_id,
        states=frozenset(sent.state),
        flows=principal_of(request).flows,
    )
    found = await context.store.list_deliveries(query)
    made, more = answer_list(((one.id, shown(one)) for one in found), query.limit)
    if more is not None:
        made.headers["link"] = next_page("/webhook-deliveries", request.query_params, more)
    return made


async def get_delivery(context: Context, request: Request) -> Response:
    found = await context.store.get_delivery(_delivery_id(request), principal_of(request).flows)
    if found is None:
        raise DeliveryNotFound
    return answer(_whole(found, url=render.without_query(found.url), message_id=found.message_id))


async def replay(context: Context, request: Request) -> Response:
    return answer(shown(await context.acts.deliveries.replay(_delivery_id(request), context.requester(request))))


def shown(delivery: Delivery) -> s.DeliveryOut:
    return _delivery(delivery, url=render.without_query(delivery.url), message_id=delivery.message_id)


def _delivery_id(request: Request) -> str:
    value = request.path_params["id"]
    if not isinstance(value, str) or not is_job_id(value):
        raise DeliveryNotFound
    return value


_DELIVERY = Param("id", "path", "the delivery's id", JOB_ID.schema)
OPERATIONS = (
    Operation(
        "GET",
        "/webhook-deliveries",
        "listWebhookDeliveries",
        Needs.READ,
        "List the deliveries of webhooks, newest first",
        list_deliveries,
        {200: Answer("a page; Link leads to the next", s.DeliveryOut, many=True)},
        query=DeliveriesQuery,
        problems=(422, 503),
    ),
    Operation(
        "GET",
        "/webhook-deliveries/{id}",
        "getWebhookDelivery",
        Needs.READ,
        "One delivery, with the body that is sent",
        get_delivery,
        {200: Answer("the delivery", s.DeliveryWhole)},
        params=(_DELIVERY,),
        problems=(404, 503),
    ),
    Operation(
        "POST",
        "/webhook-deliveries/{id}/replay",
        "replayWebhookDelivery",
        Needs.OPERATE,
        "Send a delivery again, now, with the same id and body",
        replay,
        {200: Answer("the delivery, pending", s.DeliveryOut)},
        params=(_DELIVERY,),
        problems=(404, 503),
    ),
)
