"""Sessions of the page: list them, end one. An administrator sees and ends those of everybody."""

import re
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from job_processor.acts.sessions import LISTED, ends_at
from job_processor.core.access import Principal, PrincipalKind, Right, Session
from job_processor.core.errors import SessionNotFound
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.access import Needs, check_rights, principal_of
from job_processor.http.answer import answer
from job_processor.http.context import Context
from job_processor.http.openapi import Answer, Operation, Param
from job_processor.http.query import parse, value_hint

_ID = re.compile(r"[0-9a-f]{64}")
_EVERYONE = value_hint("must be true or false")


class SessionsQuery(msgspec.Struct, frozen=True, rename="camel"):
    everyone: Annotated[
        str,
        Meta(pattern="^(true|false)$", description="`true`: of all keys and persons (right `admin`)", extra=_EVERYONE),
    ] = "false"


async def list_sessions(context: Context, request: Request) -> Response:
    principal = principal_of(request)
    everyone = parse(request.query_params, SessionsQuery).everyone == "true"
    if everyone:
        check_rights(principal, Needs.ADMIN)
    found = await context.acts.sessions.of(None if everyone else principal)
    return answer([_shown(one, principal) for one in found])


async def end(context: Context, request: Request) -> Response:
    principal = principal_of(request)
    id_ = request.path_params["id"]
    if not isinstance(id_, str) or not _ID.fullmatch(id_):
        raise SessionNotFound
    await context.acts.sessions.end(id_, context.requester(request), anyones=principal.may(Right.ADMIN))
    return Response(status_code=204)


def _shown(session: Session, principal: Principal) -> s.ActiveSessionOut:
    return s.ActiveSessionOut(
        id=session.id,
        kind=PrincipalKind.PERSON if session.key_id is None else PrincipalKind.KEY,
        who=session.subject if session.key_id is None else session.key_id,
        name=session.name,
        address=session.address,
        created_at=render.time_out(session.created_at),
        seen_at=render.time_out(session.seen_at),
        expires_at=render.time_out(ends_at(session)),
        current=session.id == principal.session,
    )


OPERATIONS = (
    Operation(
        "GET",
        "/sessions",
        "listSessions",
        Needs.PRINCIPAL,
        "The sessions of the key or person that asks, newest first",
        list_sessions,
        {200: Answer(f"the newest {LISTED} at most", s.ActiveSessionOut, many=True)},
        query=SessionsQuery,
        problems=(503,),
    ),
    Operation(
        "DELETE",
        "/sessions/{id}",
        "endSession",
        Needs.PRINCIPAL,
        "End one session: one of one's own, or with the right `admin` any",
        end,
        {204: Answer("ended")},
        params=(Param("id", "path", "the session's id", {"type": "string", "pattern": "^[0-9a-f]{64}$"}),),
        problems=(404, 503),
    ),
)
