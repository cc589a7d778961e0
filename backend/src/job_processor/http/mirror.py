"""Wire structs made from core values: fields of the same name are copied, so neither side lists them by hand.

``msgspec.convert(..., from_attributes=True)`` does the same for structs without times, and takes three times as long.
"""

from collections.abc import Callable, Collection
from types import NoneType
from typing import Any, Protocol, TypeVar, get_args, get_origin, get_type_hints

from job_processor.http.models import JsonObject, Time, WireOut

C = TypeVar("C", contravariant=True)
W = TypeVar("W", bound=WireOut)
Made = TypeVar("Made", bound=WireOut, covariant=True)
Change = Callable[[Any], object]


class Maker(Protocol[C, Made]):
    def __call__(self, value: C, /, **more: object) -> Made:
        """``more``: the fields of the struct that are not copied."""


def maker(core: type[C], wire: type[W], time: Callable[[int], str], given: Collection[str] = ()) -> Maker[C, W]:
    """A function that makes the struct from a core value. ``given``: fields that its caller gives all the same.

    Other fields of the same name are copied: times as ``time`` makes them from milliseconds, tuples as lists,
    dataclasses as the structs in their place. Raises ``TypeError`` for a field whose types have nothing in common.
    """
    own = get_type_hints(core)
    exact, plain = get_type_hints(wire, include_extras=True), get_type_hints(wire)
    names = [name for name in plain if name in own and name not in given]
    changes = {name: _change(own[name], exact[name], plain[name], time) for name in names}
    fields = [f"{name}={_expression(name, changes[name] is not None)}" for name in names]
    # Written out as if by hand and compiled once: a loop over the fields of every job takes twice as long.
    made: Maker[C, W] = eval(f"lambda it, /, **more: wire({', '.join(fields)}, **more)", {"wire": wire, "by": changes})
    return made


def _expression(name: str, changed: bool) -> str:
    return f"None if it.{name} is None else by[{name!r}](it.{name})" if changed else f"it.{name}"


def _change(own: Any, exact: Any, wanted: Any, time: Callable[[int], str]) -> Change | None:
    """What makes the wire's value from the core's; ``None``: they are the same."""
    if exact in (Time, Time | None):
        return time
    if wanted in (own, JsonObject, JsonObject | None):
        return None
    if get_origin(own) is tuple and get_origin(wanted) is list:
        inside, shown = get_args(own)[0], get_args(wanted)[0]
        change = _change(inside, shown, shown, time)
        return list if change is None else lambda values: [change(one) for one in values]
    structs = [one for one in (_alone(wanted), _alone(own)) if isinstance(one, type)]
    if len(structs) == 2 and issubclass(structs[0], WireOut):
        return maker(structs[1], structs[0], time)
    raise TypeError(f"{own} cannot be shown as {wanted}.")


def _alone(declared: Any) -> Any:
    """The type without its ``None``."""
    inside = [one for one in get_args(declared) if one is not NoneType]
    return inside[0] if len(inside) == 1 and NoneType in get_args(declared) else declared
