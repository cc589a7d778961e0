"""Validation of JSON Schemas, and of values against them. External references are never fetched.

Nesting, patterns and the number of errors are limited here. Time and memory are limited by the process that runs this
(``pool``), because nested alternatives can need an unlimited amount of both.
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from job_processor.core.job import Json
from job_processor.core.verdict import SchemaError
from job_processor.results.json_patterns import LONE_SURROGATE
from job_processor.results.strict import TOO_DEEP

ERROR_LIMIT = 20
"""Maximum number of errors in a verdict."""
MESSAGE_LIMIT = 500
"""Maximum characters of an error message, because messages quote the value."""
DEPTH_LIMIT = 200
"""Maximum nesting of a value, because a recursive schema makes the validator's stack grow with the value."""
EXPANSION_LIMIT = 10_000
"""Maximum number of schemas that one value is checked against, with references and alternatives expanded."""

# Limits of regular expressions, so that a client's schema cannot occupy a CPU.
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000, size_limit=1 << 20)
# Keywords whose subschemas apply to the same value (in-place applicators, JSON Schema 2020-12 section 10.2).
_LISTS = ("anyOf", "oneOf", "allOf")
_SINGLES = ("not", "if", "then", "else")
_MAPS = ("dependentSchemas",)


def cost_problem(schema: object) -> str | None:
    """Why a schema is too costly, for people; ``None`` if it is not. Time is linear in the schema's size.

    The cost of a recursive schema depends on the value and is not detected here.
    """
    if not isinstance(schema, Mapping):
        return "must be an object"
    if too_deep(schema):
        return f"must not be nested deeper than {DEPTH_LIMIT} levels"
    if _largest_expansion(schema) > EXPANSION_LIMIT:
        return (
            "must not lead to more than "
            f"{EXPANSION_LIMIT:,} alternatives for one value when its references are written out"
        )
    return None


def check_schema(schema: object) -> str | None:
    """Why a ``resultSchema`` is invalid or too costly, for people; ``None`` if it is usable."""
    problem = cost_problem(schema)
    if problem is not None:
        return f"It {problem}."
    try:
        _compiled(json.dumps(schema))
    except jsonschema_rs.ValidationError as error:
        path = _pointer(error.instance_path)
        return _cut(f"At {path}: {error.message}" if path else error.message)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        return _cut(str(error))
    return None


def not_checked(value: object) -> str | None:
    """Why the value cannot be checked against a schema, for people; ``None`` if it can."""
    if value is TOO_DEEP or too_deep(value):
        return f"Nested deeper than {DEPTH_LIMIT} levels: not checked against the schema."
    return None


def fits(value: object, schema: Mapping[str, Json]) -> bool:
    """True if the value matches; faster than ``schema_errors``. Raises ``ValueError`` for an unusable schema."""
    try:
        return _compiled(json.dumps(schema)).is_valid(_without_lone_surrogates(value))
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        # The schema was valid when the job was submitted, but a newer version of the validator may reject it.
        raise ValueError(_cut(f"The schema cannot be used: {error}")) from None


def schema_errors(value: object, schema: Mapping[str, Json]) -> tuple[SchemaError, ...]:
    """At most ERROR_LIMIT reasons why ``value`` does not match ``schema``; empty if it matches."""
    try:
        found = islice(_compiled(json.dumps(schema)).iter_errors(_without_lone_surrogates(value)), ERROR_LIMIT)
        return tuple(SchemaError(_pointer(e.instance_path), _cut(e.message)) for e in found)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        return (SchemaError("", _cut(f"The schema cannot be used: {error}")),)


@lru_cache(maxsize=256)
def _compiled(schema: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads(schema), pattern_options=_PATTERNS, offline=True)


def _without_lone_surrogates(value: object) -> object:
    """The value with lone surrogates replaced by U+FFFD, because the validator needs valid UTF-8."""
    written = json.dumps(value, ensure_ascii=False, default=str)
    return json.loads(LONE_SURROGATE.sub("�", written)) if LONE_SURROGATE.search(written) else value


def too_deep(value: object) -> bool:
    """True if ``value`` is nested deeper than ``DEPTH_LIMIT``."""
    level: list[Any] = [value]
    for _ in range(DEPTH_LIMIT):
        level = [
            child
            for item in level
            if isinstance(item, (Mapping, list))
            for child in (item.values() if isinstance(item, Mapping) else item)
            if isinstance(child, (Mapping, list))
        ]
        if not level:
            return False
    return True


def _largest_expansion(schema: Mapping[str, Any]) -> int:
    """The maximum number of schemas that apply to one value, from any subschema; a recursive one counts once."""
    known: dict[int, int] = {}
    largest = 1
    for start in _all_schemas(schema):
        pending = [start]
        under_way: set[int] = set()
        while pending:
            here = pending[-1]
            if id(here) in known:
                pending.pop()
                continue
            inner = list(_applied_in_place(here, schema))
            missing = [i for i in inner if id(i) not in known and id(i) not in under_way]
            if missing and id(here) not in under_way:
                under_way.add(id(here))
                pending += missing
                continue
            known[id(here)] = min(1 + sum(known.get(id(i), 1) for i in inner), 10**9)
            largest = max(largest, known[id(here)])
            pending.pop()
    return largest


def _all_schemas(value: object) -> Iterator[Mapping[str, Any]]:
    """All objects in the value. Some are not schemas; they only make the result larger."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, Mapping):
            yield one
            pending += one.values()
        elif isinstance(one, list):
            pending += one


def _applied_in_place(one: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The subschemas that apply to the same value as the schema ``one``."""
    for name in ("$ref", "$dynamicRef", "$recursiveRef"):
        target = _resolved(one.get(name), root)
        if target is not None:
            yield target
    for name in _LISTS:
        if isinstance(one.get(name), list):
            yield from (each for each in one[name] if isinstance(each, Mapping))
    for name in _SINGLES:
        if isinstance(one.get(name), Mapping):
            yield one[name]
    for name in _MAPS:
        if isinstance(one.get(name), Mapping):
            yield from (each for each in one[name].values() if isinstance(each, Mapping))


def _resolved(reference: object, root: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    at: Any = root
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(at, Mapping):
            at = at.get(name)
        elif isinstance(at, list) and name.isdigit() and int(name) < len(at):
            at = at[int(name)]
        else:
            return None
    return at if isinstance(at, Mapping) else None


def _pointer(path: list[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _cut(message: str) -> str:
    return message if len(message) <= MESSAGE_LIMIT else message[: MESSAGE_LIMIT - 1] + "…"
