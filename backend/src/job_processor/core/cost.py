"""What attempts cost: tokens at the prices of their flow, as they were when the tokens became known.

Money is whole micros (millionths of the currency), so that sums are exact whatever is added up, and in which order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from msgspec import structs

from job_processor.core.job import Attempt, Job, Usage

MICROS = 1_000_000
"""Micros of one unit of the currency, and tokens of a price."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Micros for a million tokens of prompts (``input``) and of answers (``output``)."""

    input: int = 0
    output: int = 0


NO_PRICES: Mapping[str, Prices] = MappingProxyType({})


def micros(amount: float) -> int:
    """An amount of money, as a person wrote it, in micros."""
    return round(amount * MICROS)


def cost_of(usage: Usage, prices: Prices) -> int | None:
    """Micros, rounded to the nearest; ``None``: the processor did not report how many tokens it took."""
    if usage.prompt_tokens is None and usage.completion_tokens is None:
        return None
    whole = (usage.prompt_tokens or 0) * prices.input + (usage.completion_tokens or 0) * prices.output
    return (whole + MICROS // 2) // MICROS


def newly_used(before: Job, after: Job) -> tuple[Attempt, ...]:
    """The attempts whose usage became known by this change."""
    if after.attempts is before.attempts:
        return ()
    used = [one for one in after.attempts if one.usage is not None]
    if not used:
        return ()
    known = {one.number for one in before.attempts if one.usage is not None}
    return tuple(one for one in used if one.number not in known)


def priced(before: Job, after: Job, own: Prices | None, others: Mapping[str, Prices]) -> Job:
    """The job after a change, with the cost of each attempt whose usage became known by it, and the sum.

    ``own``: the prices of its flow; ``others``: those of flows to which attempts fell back.
    """
    costs: dict[int, int] = {}
    for one in newly_used(before, after):
        prices = own if one.flow is None else others.get(one.flow)
        if one.usage is not None and prices is not None and (cost := cost_of(one.usage, prices)) is not None:
            costs[one.number] = cost
    if not costs:
        return after
    return structs.replace(
        after,
        cost_micros=(after.cost_micros or 0) + sum(costs.values()),
        attempts=tuple(
            structs.replace(one, cost_micros=costs[one.number]) if one.number in costs else one
            for one in after.attempts
        ),
    )


def in_words(amount: int, currency: str) -> str:
    """An amount of micros for people: as many decimals as it has, at least two."""
    units, rest = divmod(abs(amount), MICROS)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{units:,}.{decimals} {currency}"
