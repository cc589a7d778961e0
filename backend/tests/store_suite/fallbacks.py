"""Flows that fall back on others, and claims of their jobs."""

from dataclasses import replace

from job_processor.core.flow import FlowRules
from job_processor.core.job import Job
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Succeeded
from job_processor.store.base import Claim, Claimed, Store
from tests.store_suite import given
from tests.store_suite.given import RULES

F = replace(RULES, fallback=("g", "h"), fallback_after_seconds=60)
G = replace(RULES, name="g")
H = replace(RULES, name="h")
HOUR = 3_600_000


async def shut(store: Store, flow: str = "f", ago: int = 60_000, wait: int = HOUR) -> None:
    now = store.now()
    await given.changed_lane(store, flow, trouble=Trouble.OUTAGE, closed_since=now - ago, closed_until=now + wait)


async def opened(store: Store, flow: str = "f") -> None:
    await given.changed_lane(store, flow, trouble=None, closed_since=0, closed_until=None, probe=None)


def wish(rules: FlowRules = G, limit: int = 1, of: FlowRules = F, owner: str = "w1", first: FlowRules = G) -> Claim:
    """``first``: the rules of g, if it is not g that asks."""
    return Claim(rules, limit, owner, of, () if rules.name == "g" else (first,))


async def fallen(
    store: Store, rules: FlowRules = G, limit: int = 1, of: FlowRules = F, first: FlowRules = G
) -> Claimed:
    return await store.claim(wish(rules, limit, of, first=first))


async def many(store: Store, number: int, rules: FlowRules = F) -> list[Job]:
    return [await given.added(store, rules=rules) for _ in range(number)]


async def ended(store: Store, job: Job) -> None:
    await given.moved(store, job, given.says(job, Succeeded("r")))
