"""Jobs that wait for their callback."""

from job_processor.core.outcome import Accepted
from tests.support.site import Site


async def waiting(site: Site) -> str:
    """A job whose processor promised to call back."""
    made = await site.submit()
    await site.say(await site.claim(), Accepted(60_000, "exec-1"))
    return str(made["id"])
