"""Check one parsed HCL body (a resource, or a block in it) against its schema. Pure: no files, no printing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from .schema import Block, Kind

Body = dict[str, Any]

META_ARGUMENTS = frozenset({"count", "for_each", "provider", "depends_on", "lifecycle", "timeouts"})
# python-hcl2 adds keys of its own (`__comments__` …); this one marks blocks, to distinguish `x {}` from `x = {}`.
BLOCK_MARK = "__is_block__"


def check_body(where: str, body: Body, schema: Block, *, top: bool = True) -> Iterator[str]:
    """Every problem of `body`, as a sentence starting with `where`."""
    seen: dict[str, int] = {}
    for raw_name, value in body.items():
        name = unquote(raw_name)
        if is_note(name) or (top and name in META_ARGUMENTS):
            continue
        if name == "dynamic":
            yield from _dynamic_blocks(where, value, schema, seen)
        elif is_block(value):
            yield from _blocks(where, name, value, schema, seen)
        else:
            yield from _argument(where, name, value, schema, seen)
    yield from _missing(where, schema, seen)


def is_block(value: object) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(item, dict) and BLOCK_MARK in item for item in value)
    )


def is_note(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def unquote(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _dynamic_blocks(where: str, entries: list[Body], schema: Block, seen: dict[str, int]) -> Iterator[str]:
    for entry in entries:
        for raw_name, dynamic in entry.items():
            name = unquote(raw_name)
            if is_note(name):
                continue
            if name not in schema.blocks:
                yield f"{where}: unknown block '{name}'{_hint(name, schema)}"
                continue
            # The number is only known when planned, so the maximum is not checked here.
            seen[name] = seen.get(name, 0) + 1
            if "for_each" not in dynamic:
                yield f"{where}: dynamic '{name}' has no for_each"
            if not dynamic.get("content"):
                yield f"{where}: dynamic '{name}' has no content"
            for content in dynamic.get("content", []):
                yield from check_body(f"{where}.{name}", content, schema.blocks[name], top=False)


def _blocks(where: str, name: str, value: list[Body], schema: Block, seen: dict[str, int]) -> Iterator[str]:
    if name in schema.attributes:
        yield f"{where}: '{name}' is an argument ({name} = …), not a block"
        return
    if name not in schema.blocks:
        yield f"{where}: unknown block '{name}'{_hint(name, schema)}"
        return
    block = schema.blocks[name]
    seen[name] = seen.get(name, 0) + len(value)
    if block.maximum and seen[name] > block.maximum:
        yield f"{where}: {seen[name]} blocks '{name}', at most {block.maximum} allowed"
    for item in value:
        yield from check_body(f"{where}.{name}", item, block, top=False)


def _argument(where: str, name: str, value: object, schema: Block, seen: dict[str, int]) -> Iterator[str]:
    if name in schema.blocks:
        yield f"{where}: '{name}' is a block ({name} {{ … }}), not an argument"
        return
    if name not in schema.attributes:
        yield f"{where}: unknown argument '{name}'{_hint(name, schema)}"
        return
    attribute = schema.attributes[name]
    seen[name] = 1
    if attribute.mode == "computed":
        yield f"{where}: '{name}' is read-only"
    elif not _fits(attribute.kind, value):
        yield f"{where}: '{name}' must be a {attribute.kind}"


def _missing(where: str, schema: Block, seen: dict[str, int]) -> Iterator[str]:
    for name, attribute in schema.attributes.items():
        if attribute.mode == "required" and name not in seen:
            yield f"{where}: missing required argument '{name}'"
    for name, block in schema.blocks.items():
        if seen.get(name, 0) < block.minimum:
            yield f"{where}: missing required block '{name}'"


def _hint(name: str, schema: Block) -> str:
    close = difflib.get_close_matches(name, [*schema.attributes, *schema.blocks], 1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _fits(wanted: Kind, value: object) -> bool:
    """Checks literals only: expressions are evaluated by Terraform."""
    if wanted == "any" or value is None:
        return True
    match value:
        case bool():
            return wanted in ("bool", "string")
        case int() | float():
            return wanted in ("number", "string")
        case list():
            return wanted in ("list", "records")
        case dict():
            return wanted == "map"
        case str():
            return _text_fits(wanted, value)
    return True


def _text_fits(wanted: Kind, value: str) -> bool:
    if not value.startswith('"'):
        return True
    text = unquote(value)
    if "${" in text:
        return wanted in ("string", "number", "bool")
    if wanted == "number":
        return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None
    return wanted == "string" or (wanted == "bool" and text in ("true", "false"))
