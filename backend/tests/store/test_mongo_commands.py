"""What each verb really sends: which commands, under which concern, limit and hint; and every move by its id."""

from typing import Any

import pytest

from job_processor.store.mongo import expected, plans
from tests.store.mongo_verbs import VERBS
from tests.store_suite.places import MongoPlace
from tests.support.mongo_commands import Recording, recorded

pytestmark = pytest.mark.mongo
READS = {"find", "aggregate", "distinct", "count"}
WRITES = {"update", "insert", "delete"}
_HINTS: dict[str, list[str | None]] = {
    "count_waiting": ["waiting_of"],
    "claim": [None, None, "turns", "turns"],
    "claim with a limit": [None, None, None, None, "fallen_back", "turns", "turns"],
    "counts": ["counts", "counts", None, "counts", "fallen_back"],
}


async def _sent_by(place: MongoPlace, verb: str) -> Recording:
    store = await place.open()
    with recorded(place.database) as commands:
        await VERBS[verb][0](store)
    return commands


@pytest.mark.parametrize("verb", VERBS)
async def test_each_verb(place: MongoPlace, verb: str) -> None:
    commands = await _sent_by(place, verb)
    names = [f"{next(iter(one))} {next(iter(one.values()))}" for one in commands.sent]
    expected = VERBS[verb][1]
    if expected:
        # What is asked at the same time comes in any order.
        assert sorted(names) == sorted(expected)
    for one in commands.sent:
        name = next(iter(one))
        assert name in READS | WRITES, one
        # Every command ends: the server has a limit for it. None of these is thrown away half done by that.
        assert 0 < one["maxTimeMS"] <= 60_000, one
        if name in READS:
            assert one["readConcern"] == {"level": "majority"}, one
        else:
            assert one["writeConcern"] == {"w": "majority", "j": True}, one
    if verb in _HINTS:
        hints = [one.get("hint") for one in commands.sent if next(iter(one)) in READS]
        assert sorted(map(str, hints)) == sorted(map(str, _HINTS[verb]))
    for one in commands.of("update", "jobs") + commands.of("delete", "jobs"):
        for write in one.get("updates", one.get("deletes", [])):
            # On a sharded cluster a write with its id goes to one shard, any other to all of them.
            assert isinstance(write["q"].get("_id"), str | dict), write
    for one in commands.of("update", "keys"):
        assert all(isinstance(write["q"]["_id"], str) for write in one["updates"])


@pytest.mark.parametrize("verb", VERBS)
async def test_every_query_has_a_plan_that_is_checked(place: MongoPlace, verb: str) -> None:
    """``check --plans`` explains what the driver really asks: nothing is missing from its table."""
    known = {plans.shape(one.command) for one in expected.table("f", 1)}
    for one in (await _sent_by(place, verb)).sent:
        if next(iter(one)) in READS and not _in_memory(one):
            assert plans.shape(one) in known, plans.shape(one)


def _in_memory(command: dict[str, Any]) -> bool:
    """Counting kept callbacks: those of a job, or the newest of a verdict. Both are few, and have an index."""
    return "aggregate" in command and command["aggregate"] == "callbacks"


async def test_moves_carry_their_ids_in_every_form(place: MongoPlace) -> None:
    """Claims, outcomes, renewals, deletions: the filter of each names the document."""
    store = await place.open()
    with recorded(place.database) as commands:
        for verb in ("claim with a limit", "apply", "extend", "delete", "prune"):
            await VERBS[verb][0](store)
            place.clock.forward(1)
    single = [write for one in commands.of("update", "jobs") for write in one["updates"] if not write.get("multi")]
    assert len(single) >= 10
    assert all(isinstance(write["q"]["_id"], str) for write in single)
