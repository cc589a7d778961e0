"""A number with its noun, for messages and logs."""


def counted(number: float, noun: str, plural: str | None = None) -> str:
    """``"1 job"``, ``"1,200 jobs"``, ``"0.05 seconds"``. ``plural``: the noun with an s, unless given."""
    digits = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{digits} {noun if number == 1 else plural or f'{noun}s'}"
