"""The webhook notice of the end of a batch, sent once: when all jobs have ended for the first time."""

from typing import Final

from job_processor.core.batch import Batch, BatchCounts
from job_processor.core.job import FINAL
from job_processor.core.webhooks import Delivery, compact_json, lane_of, rfc3339

BATCH_ENDED: Final = "batch.ended"


def notice_of(batch: Batch, counts: BatchCounts, at: int, delivery_id: str) -> Delivery | None:
    """The delivery of the notice; ``None`` if the batch has no webhook. ``at``: when the last job ended (ms)."""
    url = batch.webhook_url
    if url is None:
        return None
    data = {
        "id": batch.id,
        "name": batch.name,
        "lines": batch.lines,
        "jobs": batch.jobs,
        "counts": {
            **{state.value.lower(): counts.by_state.get(state, 0) for state in sorted(FINAL)},
            "deleted": counts.deleted(batch),
            "refused": batch.lines - batch.jobs,
        },
        "createdAt": rfc3339(batch.created_at),
        "endedAt": rfc3339(at),
        "cancelledAt": None if batch.cancelled_at is None else rfc3339(batch.cancelled_at),
        "metadata": dict(batch.metadata),
    }
    return Delivery(
        id=delivery_id,
        rev=1,
        lane=lane_of(url),
        event=BATCH_ENDED,
        url=url,
        body=compact_json({"type": BATCH_ENDED, "timestamp": rfc3339(at), "data": data}),
        created_at=at,
        # For access control. With several flows there is none, so only principals that may see all flows see it.
        flow=batch.flows[0] if len(batch.flows) == 1 else "",
        next_at=at,
        batch_id=batch.id,
        owner=batch.owner,
    )
