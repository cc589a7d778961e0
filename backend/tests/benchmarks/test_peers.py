"""The comparison with other queues: its arithmetic and its turns, with contenders made up here.

How fast anything is, is not a matter of tests.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from benchmarks.peers.contender import Measures
from benchmarks.peers.table import Rates, Row, table
from benchmarks.peers.turns import Sizes, compare

TINY = Sizes(rounds=1, seconds=0.2, jobs=20, waiting=40)


@dataclass
class MadeUp:
    """Answers these rates in turn, whatever is asked, and writes down who was asked what."""

    name: str
    rates: list[float]
    asked: list[str]
    needs: str | None = None
    open: bool = False
    _given: Iterator[float] = field(init=False)

    def __post_init__(self) -> None:
        self._given = iter(self.rates * 4)

    def missing(self) -> str | None:
        return self.needs

    @contextlib.contextmanager
    def running(self) -> Iterator[Measures]:
        self.open = True
        try:
            yield self
        finally:
            self.open = False

    def accept(self, seconds: float) -> float:
        return self._next(f"accept {seconds}")

    def drain(self, waiting: int, jobs: int) -> float:
        return self._next(f"drain {jobs} of {waiting}")

    def round_trip(self, seconds: float) -> float:
        return self._next(f"round trip {seconds}")

    def _next(self, what: str) -> float:
        assert self.open
        self.asked.append(f"{self.name}: {what}")
        return next(self._given)


@pytest.mark.parametrize(
    ("each", "median", "said"),
    [
        ([5.0], 5.0, "5 (5 to 5)"),
        ([3.0, 1000.4, 2.0], 3.0, "3 (2 to 1,000)"),
        ([4.0, 1.0, 3.0, 2.0, 5.0], 3.0, "3 (1 to 5)"),
        ([1.0, 2.0], 1.5, "2 (1 to 2)"),
    ],
)
def test_rates_are_a_median_and_its_spread(each: list[float], median: float, said: str) -> None:
    rates = Rates(each)
    assert rates.median == median
    assert str(rates) == said


@pytest.mark.parametrize(
    ("ours", "theirs", "ratio", "said"),
    [
        ([2.0], [1.0], 2.0, ""),
        ([1.0], [1.0], 1.0, ""),
        ([1.0], [2.0], 0.5, "the peer is faster"),
        # Of the medians: one lucky round does not turn it.
        ([1.0, 1.0, 100.0], [2.0, 2.0, 2.0], 0.5, "the peer is faster"),
    ],
)
def test_a_faster_peer_is_said_plainly(ours: list[float], theirs: list[float], ratio: float, said: str) -> None:
    row = Row("accept", "other", Rates(ours), Rates(theirs))
    assert row.ratio == ratio
    assert row.said == said
    *_, line = table([row]).splitlines()
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "accept",
        str(row.ours),
        "other",
        str(row.theirs),
        f"{ratio:.2f}",
        said,
    ]


def test_contenders_take_turns_in_each_round_of_each_measure() -> None:
    asked: list[str] = []
    one, other = MadeUp("ours", [1.0, 3.0], asked), MadeUp("other", [4.0, 4.0], asked)
    rows = compare(one, [other], Sizes(rounds=2, seconds=1.0, jobs=10, waiting=1000), lambda line: None)
    measures = ["accept 1.0", "drain 10 of 10", "round trip 1.0", "drain 10 of 1010"]
    assert asked == [f"{name}: {what}" for what in measures for _ in range(2) for name in ("ours", "other")]
    assert [row.what for row in rows] == ["accept", "drain", "round trip", "drain, 1,000 waiting"]
    assert {(row.peer, row.ours.median, row.theirs.median) for row in rows} == {("other", 2.0, 4.0)}
    assert not one.open
    assert not other.open


def test_what_is_missing_is_left_out_with_words() -> None:
    asked: list[str] = []
    said: list[str] = []
    rows = compare(
        MadeUp("ours", [1.0], asked), [MadeUp("other", [1.0], asked, needs="no Redis here")], TINY, said.append
    )
    assert rows == []
    assert "other is left out: no Redis here." in said
    assert not any(line.startswith("other") for line in asked)


def test_servers_stop_when_it_is_interrupted() -> None:
    class Interrupted(MadeUp):
        def drain(self, waiting: int, jobs: int) -> float:
            raise KeyboardInterrupt

    one, other = MadeUp("ours", [1.0], []), Interrupted("other", [1.0], [])
    with pytest.raises(KeyboardInterrupt):
        compare(one, [other], TINY, lambda line: None)
    assert not one.open
    assert not other.open
