"""Checks the database at MONGODB_URI without writing, for ``job-processor check``: what would a start find there?"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from job_processor.store.base import Inspection
from job_processor.store.mongo import indexes, meta
from job_processor.store.mongo.client import Link
from job_processor.store.mongo.plans import Got, check
from job_processor.store.mongo.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Found(Inspection):
    """``missing``: the missing indexes, as ``collection.name``. ``plans``: of the queries, if asked for."""

    missing: Sequence[str] = ()
    plans: Sequence[Got] = ()


async def inspect(uri: str, *, with_plans: bool = False, database: str | None = None) -> Found:
    """Raises ``StoreRefused`` where a start would, ``StoreUnavailable`` when no server answers."""
    link = Link(uri, database, Tuning())
    try:
        server = await link.open()
        await link.ping()
        name = f"{server.product} {server.version}"
        lines = []
        if not await meta.knows(link, name):
            lines.append("the first start on this server tries on one document whether it has what is needed")
        missing = await indexes.missing(link)
        built = f"missing {', '.join(missing)}: the next start builds them" if missing else "all there"
        lines.append(f"indexes: {built}")
        lines.append(f"store: mongodb, {link.address} ({name}, {server.topology})")
        if not with_plans:
            return Found(lines, missing=missing)
        found = await check(link, int(time.time() * 1000))
        faults = sum(one.fault is not None for one in found)
        told = [*map(_line, found), f"plans: {len(found) - faults} of {len(found)} as expected"]
        return Found([*told, *lines], faults == 0, missing, found)
    finally:
        await link.close()


def _line(one: Got) -> str:
    expected = " or ".join(one.expected.indexes) + (", covered" if one.expected.covered else "")
    fault = f"  <- {one.fault}" if one.fault else ""
    return f"plan: {one.expected.name}: expected {expected}, got {one.plan}{fault}"
