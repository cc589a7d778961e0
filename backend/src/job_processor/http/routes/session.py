"""The session of the page: sign in with a key, see who one is, sign out.

A browser's EventSource cannot send a key in a header, and a key in the page's storage could be read by any script. So
the page exchanges the key for a cookie that scripts cannot read (``http.access.SESSION_COOKIE``), and drops the key.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.access import Principal
from job_processor.http import models as s
from job_processor.http import render, session_cookie
from job_processor.http.access import Auth, Needs, principal_of
from job_processor.http.answer import answer
from job_processor.http.body import read_json
from job_processor.http.context import Context
from job_processor.http.openapi import Answer, Operation
from job_processor.http.problems import RequestRefused
from job_processor.http.query import parse, value_hint
from job_processor.http.routes.shared import BODY_PROBLEMS
from job_processor.http.routes.sign_in import START_PATH
from job_processor.http.scope_keys import PRINCIPAL

_EVERYWHERE = value_hint("must be true or false")


class SignOutQuery(msgspec.Struct, frozen=True, rename="camel"):
    everywhere: Annotated[
        str,
        Meta(pattern="^(true|false)$", description="`true`: end all sessions of this key or person", extra=_EVERYWHERE),
    ] = "false"


async def who(context: Context, request: Request) -> Response:
    return answer(_who(context, principal_of(request)))


async def ways(context: Context, request: Request) -> Response:
    offered = []
    if context.gate.auth is Auth.KEYS:
        offered.append(s.SignInWay(kind="key", name="API key", path="/session"))
    if context.people is not None:
        offered.append(s.SignInWay(kind="oidc", name=context.people.name, path=START_PATH))
    return answer(s.SignInWaysOut(auth=context.gate.auth.value, ways=offered))


async def sign_in(context: Context, request: Request) -> Response:
    sent = await read_json(request, s.SignIn)
    if context.gate.auth is not Auth.KEYS:
        raise RequestRefused(409, "no_login", "This server has no login; nothing is needed to use it.")
    try:
        # From here on this principal is the requester.
        principal = request.scope[PRINCIPAL] = await context.gate.of_key(request.scope, sent.key.strip().encode())
    except RequestRefused as refused:
        context.gate.note_refusal(request.scope, "POST /session", refused.code)
        raise
    opened = await context.acts.sessions.open(context.requester(request), context.gate.session_in(request.scope))
    return answer(_who(context, principal), 201, {"set-cookie": session_cookie.of_session(opened)})


async def sign_out(context: Context, request: Request) -> Response:
    everywhere = parse(request.query_params, SignOutQuery).everywhere == "true"
    await context.acts.sessions.close(context.requester(request), everywhere=everywhere)
    return Response(status_code=204, headers={"set-cookie": session_cookie.END_OF_SESSION})


def _who(context: Context, principal: Principal) -> s.SessionOut:
    return s.SessionOut(
        auth=context.gate.auth.value,
        kind=principal.kind,
        id=principal.id,
        name=principal.name,
        rights=sorted(principal.rights),
        flows=None if principal.flows is None else sorted(principal.flows),
        expires_at=render.maybe_time(principal.expires_at),
    )


OPERATIONS = (
    Operation(
        "GET",
        "/session",
        "getSession",
        Needs.PRINCIPAL,
        "Who one is, and what one may do",
        who,
        {200: Answer("the principal of the request", s.SessionOut)},
        problems=(503,),
    ),
    Operation(
        "GET",
        "/session/ways",
        "getSignInWays",
        Needs.NOTHING,
        "How one can sign in",
        ways,
        {200: Answer("the ways of signing in, for the page to offer", s.SignInWaysOut)},
    ),
    Operation(
        "POST",
        "/session",
        "signIn",
        Needs.NOTHING,
        "Sign in on the page: change an API key for a session cookie",
        sign_in,
        {201: Answer("signed in; Set-Cookie has the session", s.SessionOut)},
        body=s.SignIn,
        problems=(*BODY_PROBLEMS, 401, 409, 503),
    ),
    Operation(
        "DELETE",
        "/session",
        "signOut",
        Needs.PRINCIPAL,
        "Sign out",
        sign_out,
        {204: Answer("the session has ended")},
        query=SignOutQuery,
        problems=(503,),
    ),
)
