"""The table of operations. Router and OpenAPI document are both generated from it, so they cannot differ.

A route parses the request, calls one act (or reads the store), and renders the response.
"""

from job_processor.http.openapi import Operation
from job_processor.http.routes import (
    audit,
    batches,
    bulk_actions,
    callbacks,
    events,
    export,
    finding,
    flows,
    health,
    inbox,
    jobs,
    keys,
    place,
    series,
    session,
    sessions,
    sign_in,
    webhook_deliveries,
    webhooks,
)

# Starlette tries routes in this order.
OPERATIONS: tuple[Operation, ...] = (
    *finding.OPERATIONS,
    *export.OPERATIONS,
    *jobs.OPERATIONS,
    *place.OPERATIONS,
    *bulk_actions.OPERATIONS,
    *batches.OPERATIONS,
    *callbacks.OPERATIONS,
    *inbox.OPERATIONS,
    *flows.OPERATIONS,
    *series.OPERATIONS,
    *events.OPERATIONS,
    *session.OPERATIONS,
    *sign_in.OPERATIONS,
    *sessions.OPERATIONS,
    *keys.OPERATIONS,
    *webhooks.OPERATIONS,
    *webhook_deliveries.OPERATIONS,
    *audit.OPERATIONS,
    *health.OPERATIONS,
)
