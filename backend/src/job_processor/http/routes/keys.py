"""API keys: create, list, get, rotate, revoke."""

import re

from starlette.requests import Request
from starlette.responses import Response

from job_processor.acts.api_keys import MadeKey, NewKey
from job_processor.core.access import ApiKey
from job_processor.core.errors import KeyNotFound
from job_processor.core.key_text import ID_LENGTH
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.access import Needs
from job_processor.http.answer import answer
from job_processor.http.body import read_json
from job_processor.http.context import Context
from job_processor.http.mirror import converter
from job_processor.http.openapi import Answer, Operation, Param
from job_processor.http.problems import invalid
from job_processor.http.routes.shared import BODY_PROBLEMS

_ID = re.compile(f"[0-9a-z]{{{ID_LENGTH}}}")
_shown = converter(ApiKey, s.KeyOut, render.time_out)
_made = converter(ApiKey, s.MadeKeyOut, render.time_out)


async def list_keys(context: Context, request: Request) -> Response:
    return answer([_shown(key) for key in await context.acts.api_keys.all()])


async def get(context: Context, request: Request) -> Response:
    return answer(_shown(await context.acts.api_keys.get(_key_id(request))))


async def create(context: Context, request: Request) -> Response:
    sent = await read_json(request, s.KeyRequest)
    if not sent.name.strip():
        raise invalid("name", "must not be blank")
    unknown = set(sent.flows or ()) - context.flows.keys()
    if unknown:
        raise invalid("flows", f"must be of: {', '.join(sorted(context.flows))}")
    new = NewKey(
        name=sent.name.strip(),
        rights=frozenset(sent.rights),
        flows=None if sent.flows is None else frozenset(sent.flows),
        expires_at=None if sent.expires_at is None else render.time_in("expiresAt", sent.expires_at),
        rate_per_minute=sent.rate_per_minute,
    )
    return _answer(await context.acts.api_keys.create(new, context.requester(request)))


async def rotate(context: Context, request: Request) -> Response:
    sent = await read_json(request, s.RotateRequest, optional=True)
    by = context.requester(request)
    return _answer(await context.acts.api_keys.rotate(_key_id(request), sent.overlap_seconds, by))


async def revoke(context: Context, request: Request) -> Response:
    await context.acts.api_keys.revoke(_key_id(request), context.requester(request))
    return Response(status_code=204)


def _answer(made: MadeKey) -> Response:
    return answer(_made(made.key, key=made.text), 201, {"location": f"/keys/{made.key.id}"})


def _key_id(request: Request) -> str:
    value = request.path_params["id"]
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise KeyNotFound
    return value


_KEY = Param("id", "path", "the key's id", {"type": "string", "pattern": f"^[0-9a-z]{{{ID_LENGTH}}}$"})
OPERATIONS = (
    Operation(
        "GET",
        "/keys",
        "listKeys",
        Needs.ADMIN,
        "List the API keys, newest first",
        list_keys,
        {200: Answer("every key, those that ended too", s.KeyOut, many=True)},
        problems=(503,),
    ),
    Operation(
        "POST",
        "/keys",
        "createKey",
        Needs.ADMIN,
        "Create an API key",
        create,
        {201: Answer("the key; its text is shown this once", s.MadeKeyOut)},
        body=s.KeyRequest,
        problems=(*BODY_PROBLEMS, 409, 503),
    ),
    Operation(
        "GET",
        "/keys/{id}",
        "getKey",
        Needs.ADMIN,
        "One API key, without its secret",
        get,
        {200: Answer("the key", s.KeyOut)},
        params=(_KEY,),
        problems=(404, 503),
    ),
    Operation(
        "POST",
        "/keys/{id}/rotate",
        "rotateKey",
        Needs.ADMIN,
        "Create a key in place of an old one, which ends after an overlap",
        rotate,
        {201: Answer("the new key; its text is shown this once", s.MadeKeyOut)},
        body=s.RotateRequest,
        body_required=False,
        params=(_KEY,),
        problems=(*BODY_PROBLEMS, 404, 409, 503),
    ),
    Operation(
        "DELETE",
        "/keys/{id}",
        "revokeKey",
        Needs.ADMIN,
        "Revoke an API key: it ends at once, and with it its sessions and event streams",
        revoke,
        {204: Answer("revoked")},
        params=(_KEY,),
        problems=(404, 503),
    ),
)
