"""A job's own JSON Schema: is it one, and does a value fit it? No reference is ever fetched."""

import json
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from job_processor.core.job import Json
from job_processor.core.verdict import SchemaError
from job_processor.results.strict import TOO_DEEP

ERROR_LIMIT = 20
"""Errors that a verdict names."""
MESSAGE_LIMIT = 500
"""Characters of one message; a message quotes the value it speaks of."""
DEPTH_LIMIT = 200
"""Nesting that is checked: a schema may call itself, and the checker's stack grows with the value."""

# Bounds for a job's patterns: a schema comes with a job and must not keep a core busy.
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000, size_limit=1 << 20)


def check_schema(schema: object) -> str | None:
    """What is wrong with a job's ``resultSchema``, in words; ``None`` when it can be used."""
    if not isinstance(schema, Mapping):
        return "A JSON Schema is an object."
    if _too_deep(schema):
        return f"The schema is nested deeper than {DEPTH_LIMIT} levels."
    try:
        _compiled(json.dumps(schema))
    except jsonschema_rs.ValidationError as error:
        path = _pointer(error.instance_path)
        return _cut(f"At {path}: {error.message}" if path else error.message)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        return _cut(str(error))
    return None


def schema_errors(value: object, schema: Mapping[str, Json]) -> tuple[SchemaError, ...]:
    """What keeps ``value`` from fitting ``schema``: at most ERROR_LIMIT errors, none when it fits."""
    if value is TOO_DEEP or _too_deep(value):
        return (SchemaError("", f"Nested deeper than {DEPTH_LIMIT} levels: not checked."),)
    try:
        found = islice(_compiled(json.dumps(schema)).iter_errors(value), ERROR_LIMIT)
        return tuple(SchemaError(_pointer(e.instance_path), _cut(e.message)) for e in found)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        # The schema was checked when the job came; one that a newer version no longer takes is no reason to fail.
        return (SchemaError("", _cut(f"The schema cannot be used: {error}")),)


@lru_cache(maxsize=256)
def _compiled(schema: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads(schema), pattern_options=_PATTERNS, offline=True)


def _too_deep(value: object) -> bool:
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


def _pointer(path: list[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _cut(message: str) -> str:
    return message if len(message) <= MESSAGE_LIMIT else message[: MESSAGE_LIMIT - 1] + "…"
