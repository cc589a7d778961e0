"""``check --plans``: the server's own word on how it answers each query. On a real MongoDB all must be as expected."""

from pathlib import Path
from typing import Any

import pytest

from job_processor import commands
from job_processor.store.mongo.expected import Expected
from job_processor.store.mongo.inspect import inspect
from job_processor.store.mongo.plans import judged
from job_processor.store.mongo.store import MongoStore
from tests.mongo_server import MongoServer
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.store_suite.places import MongoPlace


def _stage(name: str, below: dict[str, Any] | None = None, **rest: object) -> dict[str, Any]:
    return {"stage": name, **rest, **({} if below is None else {"inputStage": below})}


IXSCAN = _stage("IXSCAN", indexName="ready")


def _explained(plan: dict[str, Any]) -> dict[str, Any]:
    return {"queryPlanner": {"winningPlan": plan, "rejectedPlans": [_stage("COLLSCAN")]}, "ok": 1}


READY = Expected("x", {}, ("ready", "other"))


@pytest.mark.parametrize(
    ("expected", "explained", "fault"),
    [
        (READY, _explained(_stage("LIMIT", _stage("FETCH", IXSCAN))), None),
        # The newer engine, an aggregate, a router: the plan stands elsewhere.
        (READY, _explained({"queryPlan": _stage("FETCH", IXSCAN), "slotBasedPlan": {}}), None),
        (READY, {"stages": [{"$cursor": _explained(_stage("FETCH", IXSCAN))}, {"$group": {}}]}, None),
        (READY, _explained(_stage("SINGLE_SHARD", shards=[{"winningPlan": _stage("FETCH", IXSCAN)}])), None),
        (READY, _explained({"stage": "SORT_MERGE", "inputStages": [IXSCAN, IXSCAN]}), None),
        (READY, _explained(_stage("COLLSCAN")), "the whole collection is read"),
        (READY, {"stages": [{"$cursor": _explained(_stage("COLLSCAN"))}]}, "the whole collection is read"),
        (READY, _explained(_stage("FETCH", _stage("IXSCAN", indexName="flow"))), "another index is used"),
        (READY, _explained(_stage("SORT", _stage("FETCH", IXSCAN))), "the documents are sorted in memory"),
        (Expected("x", {}, ("ready",), sorts=True), _explained(_stage("SORT", IXSCAN)), None),
        (
            Expected("x", {}, ("ready",), covered=True),
            _explained(_stage("FETCH", IXSCAN)),
            "documents are read although the index has everything",
        ),
        (Expected("x", {}, ("ready",), covered=True), _explained(_stage("PROJECTION_COVERED", IXSCAN)), None),
        (Expected("x", {}, ("_id_",)), _explained(_stage("IDHACK")), None),
        (Expected("x", {}, ("_id_",)), _explained(_stage("EXPRESS_IXSCAN", keyPattern="{ _id: 1 }")), None),
        (READY, _explained(_stage("IDHACK")), "another index is used"),
        # Nothing is there yet, so nothing is read.
        (READY, _explained(_stage("EOF")), None),
        (READY, {"ok": 1}, "no plan is said"),
    ],
)
def test_an_explanation_is_judged(expected: Expected, explained: dict[str, Any], fault: str | None) -> None:
    assert judged(expected, explained).fault == fault


async def _filled(place: MongoPlace, number: int) -> MongoStore:
    store = await place.open()
    assert isinstance(store, MongoStore)
    for _ in range(number):
        await given.cancelled(store)
        await given.added(store, tags=("x",), rules=RULES)
        await given.added(store, run_at=place.clock.now() + 60_000)
    return store


@pytest.mark.mongo
async def test_every_query_is_answered_as_expected(place: MongoPlace, server: MongoServer) -> None:
    if "stand-in" not in server.name:
        await _filled(place, 700)
        explained = (await inspect(server.uri, with_plans=True, database=place.database)).plans
        assert {got.expected.name: (got.plan, got.fault) for got in explained if got.fault} == {}
        return
    # Its planner is another one: it sorts in memory and scans where MongoDB does not. Here only that each query is
    # explained, and that those by one field alone use their index.
    await _filled(place, 5)
    explained = (await inspect(server.uri, with_plans=True, database=place.database)).plans
    found = {got.expected.name: got for got in explained}
    assert all(got.plan != "none" for got in found.values())
    by_one_field = (
        "get",
        "find_execution",
        "overdue",
        "batch of a key",
        "changes since",
        "deletions since",
        "prune_callbacks",
    )
    assert {name: found[name].fault for name in by_one_field} == dict.fromkeys(by_one_field)


@pytest.mark.mongo
def test_check_prints_what_is_expected_and_what_came(
    server: MongoServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = server.database()
    base, _, options = server.uri.partition("?")
    uri = f"{base.rstrip('/')}/{database}?{options}"
    code = commands.check({"MONGODB_URI": uri, "DATA_DIR": str(tmp_path)}, plans=True)
    server.drop(database)
    said = capsys.readouterr().out
    assert "plan: overdue: expected due, got " in said
    assert "plan: claim, leases in flight: expected leases, covered, got " in said
    assert code == (0 if "All is well." in said else 1)
    assert (code == 0) == ("<-" not in said)
