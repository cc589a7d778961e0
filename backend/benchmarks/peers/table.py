"""The comparison's arithmetic and its table."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """Jobs a second, one figure a round."""

    each: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.each)

    def __str__(self) -> str:
        """The median, and in brackets the lowest and the highest."""
        return f"{self.median:,.0f} ({min(self.each):,.0f} to {max(self.each):,.0f})"


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    peer: str
    ours: Rates
    theirs: Rates

    @property
    def ratio(self) -> float:
        """Ours over theirs, of the medians: below 1 the peer is faster."""
        return self.ours.median / self.theirs.median

    @property
    def said(self) -> str:
        return "the peer is faster" if self.ratio < 1 else ""


HEAD = ("what", "ours, jobs/s", "peer", "peer, jobs/s", "ours/peer", "")


def table(rows: Sequence[Row]) -> str:
    """In Markdown, so that it can be put into docs/benchmarks.md as it is."""
    cells = [
        HEAD,
        tuple("---" for _ in HEAD),
        *((row.what, str(row.ours), row.peer, str(row.theirs), f"{row.ratio:.2f}", row.said) for row in rows),
    ]
    widths = [max(len(line[at]) for line in cells) for at in range(len(HEAD))]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in cells
    )
