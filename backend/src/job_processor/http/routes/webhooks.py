"""Webhooks: standing endpoints, and the secret for webhooks of jobs."""

from starlette.requests import Request
from starlette.responses import Response

from job_processor.acts.webhook_endpoints import MadeEndpoint, NewEndpoint
from job_processor.core.errors import EndpointNotFound
from job_processor.core.ids import is_job_id
from job_processor.core.job import WebhookEvent
from job_processor.core.webhooks import Endpoint
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.access import Needs, principal_of
from job_processor.http.answer import answer
from job_processor.http.body import read_json
from job_processor.http.context import Context
from job_processor.http.mirror import converter
from job_processor.http.openapi import JOB_ID, Answer, Operation, Param
from job_processor.http.problems import invalid
from job_processor.http.routes.shared import BODY_PROBLEMS
from job_processor.http.routes.webhook_deliveries import shown
from job_processor.http.webhook_urls import check_url

_endpoint = converter(Endpoint, s.EndpointOut, render.time_out)
_made = converter(Endpoint, s.MadeEndpointOut, render.time_out)


async def list_endpoints(context: Context, request: Request) -> Response:
    return answer([_endpoint(one) for one in await context.acts.webhooks.all()])


async def get_endpoint(context: Context, request: Request) -> Response:
    return answer(_endpoint(await context.acts.webhooks.get(_endpoint_id(request))))


async def create_endpoint(context: Context, request: Request) -> Response:
    new = await _read(context, request)
    return _answer(await context.acts.webhooks.create(new, context.requester(request)))


async def change_endpoint(context: Context, request: Request) -> Response:
    endpoint_id, new = _endpoint_id(request), await _read(context, request)
    return answer(_endpoint(await context.acts.webhooks.change(endpoint_id, new, context.requester(request))))


async def delete_endpoint(context: Context, request: Request) -> Response:
    await context.acts.webhooks.delete(_endpoint_id(request), context.requester(request))
    return Response(status_code=204)


async def rotate(context: Context, request: Request) -> Response:
    sent = await read_json(request, s.RotateRequest, optional=True)
    by = context.requester(request)
    return _answer(await context.acts.webhooks.rotate(_endpoint_id(request), sent.overlap_seconds, by))


async def enable(context: Context, request: Request) -> Response:
    return answer(_endpoint(await context.acts.webhooks.enable(_endpoint_id(request), context.requester(request))))


async def disable(context: Context, request: Request) -> Response:
    return answer(_endpoint(await context.acts.webhooks.disable(_endpoint_id(request), context.requester(request))))


async def test(context: Context, request: Request) -> Response:
    made = await context.acts.webhooks.test(_endpoint_id(request), context.requester(request))
    return answer(shown(made), 201, {"location": f"/webhook-deliveries/{made.id}"})


async def signing_secret(context: Context, request: Request) -> Response:
    secrets = context.acts.webhooks.of_owner(principal_of(request).owner)
    return answer(s.SigningSecretsOut(secrets=list(secrets)))


async def _read(context: Context, request: Request) -> NewEndpoint:
    sent = await read_json(request, s.EndpointRequest)
    check_url("url", sent.url, allow_private=context.webhook_private_addresses)
    unknown = set(sent.flows or ()) - context.flows.keys()
    if unknown:
        raise invalid("flows", f"must be of: {', '.join(sorted(context.flows))}")
    return NewEndpoint(
        url=sent.url,
        events=tuple(dict.fromkeys(sent.events or WebhookEvent)),
        flows=None if sent.flows is None else tuple(dict.fromkeys(sent.flows)),
        description=sent.description.strip(),
    )


def _answer(made: MadeEndpoint) -> Response:
    location = {"location": f"/webhook-endpoints/{made.endpoint.id}"}
    return answer(_made(made.endpoint, secret=made.secret), 201, location)


def _endpoint_id(request: Request) -> str:
    value = request.path_params["id"]
    if not isinstance(value, str) or not is_job_id(value):
        raise EndpointNotFound
    return value


_ENDPOINT = Param("id", "path", "the endpoint's id", JOB_ID.schema)
OPERATIONS = (
    Operation(
        "GET",
        "/webhook-endpoints",
        "listWebhookEndpoints",
        Needs.ADMIN,
        "List the standing endpoints of webhooks, newest first",
        list_endpoints,
        {200: Answer("every endpoint", s.EndpointOut, many=True)},
        problems=(503,),
    ),
    Operation(
        "POST",
        "/webhook-endpoints",
        "createWebhookEndpoint",
        Needs.ADMIN,
        "Create an endpoint: it is notified of the ends of jobs",
        create_endpoint,
        {201: Answer("the endpoint; its secret is shown this once", s.MadeEndpointOut)},
        body=s.EndpointRequest,
        problems=(*BODY_PROBLEMS, 409, 503),
    ),
    Operation(
        "GET",
        "/webhook-endpoints/{id}",
        "getWebhookEndpoint",
        Needs.ADMIN,
        "One endpoint, without its secret",
        get_endpoint,
        {200: Answer("the endpoint", s.EndpointOut)},
        params=(_ENDPOINT,),
        problems=(404, 503),
    ),
    Operation(
        "PUT",
        "/webhook-endpoints/{id}",
        "changeWebhookEndpoint",
        Needs.ADMIN,
        "Change an endpoint: every field is replaced; its secret stays",
        change_endpoint,
        {200: Answer("the endpoint", s.EndpointOut)},
        body=s.EndpointRequest,
        params=(_ENDPOINT,),
        problems=(*BODY_PROBLEMS, 404, 503),
    ),
    Operation(
        "DELETE",
        "/webhook-endpoints/{id}",
        "deleteWebhookEndpoint",
        Needs.ADMIN,
        "Delete an endpoint; what was not delivered to it is given up",
        delete_endpoint,
        {204: Answer("deleted")},
        params=(_ENDPOINT,),
        problems=(404, 503),
    ),
    Operation(
        "POST",
        "/webhook-endpoints/{id}/rotate",
        "rotateWebhookEndpoint",
        Needs.ADMIN,
        "Give an endpoint a new secret; the old one signs too until an overlap is over",
        rotate,
        {201: Answer("the endpoint; its new secret is shown this once", s.MadeEndpointOut)},
        body=s.RotateRequest,
        body_required=False,
        params=(_ENDPOINT,),
        problems=(*BODY_PROBLEMS, 404, 409, 503),
    ),
    Operation(
        "POST",
        "/webhook-endpoints/{id}/enable",
        "enableWebhookEndpoint",
        Needs.ADMIN,
        "Enable a disabled endpoint: it is notified of ends from now on",
        enable,
        {200: Answer("the endpoint", s.EndpointOut)},
        params=(_ENDPOINT,),
        problems=(404, 503),
    ),
    Operation(
        "POST",
        "/webhook-endpoints/{id}/disable",
        "disableWebhookEndpoint",
        Needs.ADMIN,
        "Disable an endpoint; what was not delivered to it is given up, and can be replayed",
        disable,
        {200: Answer("the endpoint", s.EndpointOut)},
        params=(_ENDPOINT,),
        problems=(404, 503),
    ),
    Operation(
        "POST",
        "/webhook-endpoints/{id}/test",
        "testWebhookEndpoint",
        Needs.ADMIN,
        "Send a test notice to an endpoint (`webhook.test`)",
        test,
        {201: Answer("the delivery; Location is its address", s.DeliveryOut)},
        params=(_ENDPOINT,),
        problems=(404, 409, 503),
    ),
    Operation(
        "GET",
        "/webhook-secret",
        "getWebhookSecret",
        Needs.SUBMIT,
        "The secret that signs the webhooks of the jobs that you submit",
        signing_secret,
        {200: Answer("the secrets; the same ones each time", s.SigningSecretsOut)},
    ),
)
