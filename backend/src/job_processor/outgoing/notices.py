"""Sends the notices of webhooks: signed, without redirects, within bounds of time and size, to allowed addresses."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from yarl import URL

from job_processor.core.outcome import Deferred, Failed, HandOver
from job_processor.core.webhook_signature import headers
from job_processor.core.webhooks import MAX_ANSWER_CHARACTERS, Delivery, Try
from job_processor.outgoing.addresses import parse_url
from job_processor.outgoing.retry_after import retry_at
from job_processor.outgoing.session import Outgoing, Reply
from job_processor.outgoing.text import one_line, page_text

SECONDS: Final = 20.0
"""Timeout of a whole request; the standard recommends 15 to 30 s."""
ANSWER_BYTES: Final = 64 * 1024
RESOLVERS: Final = 64
"""Threads for DNS queries for receivers, as many as there are concurrent requests. Anybody who submits jobs may name
receivers, so slow DNS servers must not use up the threads that the rest of the process needs."""
_ASKS_TO_WAIT: Final = frozenset({429, 502, 503, 504})


class NoticeSender:
    """``now``: the store's clock in milliseconds. ``allow_private``: private and loopback addresses may be reached;
    link-local and metadata addresses never are."""

    def __init__(self, now: Callable[[], int], *, allow_private: bool, seconds: float = SECONDS) -> None:
        self._now = now
        self._allow_private = allow_private
        self._threads = ThreadPoolExecutor(RESOLVERS, "webhook-names")
        self._session = Outgoing(
            seconds,
            headers={"Content-Type": "application/json"},
            allow_private=allow_private,
            body_limit=ANSWER_BYTES,
            resolver_threads=self._threads,
        )

    async def open(self) -> None:
        await self._session.open()

    async def close(self) -> None:
        await self._session.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def send(self, delivery: Delivery, secrets: Sequence[str]) -> tuple[Try, int | None]:
        """Send once. Returns the try, and the earliest time of the next try that the receiver asked for (ms since
        1970); ``None``: it asked for none."""
        at, began = self._now(), time.monotonic()
        try:
            # The URL was checked when it was given, but the setting may have changed since.
            url = parse_url(delivery.url, allow_private=self._allow_private)
        except ValueError as error:
            return Try(at, 0, error=f"The URL {error}."), None
        body = delivery.body.encode()
        reply = await self._session.request("POST", url, body, headers(delivery.message_id, at // 1000, body, secrets))
        duration_ms = int(1000 * (time.monotonic() - began))
        if isinstance(reply, HandOver):
            return Try(at, duration_ms, error=_words(reply)), None
        asked = retry_at(reply.headers, self._now()) if reply.status in _ASKS_TO_WAIT else None
        return Try(at, duration_ms, reply.status, _unread(reply), _answer(reply)), asked


def checked(url: str, *, allow_private: bool) -> URL:
    """The URL of a webhook. Raises ``ValueError`` with what is wrong with it."""
    return parse_url(url, allow_private=allow_private)


def _words(failed: HandOver) -> str:
    match failed.job:
        case Failed(error=error):
            return error.message
        case Deferred(reason=reason):
            return reason
        case _:
            return "There was no answer."


def _unread(reply: Reply) -> str | None:
    return None if reply.unread is None else f"The answer was not read: {reply.unread}."


def _answer(reply: Reply) -> str:
    text = reply.body[:ANSWER_BYTES].decode("utf-8", "replace")
    return page_text(text) if text.lstrip()[:1] == "<" else one_line(text, MAX_ANSWER_CHARACTERS)
