"""What every refusal must look like."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.asgi import Reply

MAX_PROBLEM_BYTES = 4096
CANARY = "canary-7f3a"


def assert_problem(reply: Reply, *statuses: int) -> dict[str, Any]:
    """One of the statuses, a problem document, small, and nothing of the request in it."""
    assert reply.status in statuses, (reply.status, reply.text[:500])
    assert reply.headers["content-type"] == "application/problem+json"
    assert len(reply.body) <= MAX_PROBLEM_BYTES
    problem: dict[str, Any] = reply.json()
    assert problem["status"] == reply.status
    assert problem["title"]
    assert problem["error"] == problem["detail"]
    assert problem["code"]
    assert problem["requestId"] == reply.headers["x-request-id"]
    assert CANARY not in reply.text
    return problem


@contextmanager
def naming(case: str) -> Iterator[None]:
    """Tells which case of a table failed. A store for each of them would take longer than all the rest."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{case}: {error}") from error
