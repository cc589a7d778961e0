"""The jobs in flight that fell back to another flow's processor (``core.fallback``). There are usually none or few; one
covered query finds all of them."""

from dataclasses import dataclass

from job_processor.core.fairness import NO_KEY
from job_processor.store.mongo.client import Document, Link

INDEX = "fallen_back"


@dataclass(frozen=True, slots=True)
class Fallen:
    """``flow``: the job's own; ``via``: the one whose processor has it; ``key``: the hash of its key."""

    flow: str
    via: str
    token: str
    key: int


async def fallen_back(link: Link) -> list[Fallen]:
    where: Document = {"via": {"$gt": ""}}
    wanted: Document = {"_id": 0, "flow": 1, "via": 1, "token": 1, "keyHash": 1}

    async def run(hint: str | None) -> list[Fallen]:
        found = link.collection("jobs").find(where, wanted, hint=hint)
        return [
            Fallen(one["flow"], one["via"], one["token"], int(one.get("keyHash") or NO_KEY))
            async for one in found
            if one.get("token")
        ]

    return await link.hinted(run, INDEX)
