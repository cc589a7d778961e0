"""The bus: a notice reaches those who follow its job and those who follow all, and costs nobody else anything."""

from job_processor.bus import Bus, Listener
from job_processor.core.job import State
from job_processor.store.base import Notice, Resync


def notice(job_id: str, position: int) -> Notice:
    return Notice(position, job_id, State.PENDING, "f", 1, 0)


async def test_a_notice_is_put_to_those_it_concerns_only() -> None:
    bus = Bus()

    class Counted(dict[str, set[Listener]]):
        def values(self) -> None:  # type: ignore[override]  # a look at all of them is what must not be
            raise AssertionError("everybody was asked")

    with bus.listen() as everything, bus.listen("a") as one, bus.listen("a") as same, bus.listen("b") as other:
        bus._of_one = Counted(bus._of_one)
        bus.publish(notice("a", 1))
        bus._of_one = dict(bus._of_one)
        bus.publish(notice("b", 2))
        assert bus.listeners == 4
        taken = [[n.position for n in await listener.take()] for listener in (everything, one, same, other)]
    assert taken == [[1, 2], [1], [1], [2]]
    assert bus.listeners == 0


async def test_a_resync_and_the_end_reach_everybody() -> None:
    bus = Bus()
    with bus.listen() as everything, bus.listen("a") as one:
        bus.publish(Resync(7))
        assert await everything.take() == await one.take() == [Resync(7)]
        bus.close()
        assert await everything.take() == await one.take() == []
        assert one.closed
