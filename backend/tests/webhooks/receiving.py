"""A site whose webhooks are really sent, to receivers on loopback."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from job_processor.acts.webhook_endpoints import MadeEndpoint, NewEndpoint
from job_processor.core.job import WebhookEvent
from job_processor.core.webhooks import Delivery, DeliveryState
from job_processor.outgoing.notices import NoticeSender
from job_processor.store.base import DeliveryQuery, Store
from job_processor.workers.deliverer import Deliverer
from tests.processors.rogue import Request, Rogue
from tests.support.site import Site, open_site
from tests.support.waiting import until, until_true
from tests.webhooks.verifying import python_says

ALL = tuple(WebhookEvent)


@contextlib.asynccontextmanager
async def sending_site(
    directory: Path,
    *,
    now: Callable[[], int] | None = None,
    store: Store | None = None,
    seconds: float = 5,
    allow_private: bool = True,
) -> AsyncIterator[Site]:
    def loops(site: Site) -> list[Deliverer]:
        site.context.webhook_private_addresses = allow_private
        sender = NoticeSender(site.store.now, allow_private=allow_private, seconds=seconds)
        return [Deliverer(site.acts, site.store, sender)]

    async with open_site(directory, now=now, store=store, loops=loops) as site:
        yield site


async def endpoint(site: Site, receiver: Rogue, path: str = "/hook") -> MadeEndpoint:
    return await site.acts.webhooks.create(NewEndpoint(receiver.url + path, ALL))


async def cancelled(site: Site, **fields: object) -> str:
    """The id of a job that has just ended."""
    job_id = str((await site.submit("p", **fields))["id"])
    await site.acts.jobs.cancel(job_id)
    return job_id


async def received(receiver: Rogue, number: int) -> list[Request]:
    await until_true(lambda: len(receiver.requests) >= number, f"{number} webhooks")
    return receiver.requests


async def deliveries(site: Site) -> list[Delivery]:
    return list(await site.store.list_deliveries(DeliveryQuery()))


async def tried(site: Site, times: int = 1) -> Delivery:
    """The one delivery, when it has been tried so often."""

    async def look() -> Delivery | None:
        [one] = await deliveries(site)
        return one if len(one.tries) >= times else None

    return await until(look, "a try")


async def settled(site: Site, number: int = 1) -> list[Delivery]:
    """All deliveries, when so many are settled."""

    async def look() -> list[Delivery]:
        found = await deliveries(site)
        return found if sum(one.state is not DeliveryState.PENDING for one in found) >= number else []

    return await until(look, f"{number} settled deliveries")


def is_signed(request: Request, secret: str) -> bool:
    return python_says(secret, request.headers, request.body.decode()) == "ok"
