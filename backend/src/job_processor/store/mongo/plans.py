"""How the server would answer every query of the driver: it is asked to explain each, and none is run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.errors import OperationFailure, PyMongoError

from job_processor.store.mongo.client import Link
from job_processor.store.mongo.errors import translate
from job_processor.store.mongo.expected import ID_INDEX, Expected, table

_BY_ID = ("EXPRESS", "IDHACK")
"""Stages that look an ``_id`` up without an index's name in the explanation."""


@dataclass(frozen=True, slots=True)
class Got:
    """The plan of a query. ``fault`` is None when it is the expected one."""

    expected: Expected
    plan: str
    fault: str | None


async def check(link: Link, now: int) -> list[Got]:
    """The plans of all queries. Raises ``StoreUnavailable`` when the server does not answer."""
    one = await link.read(lambda again: link.collection("jobs").find_one({}, {"flow": 1}))
    flow = str((one or {}).get("flow", "none"))
    found = []
    for expected in table(flow, now):
        try:
            explained = await link.command({"explain": expected.command, "verbosity": "queryPlanner"})
        except OperationFailure as error:
            found.append(Got(expected, "none", f"the server does not explain it (code {error.code})"))
        except PyMongoError as error:
            raise translate(error) from None
        else:
            found.append(judged(expected, explained))
    return found


def judged(expected: Expected, explained: Mapping[str, Any]) -> Got:
    """Compare the plan in this explanation with the expected one."""
    stages = [stage for plan in _winning(explained) for stage in _stages(plan)]
    names = [str(stage.get("stage")) for stage in stages if "stage" in stage]
    indexes = [str(stage["indexName"]) for stage in stages if "indexName" in stage]
    plan = " ← ".join(
        f"{stage['stage']} {stage['indexName']}" if "indexName" in stage else str(stage["stage"])
        for stage in stages
        if "stage" in stage
    )
    fault = None
    if "EOF" in names or not names:
        fault = None if names else "no plan is said"
    elif "COLLSCAN" in names:
        fault = "the whole collection is read"
    elif not set(indexes) <= set(expected.indexes) or not (indexes or _by_id(names, expected)):
        fault = "another index is used"
    elif "SORT" in names and not expected.sorts:
        fault = "the documents are sorted in memory"
    elif "FETCH" in names and expected.covered:
        fault = "documents are read although the index has everything"
    return Got(expected, plan or "none", fault)


def _by_id(names: list[str], expected: Expected) -> bool:
    return ID_INDEX in expected.indexes and any(name.startswith(_BY_ID) for name in names)


def _winning(explained: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The winning plans of an explanation: of a find, of an aggregate's cursor, of each shard."""
    for key, value in explained.items():
        if key == "winningPlan" and isinstance(value, Mapping):
            # The slot-based engine has its plan one level deeper.
            yield value.get("queryPlan", value)
        elif key in ("queryPlanner", "$cursor", "shards") and isinstance(value, Mapping):
            yield from _winning(value)
        elif key == "stages" and isinstance(value, list):
            for stage in value:
                yield from _winning(stage)
        elif isinstance(value, Mapping) and "queryPlanner" in value:
            yield from _winning(value)


def _stages(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A plan's stages from the answer down to the index."""
    yield plan
    below = [plan["inputStage"]] if "inputStage" in plan else []
    below += plan.get("inputStages", [])
    for shard in plan.get("shards", []):
        below.append(shard.get("winningPlan", {}))
    for stage in below:
        yield from _stages(stage)


def shape(command: Mapping[str, Any]) -> tuple[str, str, str]:
    """The part of a query that its plan depends on: collection, filter without values, and sort order."""
    verb = next(iter(command))
    if verb == "aggregate":
        return verb, str(command[verb]), str([_without_values(stage) for stage in command["pipeline"]])
    where = command.get("filter", command.get("query", {}))
    return verb, str(command[verb]), f"{_without_values(where)} {dict(command.get('sort') or {})}"


def _without_values(part: object) -> object:
    if isinstance(part, Mapping):
        return {str(name): _without_values(value) for name, value in sorted(part.items())}
    if isinstance(part, list):
        inner = [_without_values(one) for one in part]
        return inner if any(isinstance(one, dict) for one in inner) else ["?"]
    return "?"
