"""Checks that a processor's endpoint answers and accepts the credentials, without sending a job."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from yarl import URL

from job_processor.core.outcome import HandOver
from job_processor.outgoing.session import Outgoing, Reply
from job_processor.processors.answers.meaning import detail_of, judge_status


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """What the endpoint answered, for people. ``alive``: false if jobs would fail or wait."""

    alive: bool
    words: str


@runtime_checkable
class Answering(Protocol):
    """A processor with an endpoint that can be asked."""

    async def sign_of_life(self) -> SignOfLife | None:
        """Ask the endpoint; ``None`` if the processor has none. Called between ``open`` and ``close``."""
        ...


async def ask(
    outgoing: Outgoing,
    method: str,
    url: URL,
    now: Callable[[], int],
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Reply | SignOfLife:
    """The reply with a 2xx status; else what is wrong."""
    reply = await outgoing.request(method, url, body, headers or {})
    if isinstance(reply, Reply) and 200 <= reply.status < 300:
        return reply
    return _refusal(reply, now)


async def ask_any(outgoing: Outgoing, url: URL, now: Callable[[], int]) -> SignOfLife:
    """For an endpoint of any kind: sends OPTIONS, which starts nothing. Any answer except an outage is a sign of
    life."""
    reply = await outgoing.request("OPTIONS", url)
    if isinstance(reply, HandOver) or reply.status >= 500:
        return _refusal(reply, now)
    doubt = "; is the path right?" if reply.status == 404 else ""
    return SignOfLife(True, f"The server answers (HTTP {reply.status} to OPTIONS{doubt}).")


def _refusal(reply: Reply | HandOver, now: Callable[[], int]) -> SignOfLife:
    if isinstance(reply, HandOver):
        return SignOfLife(False, detail_of(reply))
    meaning = judge_status(reply.status, reply.headers, reply.body, now())
    return SignOfLife(False, detail_of(meaning) if meaning is not None else f"HTTP {reply.status}")
