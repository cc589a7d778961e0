"""Callbacks that a test keeps, and the ids of those that are kept."""

from dataclasses import replace
from typing import TypedDict, Unpack

from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.ids import IdFactory
from job_processor.core.inbox import Callback, CallbackContent
from job_processor.store.base import InboxQuery, Store

ids = IdFactory(0xABCDEF123456)
JOB, OTHER = "0" * 23 + "1", "0" * 23 + "2"


class Wanted(TypedDict, total=False):
    verdict: CallbackVerdict
    said: CallbackContent
    job_id: str | None
    attempt: int
    execution_id: str
    retryable: bool
    body: bytes | None
    body_cut: bool
    content_type: str | None
    flow: str


def late(store: Store, content: str = "r", **wanted: Unpack[Wanted]) -> Callback:
    now = store.now()
    made = Callback(
        id=ids.new(now),
        received_at=now,
        last_at=now,
        verdict=CallbackVerdict.LATE,
        said=CallbackContent.RESULT,
        content=content,
        job_id=JOB,
    )
    return replace(made, **wanted)


async def listed(store: Store, query: InboxQuery | None = None) -> list[str]:
    return [one.callback.id for one in await store.list_callbacks(query or InboxQuery())]
