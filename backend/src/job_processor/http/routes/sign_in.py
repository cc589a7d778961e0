"""Sign-in with an identity provider: the browser is redirected there, and back with a code.

A browser opens both addresses, so both answer with a redirect, and the page shows what went wrong. The session cookie
stays SameSite=Strict: the page that the last redirect leads to is loaded without it, and then sends same-site requests
with it. Only the cookie of the running sign-in is SameSite=Lax, because the redirect back comes from the provider's
site.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from job_processor.http import session_cookie
from job_processor.http.access import Needs, check_role
from job_processor.http.context import Context
from job_processor.http.openapi import Answer, Operation
from job_processor.http.problems import RequestRefused, refusal
from job_processor.http.query import parse, value_hint
from job_processor.http.scope_keys import PRINCIPAL, ROUTE
from job_processor.oidc.base import AuthorizationResponse, People
from job_processor.oidc.errors import ProviderUnavailable, SignInRefused
from job_processor.oidc.options import CALLBACK_PATH
from job_processor.oidc.pending_sign_in import LIFE_SECONDS

START_PATH = "/session/oidc/start"
COOKIE = "__Host-jp_sign_in"
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"
_GONE = f"{COOKIE}=; Max-Age=0; {_ATTRIBUTES}"
FAILED_PATH = "/ui/sign-in"
_PAGE_PATH = value_hint("must be a path of the page, like /ui/jobs")


class StartQuery(msgspec.Struct, frozen=True, rename="camel"):
    back_to: Annotated[
        str,
        Meta(
            pattern=r"^/ui/[!-\[\]-~]{0,1000}$",
            description="the path of the page to come back to",
            extra=_PAGE_PATH,
        ),
    ] = "/ui/"


async def start(context: Context, request: Request) -> Response:
    people = _people(context)
    back_to = parse(request.query_params, StartQuery).back_to
    try:
        begun = await people.begin(back_to, context.gate.session_in(request.scope))
    except ProviderUnavailable as error:
        return _failed(context, request, refusal(error).code)
    cookie = f"{COOKIE}={begun.cookie}; Max-Age={LIFE_SECONDS}; {_ATTRIBUTES}"
    return RedirectResponse(begun.address, 303, {"set-cookie": cookie})


async def finish(context: Context, request: Request) -> Response:
    people = _people(context)
    sent = request.query_params
    # Providers add parameters of their own (session_state, authuser), which are ignored.
    returned = AuthorizationResponse(*(sent.get(name, "") for name in ("code", "state", "iss", "error")))
    try:
        known = await people.end(returned, request.cookies.get(COOKIE, ""))
        # From here on this person is the requester.
        request.scope[PRINCIPAL] = known.principal
        check_role(known.principal)
    except (SignInRefused, ProviderUnavailable, RequestRefused) as error:
        return _failed(context, request, error.code if isinstance(error, SignInRefused) else refusal(error).code)
    opened = await context.acts.sessions.open(context.requester(request), known.replaces)
    response = RedirectResponse(known.back_to, 303, {"set-cookie": session_cookie.of_session(opened)})
    response.headers.append("set-cookie", _GONE)
    return response


def _people(context: Context) -> People:
    if context.people is None:
        raise RequestRefused(404, "no_identity_provider", "This server has no identity provider (OIDC_ISSUER).")
    return context.people


def _failed(context: Context, request: Request, code: str) -> Response:
    """A redirect to the page, which shows what happened in its own words."""
    context.gate.note_refusal(request.scope, f"GET {request.scope[ROUTE]}", code)
    return RedirectResponse(f"{FAILED_PATH}?error={code}", 303, {"set-cookie": _GONE})


OPERATIONS = (
    Operation(
        "GET",
        START_PATH,
        "startSignIn",
        Needs.NOTHING,
        "Sign in with the identity provider: a link for the browser",
        start,
        {303: Answer("to the identity provider; to the page, with `error`, if it does not answer")},
        query=StartQuery,
        problems=(404,),
    ),
    Operation(
        "GET",
        CALLBACK_PATH,
        "finishSignIn",
        Needs.NOTHING,
        "The way back from the identity provider",
        finish,
        {303: Answer("to the page; Set-Cookie has the session, or the address has `error`")},
        problems=(404, 503),
        any_query=True,
    ),
)
