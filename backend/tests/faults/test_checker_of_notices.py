"""The checker itself: webhooks that break one rule are found guilty of that rule."""

from collections.abc import Callable

import pytest

from tests.faults.checked import AGAIN, DELETED, DONE, broken, ledger
from tests.faults.checked_many import BATCH, FIRST, GONE, TELLS, world
from tests.faults.checker import World
from tests.faults.history import ends
from tests.faults.ledger import Ledger
from tests.faults.receiver import STANDING, Data, Heard, Notice

__all__ = ["ledger", "world"]


@pytest.fixture
def told(world: World) -> World:
    """In order: every end is told to a standing endpoint, those of the first line to its own webhook too, and that of
    the batch to the batch's."""
    heard = Heard()
    for job_id, job in world.jobs.items():
        for number, (at, state) in enumerate(ends(job)):
            heard.told[STANDING, f"{job_id} {number}"] = Notice(f"job.{state.lower()}", at, Data(job_id))
    for job_id in (DELETED, GONE):
        heard.told[STANDING, job_id] = Notice("job.completed", "t2", Data(job_id))
    for number, (at, state) in enumerate(ends(world.jobs[FIRST])):
        heard.told["/job", f"own {number}"] = Notice(f"job.{state.lower()}", at, Data(FIRST))
    heard.told["/batch", "batch"] = Notice("batch.ended", "t9", Data(BATCH, {"completed": 2, "refused": 1}))
    heard.requests = len(heard.told)
    world.batches = [{**world.batches[0], "webhookUrl": "http://127.0.0.1/batch"}]
    world.deliveries = [{"messageId": message, "state": "delivered"} for _, message in heard.told]
    world.heard = heard
    return world


def heard_of(world: World) -> Heard:
    assert world.heard is not None
    return world.heard


def test_a_world_in_which_every_end_was_told_is_acquitted(told: World, ledger: Ledger) -> None:
    assert broken(told, ledger) == []


def _signed_wrongly(world: World) -> None:
    heard_of(world).wrong.append("signed wrongly: x")


def _end_not_told(world: World) -> None:
    del heard_of(world).told[STANDING, f"{FIRST} 0"]


def _own_end_not_told(world: World) -> None:
    del heard_of(world).told["/job", "own 1"]


def _told_with_two_ids(world: World) -> None:
    told = heard_of(world).told
    told[STANDING, "another"] = told[STANDING, f"{DONE} 0"]


def _told_unasked(world: World) -> None:
    told = heard_of(world).told
    told["/job", "another"] = told[STANDING, f"{DONE} 0"]


def _replay_told_as_its_job(world: World) -> None:
    world.jobs[AGAIN]["prompt"] = TELLS
    told = heard_of(world).told
    told["/job", "another"] = told[STANDING, f"{AGAIN} 0"]


def _told_otherwise(world: World) -> None:
    told = heard_of(world).told
    told[STANDING, f"{DONE} 0"] = Notice("job.failed", "t9", Data(DONE))


def _told_of_another_time(world: World) -> None:
    told = heard_of(world).told
    told[STANDING, f"{DONE} 0"] = Notice("job.completed", "t8", Data(DONE))


def _deleted_and_not_told(world: World) -> None:
    del heard_of(world).told[STANDING, GONE]


def _told_of_nobody(world: World) -> None:
    heard_of(world).told[STANDING, "x"] = Notice("job.failed", "t9", Data("f" * 24))


def _batch_not_told(world: World) -> None:
    del heard_of(world).told["/batch", "batch"]


def _batch_told_twice(world: World) -> None:
    told = heard_of(world).told
    told["/batch", "another"] = told["/batch", "batch"]


def _batch_told_unasked(world: World) -> None:
    world.batches = [{**world.batches[0], "webhookUrl": None}]


def _batch_told_too_early(world: World) -> None:
    told = heard_of(world).told
    told["/batch", "batch"] = Notice("batch.ended", "t9", Data(BATCH, {"completed": 1, "refused": 1}))


def _pending_for_ever(world: World) -> None:
    world.deliveries = [{**world.deliveries[0], "state": "pending"}, *world.deliveries[1:]]


def _delivered_and_not_received(world: World) -> None:
    world.deliveries = [*world.deliveries, {"messageId": "lost", "state": "delivered"}]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_signed_wrongly, "1 requests are wrong"),
        (_end_not_told, f"of {FIRST}, which ended"),
        (_own_end_not_told, "/job was told"),
        (_told_with_two_ids, f"of {DONE}, which ended"),
        (_told_unasked, "/job was told"),
        (_replay_told_as_its_job, "/job was told"),
        (_told_otherwise, f"of {DONE}, which ended"),
        (_told_of_another_time, f"of {DONE}, which ended"),
        (_deleted_and_not_told, "and its end never told"),
        (_told_of_nobody, "the ends of jobs were told that are not there"),
        (_batch_not_told, "the end of batch"),
        (_batch_told_twice, "the end of batch"),
        (_batch_told_unasked, "the end of batch"),
        (_batch_told_too_early, "2 of 3 lines"),
        (_pending_for_ever, "is pending, and came: True"),
        (_delivered_and_not_received, "is delivered, and came: False"),
    ],
)
def test_each_broken_rule_is_found(told: World, ledger: Ledger, harm: Callable[[World], None], words: str) -> None:
    harm(told)

    assert [line for line in broken(told, ledger) if line.startswith("I16") and words in line]
