"""The writer's queue: urgent items first, none for ever last, none lost, each kind in order."""

import asyncio
import random

from job_processor.store.sqlite.mailbox import LATER_SHARE, Mailbox


async def test_urgent_items_are_taken_first_and_the_others_have_their_share() -> None:
    box: Mailbox[str] = Mailbox(asyncio.get_running_loop())
    for n in range(30):
        box.put(f"later {n}", can_wait=True)
    for n in range(30):
        box.put(f"first {n}")
    box.close()
    batch = box.take(16)
    assert batch == [*(f"first {n}" for n in range(14)), "later 0", "later 1"]
    assert 16 // LATER_SHARE == 2
    assert len(box.take(16)) == 16
    rest = box.take(100)
    assert rest == [f"first {n}" for n in range(28, 30)] + [f"later {n}" for n in range(4, 30)]
    assert box.take(100) == []


async def test_nothing_is_lost_and_each_kind_keeps_its_order() -> None:
    rng = random.Random(14)
    for _ in range(50):
        box: Mailbox[tuple[bool, int]] = Mailbox(asyncio.get_running_loop())
        put: list[tuple[bool, int]] = []
        taken: list[tuple[bool, int]] = []
        most = rng.randint(1, 20)
        for n in range(rng.randint(0, 60)):
            item = (rng.random() < 0.6, n)
            put.append(item)
            box.put(item, can_wait=item[0])
            if rng.random() < 0.2:
                await asyncio.sleep(0)
                batch = box.take(most)
                assert 1 <= len(batch) <= most
                taken += batch
        box.close()
        while batch := box.take(most):
            assert len(batch) <= most
            taken += batch
        for kind in (True, False):
            assert [one for one in taken if one[0] is kind] == [one for one in put if one[0] is kind]
