"""Which content coding a client accepts (RFC 9110, section 12.5.3)."""

from collections.abc import Sequence


def accepted(accept_encoding: str, offered: Sequence[str]) -> list[str]:
    """The ``offered`` codings that the client accepts, by descending weight; equal weights in the order offered.

    A weight of 0 refuses a coding; one that cannot be read counts as 0. A client that names no coding gets none.
    """
    weights: dict[str, float] = {}
    for part in accept_encoding.split(","):
        coding, _, parameter = part.partition(";")
        weights.setdefault(coding.strip().lower(), _weight(parameter))
    others = weights.get("*", 0.0)
    found = [(weights.get(coding, others), coding) for coding in offered]
    return [coding for weight, coding in sorted(found, key=lambda one: -one[0]) if weight > 0]


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if not name.strip():
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip().lower() == "q" and 0 <= weight <= 1 else 0.0
