"""The access log: a line for each request, with requester, route, client address, status and duration.

Of the URL only the route and the id of a job are logged: path and query string may contain anything, even secrets.
"""

import time

import structlog
from starlette.requests import Request
from starlette.types import Scope

from job_processor.core.access import NOBODY, Principal
from job_processor.core.ids import is_job_id
from job_processor.http.connection_limits import client_address
from job_processor.http.scope_keys import PRINCIPAL, ROUTE


class AccessLog:
    def __init__(self) -> None:
        # Bound once: making a logger for each request would cost more than the line.
        self._log = structlog.get_logger(__name__).bind()

    def write(self, scope: Scope, status: int, began: float) -> None:
        """``status`` 0: no answer was sent. ``began``: when the request began, by ``time.monotonic``. An event stream
        is logged when it ends."""
        principal: Principal = scope.get(PRINCIPAL, NOBODY)
        job_id = scope.get("path_params", {}).get("id", "")
        self._log.info(
            "request",
            method=scope["method"],
            route=scope.get(ROUTE, "none"),
            **({"id": job_id} if is_job_id(job_id) else {}),
            status=status,
            ms=round((time.monotonic() - began) * 1000, 1),
            kind=principal.kind.value,
            who=principal.id,
            address=client_address(Request(scope)),
            request_id=scope["request_id"],
        )
