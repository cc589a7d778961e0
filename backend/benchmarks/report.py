"""One line a measurement: the figure, the floor it is held against, and whether it is reached."""

import os
import platform
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """``ratio`` is value over floor for rates, floor over value for times and sizes: 1.0 and above is reached."""

    name: str
    value: str
    floor: str
    ratio: float


def show(lines: list[Line]) -> None:
    width = max(len(line.name) for line in lines)
    for line in lines:
        mark = "reached" if line.ratio >= 1 else "MISSED"
        print(f"{line.name:<{width}}  {line.value:>24}  floor {line.floor:<26} {line.ratio:5.2f}  {mark}", flush=True)


def machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
