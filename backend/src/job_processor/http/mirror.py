"""Converts core dataclasses to the structs of the API: fields of the same name are copied.

``msgspec.convert(..., from_attributes=True)`` cannot format times, and takes three times as long.
"""

from collections.abc import Callable, Collection
from types import NoneType
from typing import Any, Protocol, TypeVar, get_args, get_origin, get_type_hints

from job_processor.http.models import JsonObject, Time, WireOut

C = TypeVar("C", contravariant=True)
W = TypeVar("W", bound=WireOut)
Result = TypeVar("Result", bound=WireOut, covariant=True)
FieldConverter = Callable[[Any], object]


class Converter(Protocol[C, Result]):
    def __call__(self, value: C, /, **more: object) -> Result:
        """``more``: values of the struct's fields that are not copied."""


def converter(
    core: type[C], wire: type[W], time: Callable[[int], str], computed: Collection[str] = ()
) -> Converter[C, W]:
    """A function that converts a ``core`` value to a ``wire`` struct.

    Fields of the same name are copied: times with ``time`` (milliseconds to text), tuples as lists, dataclasses as
    structs. ``computed``: fields of the same name that the caller passes instead. Raises ``TypeError`` if the two types
    of a field do not match.
    """
    own = get_type_hints(core)
    exact, plain = get_type_hints(wire, include_extras=True), get_type_hints(wire)
    names = [name for name in plain if name in own and name not in computed]
    others = [name for name in plain if name not in names]
    changes = {name: _field_converter(own[name], exact[name], plain[name], time) for name in names}
    fields = [f"{name}={_field_expression(name, changes[name] is not None)}" for name in names]
    # Compiled once, with every field named: a loop over the fields, or passing them on as **, takes twice as long.
    arguments = ", ".join(["it", "/", *(["*"] if others else []), *others])
    source = f"lambda {arguments}: wire({', '.join([*fields, *(f'{name}={name}' for name in others)])})"
    made: Converter[C, W] = eval(source, {"wire": wire, "by": changes})
    return made


def _field_expression(name: str, changed: bool) -> str:
    return f"None if it.{name} is None else by[{name!r}](it.{name})" if changed else f"it.{name}"


def _field_converter(own: Any, exact: Any, wanted: Any, time: Callable[[int], str]) -> FieldConverter | None:
    """The function that converts a field's value; ``None``: it is copied as it is."""
    if exact in (Time, Time | None):
        return time
    if wanted in (own, own | None, JsonObject, JsonObject | None):
        return None
    tuple_, list_ = _without_none(own), _without_none(wanted)
    if get_origin(tuple_) is tuple and get_origin(list_) is list:
        inside, shown = get_args(tuple_)[0], get_args(list_)[0]
        change = _field_converter(inside, shown, shown, time)
        return list if change is None else lambda values: [change(one) for one in values]
    structs = [one for one in (_without_none(wanted), _without_none(own)) if isinstance(one, type)]
    if len(structs) == 2 and issubclass(structs[0], WireOut):
        return converter(structs[1], structs[0], time)
    raise TypeError(f"no conversion from {own} to {wanted}")


def _without_none(declared: Any) -> Any:
    """``T`` of ``T | None``; any other type as it is."""
    inside = [one for one in get_args(declared) if one is not NoneType]
    return inside[0] if len(inside) == 1 and NoneType in get_args(declared) else declared
