"""The cost of attempts: tokens times the flow's prices at the time when the number of tokens became known.

Money is a whole number of micros (millionths of the currency), so that sums are exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from msgspec import structs

from job_processor.core.job import Attempt, Job, Usage

MICROS = 1_000_000
"""Micros per unit of the currency, and tokens per price."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in micros per million tokens, of prompts (``input``) and of answers (``output``)."""

    input: int = 0
    output: int = 0


NO_PRICES: Mapping[str, Prices] = MappingProxyType({})


def micros(amount: float) -> int:
    """An amount in units of the currency, converted to micros."""
    return round(amount * MICROS)


def cost_of(usage: Usage, prices: Prices) -> int | None:
    """The cost in micros, rounded; ``None`` if the processor reported no number of tokens."""
    if usage.prompt_tokens is None and usage.completion_tokens is None:
        return None
    whole = (usage.prompt_tokens or 0) * prices.input + (usage.completion_tokens or 0) * prices.output
    return (whole + MICROS // 2) // MICROS


def newly_used(before: Job, after: Job) -> tuple[Attempt, ...]:
    """The attempts whose usage this change has added."""
    if after.attempts is before.attempts:
        return ()
    used = [one for one in after.attempts if one.usage is not None]
    if not used:
        return ()
    known = {one.number for one in before.attempts if one.usage is not None}
    return tuple(one for one in used if one.number not in known)


def priced(before: Job, after: Job, own: Prices | None, others: Mapping[str, Prices]) -> Job:
    """``after`` with the cost of each attempt whose usage the change has added, and with the new sum.

    ``own``: the prices of the job's flow; ``others``: the prices of its fallback flows, by name.
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
    """An amount of micros for people, such as ``1.25 USD``: with all its decimals, at least two."""
    units, rest = divmod(abs(amount), MICROS)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{units:,}.{decimals} {currency}"
