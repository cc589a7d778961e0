"""Query parameters: a struct per route declares them once. It parses them, refuses all others, and describes itself in
the OpenAPI document."""

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
    """One parameter as the OpenAPI document shows it. ``schema``: JSON Schema; ``repeats``: may be given again."""

    name: str
    description: str
    schema: Mapping[str, object]
    repeats: bool


def wanted(words: str) -> dict[str, str]:
    """For ``Meta(extra=…)``: what the answer to a value that cannot be taken asks for."""
    return {"wanted": words}


def described(struct: type[msgspec.Struct] | None) -> list[QueryParam]:
    """The parameters of a struct; none of no struct."""
    return [] if struct is None else [_described(field) for field in msgspec.structs.fields(struct)]


def parse(params: QueryParams, struct: type[T]) -> T:
    """The parameters as ``struct``. Raises ``Refused`` (422) that names the parameter and what is wanted of it."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    check_names(params, struct)
    values: dict[str, object] = {}
    for name in params:
        field = fields[name]
        kind = _list_item(field.type)
        given = params[name] if kind is None else _names(name, params.getlist(name), kind)
        try:
            values[field.name] = msgspec.convert(_number(given, field.type), field.type)
            _check_pattern(given, field.type)
        except (msgspec.ValidationError, ValueError):
            raise invalid(name, _wanted(field)) from None
    return struct(**values)


def check_names(params: QueryParams, struct: type[msgspec.Struct] | None) -> None:
    """Raises ``Refused`` (422) for a parameter that is not declared, or is given twice and must not be."""
    known = {param.name: param.repeats for param in described(struct)} if params else {}
    for name in params:
        if name not in known:
            raise invalid("query", f"must use only: {', '.join(known)}" if known else "must be empty")
        if not known[name] and len(params.getlist(name)) > 1:
            raise invalid(name, "must be given once")


def _described(field: msgspec.structs.FieldInfo) -> QueryParam:
    (schema,), components = msgspec.json.schema_components([field.type], ref_template="{name}")
    schema = _inlined(schema, components)
    description = str(schema.pop("description", ""))
    if field.default not in (msgspec.NODEFAULT, None, "", ()):
        schema["default"] = field.default
    item = _list_item(field.type)
    if item is not None:
        # msgspec sorts the values; people read them in the order of the life cycle.
        schema["items"] = {"type": "string", "enum": [one.value for one in item]}
    return QueryParam(field.encode_name, description, schema, item is not None)


def _inlined(schema: dict[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without references and without ``null``, which no query string can hold."""
    if "$ref" in schema:
        return _inlined(components[schema["$ref"]], components)
    if "anyOf" in schema:
        (one,) = (_inlined(each, components) for each in schema["anyOf"] if each != {"type": "null"})
        return {key: value for key, value in schema.items() if key != "anyOf"} | one
    if "items" in schema:
        return {**schema, "items": _inlined(schema["items"], components)}
    return dict(schema)


def _metas(type_: object) -> Iterator[msgspec.Meta]:
    for one in get_args(type_):
        if isinstance(one, msgspec.Meta):
            yield one
        yield from _metas(one)


def _wanted(field: msgspec.structs.FieldInfo) -> str:
    return next((meta.extra["wanted"] for meta in _metas(field.type) if meta.extra), "cannot be taken")


def _list_item(type_: object) -> type[Enum] | None:
    """The enumeration of a parameter that is a list of its values; ``None`` for any other."""
    if get_origin(type_) in (list, tuple):
        item = get_args(type_)[0]
        return item if isinstance(item, type) and issubclass(item, Enum) else None
    return next((found for one in get_args(type_) if (found := _list_item(one)) is not None), None)


def _number(given: object, type_: object) -> object:
    """Digits as an integer where one is wanted. Raises ``ValueError`` for any other form of it."""
    if not isinstance(given, str) or (type_ is not int and int not in get_args(type_)):
        return given
    if not (given.isascii() and given.isdigit() and len(given) < 20):
        raise ValueError
    return int(given)


def _check_pattern(given: object, type_: object) -> None:
    """Raises ``ValueError`` for a line break after a value that fits: to Python ``$`` matches before it."""
    for meta in _metas(type_):
        whole = None if meta.pattern is None else meta.pattern.removeprefix("^").removesuffix("$")
        if whole is not None and isinstance(given, str) and not re.fullmatch(whole, given):
            raise ValueError


def _names(name: str, given: list[str], kind: type[Enum]) -> list[str]:
    """Several values of one filter: repeated, or separated by commas; upper and lower case count alike."""
    by_fold = {str(one.value).upper(): str(one.value) for one in kind}
    asked = [one.strip().upper() for each in given for one in each.split(",") if one.strip()]
    if not asked or any(one not in by_fold for one in asked):
        raise invalid(name, f"must be one of: {', '.join(by_fold.values())}")
    return [by_fold[one] for one in asked]
