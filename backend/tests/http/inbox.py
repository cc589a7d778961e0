"""What tests of the callback inbox share: a job with a late result, the list, and the acts of a person."""

from job_processor.core.job import JobError
from job_processor.core.outcome import Failed
from tests.support.asgi import Reply
from tests.support.site import Site

FINAL_FAILURE = Failed(JobError("bad", "bad"), retryable=False)


async def failed_job(site: Site) -> str:
    made = await site.submit()
    await site.say(await site.claim(), FINAL_FAILURE)
    return str(made["id"])


async def inbox(site: Site, query: str = "") -> list[dict[str, object]]:
    reply = await site.client.get(f"/callbacks{query}")
    assert reply.status == 200, reply.text
    found: list[dict[str, object]] = reply.json()
    return found


async def accept(site: Site, callback: dict[str, object]) -> Reply:
    return await site.client.post(f"/callbacks/{callback['id']}/accept")


async def reject(site: Site, callback: dict[str, object]) -> Reply:
    return await site.client.post(f"/callbacks/{callback['id']}/reject")
