"""Health checks of processors: whether the endpoint answers and accepts the credentials, without sending a job."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from yarl import URL

from job_processor.core.outcome import HandOver
from job_processor.outgoing.session import Outgoing, Reply
from job_processor.processors.answers.meaning import detail_of, judge_status


@dataclass(frozen=True, slots=True)
class Health:
    """The result of a health check. ``healthy``: false if jobs would fail or wait; ``message``: for people."""

    healthy: bool
    message: str


@runtime_checkable
class HealthChecked(Protocol):
    """A processor whose endpoint has a health check."""

    async def health(self) -> Health | None:
        """Check the endpoint; ``None`` if the processor has none. Called between ``open`` and ``close``."""
        ...


async def ask(
    outgoing: Outgoing,
    method: str,
    url: URL,
    now: Callable[[], int],
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Reply | Health:
    """Send a request; returns the reply if its status is 2xx, else a failed health check."""
    reply = await outgoing.request(method, url, body, headers or {})
    if isinstance(reply, Reply) and 200 <= reply.status < 300:
        return reply
    return _refusal(reply, now)


async def ask_any(outgoing: Outgoing, url: URL, now: Callable[[], int]) -> Health:
    """The health check of an unknown endpoint, by an OPTIONS request, which starts nothing. Any answer is healthy,
    except an outage."""
    reply = await outgoing.request("OPTIONS", url)
    if isinstance(reply, HandOver) or reply.status >= 500:
        return _refusal(reply, now)
    doubt = "; is the path right?" if reply.status == 404 else ""
    return Health(True, f"The server answers (HTTP {reply.status} to OPTIONS{doubt}).")


def _refusal(reply: Reply | HandOver, now: Callable[[], int]) -> Health:
    if isinstance(reply, HandOver):
        return Health(False, detail_of(reply))
    meaning = judge_status(reply.status, reply.headers, reply.body, now())
    return Health(False, detail_of(meaning) if meaning is not None else f"HTTP {reply.status}")
