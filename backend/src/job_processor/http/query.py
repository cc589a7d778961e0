"""Query parameters: one struct per route declares them for parsing, for refusing unknown ones, and for the OpenAPI
document."""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from starlette.datastructures import QueryParams

from job_processor.http.problems import invalid

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class QueryParam:
    """One parameter in the OpenAPI document. ``schema``: JSON Schema; ``repeats``: may be given more than once."""

    name: str
    description: str
    schema: Mapping[str, object]
    repeats: bool


def value_hint(message: str) -> dict[str, str]:
    """For ``Meta(extra=…)``: the message about an invalid value, such as "must be …"."""
    return {"value_hint": message}


@functools.cache
def query_params(struct: type[msgspec.Struct] | None) -> tuple[QueryParam, ...]:
    """The parameters that a struct declares; ``()`` for ``None``."""
    return () if struct is None else tuple(_query_param(field) for field in msgspec.structs.fields(struct))


@functools.cache
def _fields(struct: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(struct)}


def parse(params: QueryParams, struct: type[T]) -> T:
    """The parameters as ``struct``. Raises ``RequestRefused`` (422) for an unknown parameter or an invalid value."""
    fields = _fields(struct)
    check_names(params, struct)
    values: dict[str, object] = {}
    for name in params:
        field = fields[name]
        kind = _enum_of_list(field.type)
        given = params[name] if kind is None else _enum_values(name, params.getlist(name), kind)
        try:
            values[field.name] = msgspec.convert(_number(given, field.type), field.type)
            _check_pattern(given, field.type)
        except (msgspec.ValidationError, ValueError):
            raise invalid(name, _value_hint(field)) from None
    return struct(**values)


def check_names(params: QueryParams, struct: type[msgspec.Struct] | None) -> None:
    """Raises ``RequestRefused`` (422) for an undeclared parameter, and for a repetition that is not declared."""
    known = {param.name: param.repeats for param in query_params(struct)} if params else {}
    for name in params:
        if name not in known:
            raise invalid("query", f"must use only: {', '.join(known)}" if known else "must be empty")
        if not known[name] and len(params.getlist(name)) > 1:
            raise invalid(name, "must be given once")


def _query_param(field: msgspec.structs.FieldInfo) -> QueryParam:
    (schema,), components = msgspec.json.schema_components([field.type], ref_template="{name}")
    schema = _inline_refs(schema, components)
    description = str(schema.pop("description", ""))
    if field.default not in (msgspec.NODEFAULT, None, "", ()):
        schema["default"] = field.default
    item = _enum_of_list(field.type)
    if item is not None:
        # msgspec sorts the values; keep the order of the enumeration.
        schema["items"] = {"type": "string", "enum": [one.value for one in item]}
    return QueryParam(field.encode_name, description, schema, item is not None)


def _inline_refs(schema: dict[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without references, and without ``null``, which a query string cannot express."""
    if "$ref" in schema:
        return _inline_refs(components[schema["$ref"]], components)
    if "anyOf" in schema:
        (one,) = (_inline_refs(each, components) for each in schema["anyOf"] if each != {"type": "null"})
        return {key: value for key, value in schema.items() if key != "anyOf"} | one
    if "items" in schema:
        return {**schema, "items": _inline_refs(schema["items"], components)}
    return dict(schema)


def _metas(type_: object) -> Iterator[msgspec.Meta]:
    for one in get_args(type_):
        if isinstance(one, msgspec.Meta):
            yield one
        yield from _metas(one)


def _value_hint(field: msgspec.structs.FieldInfo) -> str:
    return next((meta.extra["value_hint"] for meta in _metas(field.type) if meta.extra), "is invalid")


def _enum_of_list(type_: object) -> type[Enum] | None:
    """The enumeration, for a parameter that is a list of an enumeration's values; else ``None``."""
    if get_origin(type_) in (list, tuple):
        item = get_args(type_)[0]
        return item if isinstance(item, type) and issubclass(item, Enum) else None
    return next((found for one in get_args(type_) if (found := _enum_of_list(one)) is not None), None)


def _number(given: object, type_: object) -> object:
    """``given`` as an ``int`` if the type is one. Raises ``ValueError`` for anything but 1 to 19 ASCII digits."""
    if not isinstance(given, str) or not _holds_int(type_):
        return given
    if not (given.isascii() and given.isdigit() and len(given) < 20):
        raise ValueError
    return int(given)


def _holds_int(type_: object) -> bool:
    return type_ is int or any(_holds_int(one) for one in get_args(type_))


def _check_pattern(given: object, type_: object) -> None:
    """Raises ``ValueError`` for a newline after a valid value: Python's ``$`` also matches before a final newline."""
    for meta in _metas(type_):
        whole = None if meta.pattern is None else meta.pattern.removeprefix("^").removesuffix("$")
        if whole is not None and isinstance(given, str) and not re.fullmatch(whole, given):
            raise ValueError


def _enum_values(name: str, given: list[str], kind: type[Enum]) -> list[str]:
    """Values of a parameter that is repeated or comma-separated; case-insensitive. Raises ``RequestRefused``."""
    by_fold = {str(one.value).upper(): str(one.value) for one in kind}
    asked = [one.strip().upper() for each in given for one in each.split(",") if one.strip()]
    if not asked or any(one not in by_fold for one in asked):
        raise invalid(name, f"must be one of: {', '.join(by_fold.values())}")
    return [by_fold[one] for one in asked]
