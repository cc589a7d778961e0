"""The receiver of the kill campaign: it tells what is signed right from what is not, and remembers what it was told."""

import json
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from standardwebhooks import Webhook

from tests.faults.receiver import STANDING, Receiver

OWN, STANDING_SECRET = "whsec_" + "A" * 43 + "=", "whsec_" + "B" * 43 + "="


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver(random.Random(1)).serve() as receiver:
        receiver.secrets = {"/job": OWN, STANDING: STANDING_SECRET}
        yield receiver


async def send(receiver: Receiver, number: int, secret: str = OWN, path: str = "/job", message: str = "msg_1") -> int:
    """The status of the answer."""
    body = json.dumps({"type": "job.failed", "timestamp": "t", "data": {"id": f"job {number}", "more": 1}})
    now = datetime.now(UTC)
    headers = {
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message, now, body),
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(receiver.url + path, data=body, headers=headers) as told,
    ):
        return told.status


async def test_what_comes_twice_with_the_same_bytes_is_told_once(receiver: Receiver) -> None:
    for _ in range(2):
        await send(receiver, 1)

    [(mark, notice)] = receiver.heard.told.items()
    assert mark == ("/job", "msg_1")
    assert (notice.type, notice.data.id) == ("job.failed", "job 1")
    assert receiver.heard.requests == 2
    assert receiver.heard.wrong == []


async def test_a_wrong_signature_is_found(receiver: Receiver) -> None:
    await send(receiver, 1, STANDING_SECRET)

    assert len(receiver.heard.wrong) == 1
    assert not receiver.heard.told


async def test_other_bytes_of_one_id_are_found(receiver: Receiver) -> None:
    await send(receiver, 1)
    await send(receiver, 2)

    assert len(receiver.heard.wrong) == 1


async def test_some_are_refused_at_their_first_try_and_never_again(receiver: Receiver) -> None:
    first = [await send(receiver, n, message=f"msg_{n}") for n in range(300)]
    again = [await send(receiver, n, message=f"msg_{n}") for n in range(300)]

    assert set(first) == {200, 500}
    assert set(again) == {200}
