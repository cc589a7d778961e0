"""Endpoints at work: disabled when their receiver is gone or fails for days, changed, and their secret rotated."""

from pathlib import Path

import pytest
from prometheus_client import generate_latest

from job_processor.acts.webhook_endpoints import NewEndpoint
from job_processor.core.errors import MoveRefused
from job_processor.core.job import WebhookEvent
from job_processor.core.webhooks import DeliveryState, DisabledBecause
from tests.processors.rogue import Rogue, answer
from tests.support.clock import Clock
from tests.support.site import Site
from tests.support.waiting import until, until_true
from tests.webhooks.receiving import cancelled, deliveries, endpoint, is_signed, received, sending_site, settled, tried


async def test_a_receiver_that_is_gone_is_disabled_and_gets_nothing_more(tmp_path: Path) -> None:
    async with Rogue(answer(410)).serve() as gone, sending_site(tmp_path) as site:
        made = (await endpoint(site, gone)).endpoint
        await cancelled(site)
        [one] = await settled(site)
        assert one.state is DeliveryState.FAILED

        await until_true(lambda: 'endpoints_disabled_total{because="gone"} 1.0' in _metrics(site), "the metric")
        assert (await site.acts.webhooks.get(made.id)).disabled_because is DisabledBecause.GONE
        await cancelled(site)
        assert len(await deliveries(site)) == 1
        with pytest.raises(MoveRefused):
            await site.acts.webhooks.test(made.id)
        # Once it is enabled, it is told again, and what it missed can be replayed.
        gone.usual = answer(200)
        await site.acts.webhooks.enable(made.id)
        await site.acts.deliveries.replay(one.id)
        [again] = await settled(site)
        assert (again.state, [t.status for t in again.tries]) == (DeliveryState.DELIVERED, [410, 200])
        assert gone.requests[0].body == gone.requests[1].body
        assert gone.requests[0].headers["webhook-id"] == gone.requests[1].headers["webhook-id"]


def _metrics(site: Site) -> str:
    return generate_latest(site.telemetry.registry).decode()


async def test_an_endpoint_is_disabled_after_days_of_failure(tmp_path: Path, clock: Clock) -> None:
    async with Rogue(answer(500)).serve() as failing, sending_site(tmp_path, now=clock.now) as site:
        made = (await endpoint(site, failing)).endpoint
        await cancelled(site)
        await tried(site)
        await until_true(lambda: len(failing.requests) == 1)
        clock.forward(6 * 86_400_000)
        await cancelled(site)

        async def off() -> bool:
            return (await site.acts.webhooks.get(made.id)).disabled_because is DisabledBecause.FAILING

        await until(off, "its end")


async def test_what_is_for_a_deleted_or_disabled_endpoint_is_given_up(tmp_path: Path, clock: Clock) -> None:
    async with Rogue(answer(500)).serve() as failing, sending_site(tmp_path, now=clock.now) as site:
        deleted, disabled = [(await endpoint(site, failing)).endpoint.id for _ in range(2)]
        await cancelled(site)
        await received(failing, 2)
        await site.acts.webhooks.delete(deleted)
        await site.acts.webhooks.disable(disabled)
        clock.forward(60_000)
        done = await settled(site, 2)
        assert {one.state for one in done} == {DeliveryState.FAILED}
        assert {one.endpoint_id: one.note for one in done} == {
            deleted: "The endpoint was deleted.",
            disabled: "The endpoint is disabled.",
        }
        assert len(failing.requests) == 2


async def test_after_a_change_it_is_told_what_was_asked_for_and_where(tmp_path: Path, clock: Clock) -> None:
    async with (
        Rogue(answer(500)).serve() as old,
        Rogue(answer(200)).serve() as new,
        sending_site(tmp_path, now=clock.now) as site,
    ):
        made = (await endpoint(site, old)).endpoint
        await cancelled(site)
        await tried(site)
        await site.acts.webhooks.change(made.id, NewEndpoint(new.url, (WebhookEvent.FAILED,)))
        # No more of this kind; what was to come goes to the new place, with the same id and body.
        await cancelled(site)
        clock.forward(60_000)
        [done] = await settled(site)
        assert (done.state, done.url, len(done.tries)) == (DeliveryState.DELIVERED, new.url, 2)
        assert [one.body for one in old.requests] == [one.body for one in new.requests]
        assert old.requests[0].headers["webhook-id"] == new.requests[0].headers["webhook-id"]


async def test_both_secrets_sign_while_one_is_rotated(tmp_path: Path) -> None:
    async with Rogue(answer(200)).serve() as standing, sending_site(tmp_path) as site:
        made = await endpoint(site, standing)
        second = await site.acts.webhooks.rotate(made.endpoint.id, 3600)
        await cancelled(site)
        await received(standing, 1)
        third = await site.acts.webhooks.rotate(made.endpoint.id, 0)
        await cancelled(site)
        first_told, second_told = await received(standing, 2)
        assert len(first_told.headers["webhook-signature"].split(" ")) == 2
        assert is_signed(first_told, made.secret)
        assert is_signed(first_told, second.secret)
        assert len(second_told.headers["webhook-signature"].split(" ")) == 1
        assert is_signed(second_told, third.secret)
        assert not is_signed(second_told, second.secret)
        # What is stored is neither of them.
        [stored] = await site.store.webhook_endpoints()
        assert not any(secret in repr(stored) for secret in (made.secret, second.secret, third.secret))
