"""A world in order with batches and bulk actions, for tests to put in disorder."""

import copy
from typing import Any

import pytest

from tests.faults.checked import DONE, event, jobs_in_order, world_of
from tests.faults.checker import World
from tests.faults.history import Job
from tests.faults.ledger import Bulk, Ledger
from tests.faults.many import TOLD

MS = "000000000010"
BATCH = MS + "0" * 12
FIRST, SECOND = MS + "0" * 11 + "1", MS + "0" * 11 + "2"
"""The jobs of its lines: the first was retried by a bulk action, the second replayed."""
REPLAY = MS + "1" * 12
GONE = "000000000020" + "0" * 12
"""A job that a bulk action deleted."""
RETRIES, REPLAYS, DELETES = ("0000000000" + n + "0" * 12 for n in ("30", "31", "32"))
"""The bulk actions."""
TELLS = f"{TOLD} line 1"
"""The prompt of the first line, which has a webhook of its own."""


def _action(action_id: str, kind: str, reason: str, done: int) -> dict[str, Any]:
    times = {"createdAt": "t5", "endedAt": "t7"}
    return {**times, "id": action_id, "action": kind, "reason": reason, "status": "DONE", "done": done} | {
        "skipped": {"is_running": 1},
        "failed": {},
    }


def entry(act: str, job: str, action: str | None) -> dict[str, Any]:
    return {"act": act, "what": job, "detail": action}


@pytest.fixture
def world(ledger: Ledger) -> World:
    """In order: a batch of two lines and a wrong one, whose jobs bulk actions have retried and replayed."""
    ledger.answered(ledger.sent("submit", prompt="gone", key="g"), "acked", status=201, job=GONE)
    batch = ledger.sent("batch", key="b", lines=(TELLS, "line 2"), wrong=1)
    ledger.answered(batch, "acked", status=201, job=BATCH)
    misused = ledger.sent("batch", key="b", lines=("none",))
    ledger.answered(misused, "refused", status=422, said="idempotency_mismatch")
    for kind, action, limit in (("retry", RETRIES, None), ("replay", REPLAYS, 2), ("delete", DELETES, 3)):
        asked = ledger.sent("bulk", key=kind, bulk=Bulk(kind=kind, query={"status": ["FAILED"]}, limit=limit))
        ledger.answered(asked, "acked", status=201, job=action)
    jobs = jobs_in_order()
    done = jobs[DONE]
    line: Job = {**copy.deepcopy(done), "id": FIRST, "prompt": TELLS, "batchId": BATCH}
    line |= {"batchLine": 1, "customId": "1"}
    line["history"] = [event("submitted"), event("failed", None, "t4"), event("retried", None, "t6")]
    line["history"] += [event("started", 1, "t8"), event("completed", 1, "t9")]
    jobs[FIRST] = line
    jobs[SECOND] = {**copy.deepcopy(done), "id": SECOND, "prompt": "line 2", "batchId": BATCH} | {
        "batchLine": 3,
        "customId": "2",
    }
    jobs[REPLAY] = {**copy.deepcopy(done), "id": REPLAY, "prompt": "line 2", "replayOf": SECOND}
    world = world_of(jobs)
    world.batches = [
        {"id": BATCH, "name": "b", "jobs": 2, "refused": 1, "lines": 3}
        | {
            "status": "ENDED",
            "endedAt": "t9",
            "webhookUrl": None,
        }
    ]
    world.actions = [
        _action(RETRIES, "retry", "retry", 1),
        _action(REPLAYS, "replay", "replay", 1),
        _action(DELETES, "delete", "delete", 1),
    ]
    world.audit = [
        entry("job_retried", FIRST, RETRIES),
        entry("job_replayed", SECOND, REPLAYS),
        entry("job_deleted", GONE, DELETES),
        *(entry("job_cancelled", job_id, None) for job_id, job in jobs.items() if _was_cancelled(job)),
    ]
    return world


def _was_cancelled(job: Job) -> bool:
    return any(one["what"] == "cancelled" for one in job["history"])
