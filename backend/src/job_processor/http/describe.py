"""The OpenAPI document without a running process: handlers are named, never called."""

from typing import cast

from job_processor.http.context import Context
from job_processor.http.routes import operations
from job_processor.http.spec import openapi


def document() -> dict[str, object]:
    # The table only stores bound methods; none of them looks at the context before a request comes.
    return openapi(operations(cast(Context, None)))
