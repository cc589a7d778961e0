"""Event streams of the API that tell at once, read by tests."""

import pytest

from job_processor.http.routes import events as event_routes
from tests.support.asgi import EventStream, SentEvent


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notices go out as they come; what is batched has a test of its own."""
    monkeypatch.setattr(event_routes, "BATCH_SECONDS", 0.0)


async def hello(events: EventStream) -> SentEvent:
    first = await events.next()
    assert first is not None
    assert first.name == "hello"
    return first


async def jobs(events: EventStream, count: int) -> list[SentEvent]:
    return [await events.named("job") for _ in range(count)]
