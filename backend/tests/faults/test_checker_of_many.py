"""The checker itself: batches and bulk actions that break one rule are found guilty of that rule."""

import copy
from collections.abc import Callable

import pytest

from tests.faults import many_rules
from tests.faults.book import Book, Verdict
from tests.faults.checked import AGAIN, DONE, broken, event, ledger
from tests.faults.checked_many import BATCH, FIRST, GONE, MS, REPLAY, REPLAYS, RETRIES, SECOND, entry, world
from tests.faults.checker import World
from tests.faults.ledger import Ledger

__all__ = ["ledger", "world"]


def test_a_world_with_batches_and_bulk_actions_in_order_is_acquitted(world: World, ledger: Ledger) -> None:
    assert broken(world, ledger) == []


def _lost_line(world: World) -> None:
    del world.jobs[FIRST]


def _doubled_line(world: World) -> None:
    again = MS + "0" * 11 + "3"
    world.jobs[again] = {**copy.deepcopy(world.jobs[SECOND]), "id": again}


def _other_line(world: World) -> None:
    world.jobs[FIRST]["prompt"] = "one"


def _lines_out_of_order(world: World) -> None:
    world.jobs[FIRST]["batchLine"] = 4


def _lost_batch(world: World) -> None:
    world.batches = []


def _unasked_batch(world: World) -> None:
    world.batches = [*world.batches, {**world.batches[0], "id": "f" * 24, "name": "of nobody"}]


def _two_batches_of_one_key(world: World) -> None:
    world.batches = [*world.batches, {**world.batches[0], "id": "f" * 24}]


def _open_batch(world: World) -> None:
    world.batches = [{**world.batches[0], "status": "IN_PROGRESS", "endedAt": None}]


def _miscounted_batch(world: World) -> None:
    world.batches = [{**world.batches[0], "refused": 0}]


def _change(world: World, number: int, **changes: object) -> None:
    actions = list(world.actions)
    actions[number] = {**actions[number], **changes}
    world.actions = actions


def _lost_action(world: World) -> None:
    world.actions = world.actions[1:]


def _unasked_action(world: World) -> None:
    _change(world, 0, reason="of nobody")


def _two_actions_of_one_key(world: World) -> None:
    world.actions = [*world.actions, {**world.actions[0], "id": "f" * 24}]


def _open_action(world: World) -> None:
    _change(world, 0, status="RUNNING", endedAt=None)


def _acted_twice(world: World) -> None:
    world.audit = [*world.audit, entry("job_replayed", SECOND, REPLAYS)]


def _acted_and_not_counted(world: World) -> None:
    _change(world, 0, done=0)


def _counted_and_not_acted(world: World) -> None:
    _change(world, 0, done=2)


def _beyond_its_limit(world: World) -> None:
    _change(world, 1, skipped={"is_running": 2})


def _failed_on_some(world: World) -> None:
    _change(world, 1, failed={"job_damaged": 1})


def _on_a_newer_job(world: World) -> None:
    _change(world, 0, id="0" * 24)
    world.audit = [{**one, "detail": "0" * 24} if one["detail"] == RETRIES else one for one in world.audit]


def _left_out(world: World) -> None:
    # It was FAILED until long after the bulk action had ended, and nothing happened to it.
    job = {**copy.deepcopy(world.jobs[FIRST]), "id": AGAIN, "prompt": "one", "batchId": None, "replayOf": DONE}
    job["history"] = [event("submitted"), event("failed", None, "t4")]
    world.jobs[AGAIN] = {**job, "status": "FAILED", "result": None, "attempt": 0, "attempts": []}
    world.counters = {**world.counters, "FAILED": 1, "COMPLETED": world.counters["COMPLETED"] - 1}


def _deleted_and_there(world: World) -> None:
    world.jobs[GONE] = {**copy.deepcopy(world.jobs[DONE]), "id": GONE, "prompt": "gone"}


def _retried_without_a_record(world: World) -> None:
    world.audit = world.audit[1:]


def _replay_that_is_nowhere(world: World) -> None:
    del world.jobs[REPLAY]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_lost_line, "I1: 1 lines of batch"),
        (_doubled_line, "I3: one submission made"),
        (_doubled_line, "I3: a line of batch"),
        (_other_line, "I2: batch"),
        (_lines_out_of_order, "I1: the lines of batch"),
        (_lost_batch, "I1: batch"),
        (_lost_batch, "I14: jobs of batches"),
        (_unasked_batch, "I2: nobody was let ask"),
        (_two_batches_of_one_key, "I3: one key made"),
        (_open_batch, "I6: batch"),
        (_miscounted_batch, "I1: batch"),
        (_lost_action, "I1: bulk"),
        (_unasked_action, "I2: nobody was let ask"),
        (_two_actions_of_one_key, "I3: one key made"),
        (_open_action, "I6: bulk action"),
        (_acted_twice, "acted twice on"),
        (_acted_and_not_counted, "says 0 done"),
        (_counted_and_not_acted, "says 2 done"),
        (_beyond_its_limit, "took 3 jobs of at most 2"),
        (_failed_on_some, "failed on some"),
        (_on_a_newer_job, "jobs that are newer"),
        (_left_out, "left 1 jobs out"),
        (_deleted_and_there, "was deleted by a bulk action"),
        (_retried_without_a_record, "was retried 1 times, and 0 times"),
        (_replay_that_is_nowhere, "has 0 replays, bulk actions made 1"),
    ],
)
def test_each_broken_rule_is_found(world: World, ledger: Ledger, harm: Callable[[World], None], words: str) -> None:
    harm(world)

    assert [line for line in broken(world, ledger) if words in line]


def test_a_line_whose_job_may_have_been_deleted_may_be_missing(world: World, ledger: Ledger) -> None:
    # Without an answer.
    ledger.sent("delete", job=FIRST)
    del world.jobs[FIRST]
    world.counters = {**world.counters, "COMPLETED": world.counters["COMPLETED"] - 1}

    assert broken(world, ledger) == []


def test_a_batch_that_was_refused_and_is_there_is_found(world: World, ledger: Ledger) -> None:
    asked = ledger.sent("batch", key="r", lines=("line 3",))
    ledger.answered(asked, "refused", status=422, said="invalid_lines")
    world.batches = [*world.batches, {**world.batches[0], "id": "f" * 24, "name": "r"}]

    assert [line for line in broken(world, ledger) if "nobody was let ask" in line]


def test_a_key_that_is_taken_for_two_bodies_is_found(world: World, ledger: Ledger) -> None:
    ledger.answered(ledger.sent("batch", key="b", lines=("line 3",)), "acked", status=201, job=BATCH)

    assert [line for line in broken(world, ledger) if "taken for different bodies" in line]


def test_what_happened_meanwhile_is_a_reason_to_be_left_out(world: World, ledger: Ledger) -> None:
    _left_out(world)
    world.jobs[AGAIN]["history"].append(event("late_result", 1, "t6"))
    verdict = Verdict()
    many_rules.check_bulk_actions(world.jobs, world.actions, world.audit, Book.read(ledger), verdict)

    assert verdict.broken == []
