"""Endpoints of webhooks go along with a copy and a backup: a moved store goes on telling, with the same secrets."""

import gzip
import time
from dataclasses import replace
from pathlib import Path

import pytest

from job_processor import transfer
from job_processor.core.job import WebhookEvent
from job_processor.core.webhooks import DeliveryState
from job_processor.store.base import Store
from tests.processors.rogue import Rogue, answer
from tests.store_suite.places import Place
from tests.transfer.conftest import NewPlace
from tests.transfer.test_copy import quiet
from tests.webhooks.receiving import cancelled, endpoint, is_signed, received, sending_site, settled


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.mongo)])
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def endpoints(store: Store) -> list[object]:
    """Without the revision, which the target counts itself."""
    return [replace(one, rev=0) for one in await store.webhook_endpoints()]


def at_present(place: Place) -> Place:
    """Receivers refuse requests of another time."""
    place.clock.at = int(time.time() * 1000)
    return place


@pytest.mark.parametrize("way", ["copy", "backup"])
async def test_a_moved_store_goes_on_telling(driver: str, way: str, new_place: NewPlace, tmp_path: Path) -> None:
    async with Rogue(answer(200)).serve() as receiver:
        source, target = [await at_present(await new_place(one)).open() for one in ("sqlite", driver)]
        async with sending_site(tmp_path / "source", store=source) as site:
            made = await endpoint(site, receiver)
            second = await site.acts.webhooks.rotate(made.endpoint.id, 3600)
            await cancelled(site)
            await settled(site)
            off = (await endpoint(site, receiver, "/off")).endpoint.id
            await site.acts.webhooks.disable(off)
            kept = await endpoints(source)
            if way == "copy":
                done = await transfer.copy(source, target, quiet)
            else:
                file = tmp_path / "b.gz"
                assert (await transfer.backup(source, file, quiet)).endpoints == 2
                done = await transfer.restore(file, target, quiet)
                # Sealed under WEBHOOK_SECRET: a backup alone cannot sign.
                assert b"whsec_" not in gzip.decompress(file.read_bytes())
        assert done.endpoints == 2
        assert await endpoints(target) == kept
        async with sending_site(tmp_path / "target", store=target) as site:
            await cancelled(site)
            [one] = await settled(site)
            assert one.state is DeliveryState.DELIVERED
        _, told = await received(receiver, 2)
        assert is_signed(told, made.secret)
        assert is_signed(told, second.secret)


async def test_an_endpoint_that_was_changed_since_stays_as_it_is(
    driver: str, new_place: NewPlace, tmp_path: Path
) -> None:
    store = await (await new_place(driver)).open()
    async with sending_site(tmp_path / "site", store=store) as site, Rogue(answer(200)).serve() as receiver:
        made = (await endpoint(site, receiver)).endpoint
        await transfer.backup(store, tmp_path / "b.gz", quiet)
        [stored] = await store.webhook_endpoints()
        assert await store.save_webhook_endpoint(
            replace(stored, events=(WebhookEvent.FAILED,), disabled_at=store.now())
        )
        before = await endpoints(store)
        done = await transfer.restore(tmp_path / "b.gz", store, quiet)
        assert (done.endpoints, await endpoints(store)) == (1, before)
        assert made.id == stored.id


async def test_an_endpoint_that_does_not_arrive_is_missed(new_place: NewPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = [await (await new_place("sqlite")).open() for _ in range(2)]
    async with sending_site(Path("unused"), store=source) as site, Rogue(answer(200)).serve() as receiver:
        await endpoint(site, receiver)

        async def lost(*_: object) -> bool:
            return False

        monkeypatch.setattr(target, "save_webhook_endpoint", lost)
        with pytest.raises(transfer.TransferFailed, match="endpoints of webhooks"):
            await transfer.copy(source, target, quiet)
