"""What a start would find at MONGODB_URI, looked up without writing anything: for ``job-processor check``."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from job_processor.store.mongo import indexes, meta, plans
from job_processor.store.mongo.client import Link
from job_processor.store.mongo.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Found:
    """``lines``: for a person. ``missing``: indexes, as ``collection.name``. ``plans``: if they were asked for."""

    lines: Sequence[str]
    missing: Sequence[str]
    plans: Sequence[plans.Got]


async def inspect(uri: str, *, with_plans: bool = False, database: str | None = None) -> Found:
    """Raises ``StoreRefused`` for what a start would refuse, ``StoreUnavailable`` when nothing answers."""
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
        found = await plans.check(link, int(time.time() * 1000)) if with_plans else []
        lines.append(f"store: mongodb, {link.address} ({name}, {server.topology})")
        return Found(lines, missing, found)
    finally:
        await link.close()
