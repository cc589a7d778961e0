"""The ASGI application: routes from the table of operations, the built page under /ui/, middleware around both."""

import asyncio
import functools
import mimetypes
from collections.abc import Collection, Coroutine, Mapping
from pathlib import Path
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from job_processor.core.access import NOBODY
from job_processor.core.errors import (
    BulkActionNotFound,
    CallbackNotFound,
    DeliveryNotFound,
    EndpointNotFound,
    JobNotFound,
    KeyNotFound,
    MoveRefused,
    TooManyBulkActions,
)
from job_processor.http import problems
from job_processor.http.access import Auth, Gate, Needs
from job_processor.http.access_log import AccessLog
from job_processor.http.base_path import BasePathMiddleware
from job_processor.http.compression import CompressionMiddleware
from job_processor.http.context import Context
from job_processor.http.middleware import EdgeMiddleware, ProblemMiddleware
from job_processor.http.openapi import Handler, Operation, document
from job_processor.http.page import BuiltPage
from job_processor.http.query import check_names
from job_processor.http.routes import OPERATIONS
from job_processor.http.scope_keys import PRINCIPAL, ROUTE


def build(
    context: Context,
    page: Path,
    hosts: Collection[str],
    origins: Collection[str],
    base_path: str = "",
    *,
    access_log: bool = False,
) -> ASGIApp:
    """``page``: the folder of the built page; ``hosts`` and ``origins``: see ``EdgeMiddleware``; ``base_path``: see
    ``BasePathMiddleware``; empty: none."""

    async def describe(context: Context, request: Request) -> Response:
        return Response(await run_in_threadpool(_description, base_path), media_type="application/json")

    async def root(context: Context, request: Request) -> Response:
        return RedirectResponse("/ui/overview" if await _has_jobs(context) else "/ui/", 307)

    async def page_root(context: Context, request: Request) -> Response:
        return RedirectResponse("/ui/", 307)

    endpoints = {(op.method, op.path): _Endpoint(context, op) for op in OPERATIONS}
    routes: list[BaseRoute] = [Route(path, endpoint=one, methods=[method]) for (method, path), one in endpoints.items()]
    routes += [
        Route(
            "/openapi.json",
            endpoint=_Endpoint(context, _beside("/openapi.json", Needs.PRINCIPAL, describe)),
            methods=["GET"],
        ),
        Route("/", endpoint=_Endpoint(context, _beside("/", Needs.NOTHING, root)), methods=["GET"]),
        Route("/ui", endpoint=_Endpoint(context, _beside("/ui", Needs.NOTHING, page_root)), methods=["GET"]),
        Mount("/ui", app=_CountedPage(context.gate, BuiltPage(page, base_path))),
    ]
    static = {key: one for key, one in endpoints.items() if "{" not in key[1]}
    app: ASGIApp = CompressionMiddleware(ProblemMiddleware(_Router(routes, static, context.gate)))
    if origins:
        app = CORSMiddleware(
            app,
            allow_origins=sorted(origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["content-type", "idempotency-key", "authorization", "prefer"],
            expose_headers=[
                *("location", "link", "etag", "x-request-id", "retry-after", "preference-applied"),
                *("ratelimit", "ratelimit-policy"),
            ],
        )
    app = EdgeMiddleware(app, hosts, origins, context.limits.proxies, AccessLog() if access_log else None)
    return BasePathMiddleware(app, base_path) if base_path else app


async def _has_jobs(context: Context) -> bool:
    """Whether the overview has something to show. Always true with a login, so that it discloses nothing."""
    if context.auth is not Auth.OFF:
        return True
    status = await context.flow_status.recent()
    return status is not None and any(status.counts.by_state.values())


@functools.cache
def _description(base_path: str) -> bytes:
    """The OpenAPI document. Built at the first request for it: that takes longer than the rest of ``build``."""
    return msgspec.json.encode(document(OPERATIONS, base_path))


async def warm_up(app: ASGIApp, hosts: Collection[str]) -> None:
    """Request the page once, so that lazy imports and files are loaded while file descriptors are available.

    At the limit of open files the first import would fail.
    """
    mimetypes.init()
    await run_in_threadpool(int)
    host = next(iter(hosts), "localhost")
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/ui/",
        "raw_path": b"/ui/",
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(b"host", host.encode())],
        "client": None,
        "server": None,
    }
    await app(scope, _no_message, _discard)


async def _no_message() -> Message:
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}


async def _discard(message: Message) -> None:
    pass


_NOT_POSSIBLE = (
    MoveRefused,
    TooManyBulkActions,
    JobNotFound,
    CallbackNotFound,
    KeyNotFound,
    BulkActionNotFound,
    EndpointNotFound,
    DeliveryNotFound,
)
"""Acts that fail with one of these are in the audit."""


class _Endpoint:
    """A handler as an ASGI application, without Starlette's own wrapper around functions.

    The request is authenticated first (``http.access``). A query parameter that the operation does not declare is
    refused with 422, unless ``any_query``.
    """

    def __init__(self, context: Context, operation: Operation) -> None:
        self._context = context
        self._operation = operation
        self._route = f"{operation.method} {operation.path}"
        self._is_act = operation.needs in (Needs.OPERATE, Needs.ADMIN) and operation.method != "GET"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation, gate = self._operation, self._context.gate
        scope[ROUTE] = operation.path
        if operation.limited or operation.needs is not Needs.NOTHING:
            if not gate.admit_at_once(scope, operation.needs, all_flows=operation.all_flows):
                await gate.admit(scope, operation.needs, self._route, all_flows=operation.all_flows)
        else:
            scope[PRINCIPAL] = NOBODY
        request = Request(scope, receive)
        if scope["query_string"] and not operation.any_query:
            check_names(request.query_params, operation.query)
        try:
            response = await operation.handler(self._context, request)
        except _NOT_POSSIBLE as error:
            if self._is_act:
                gate.note_refusal(scope, self._route, problems.refusal(error).code)
            raise
        await response(scope, receive, send)


def _beside(path: str, needs: Needs, handler: Handler) -> Operation:
    """A route that is not in the OpenAPI document."""
    return Operation("GET", path, "", needs, "", handler, {}, any_query=needs is Needs.NOTHING)


class _Router(Router):
    """Starlette's router with a dictionary of the paths without parameters in front: most requests go to those, and
    such a path is never taken for one with a parameter (``DELETE /jobs/count`` is not about a job ``count``)."""

    def __init__(self, routes: list[BaseRoute], static: Mapping[tuple[str, str], _Endpoint], gate: Gate) -> None:
        super().__init__(routes, redirect_slashes=False)
        self._static = static
        self._gate = gate
        # HEAD is Starlette's addition to GET.
        self._methods: dict[str, set[str]] = {}
        for method, path in static:
            self._methods.setdefault(path, set()).update({"GET", "HEAD"} if method == "GET" else {method})

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        static = self._static.get((scope["method"], scope["path"]))
        return (static or self._routed)(scope, receive, send)

    async def _routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] not in self._methods.get(scope["path"], (scope["method"],)):
                raise HTTPException(405)
            await super().__call__(scope, receive, send)
        except HTTPException as error:
            if ROUTE not in scope:
                await self._gate.count_address(scope)
            allowed = self._allowed(scope) if error.status_code == 405 else None
            if not allowed:
                raise
            raise HTTPException(405, headers={"allow": ", ".join(sorted(allowed))}) from None

    def _allowed(self, scope: Scope) -> set[str]:
        """The methods of all routes of this path. Starlette lists only those of the first route."""
        here = [r.methods or () for r in self.routes if isinstance(r, Route) and r.matches(scope)[0] is not Match.NONE]
        return self._methods.get(scope["path"]) or {method for methods in here for method in methods}


class _CountedPage:
    """Serves the page. Its requests count for the client's address, because files need no key."""

    def __init__(self, gate: Gate, page: ASGIApp) -> None:
        self._gate = gate
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gate.count_address(scope)
        await self._page(scope, receive, send)
