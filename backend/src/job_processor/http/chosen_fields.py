"""Answers with a choice of fields: the query parameter `fields`, and the type of such an answer."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, Meta, UnsetType

from job_processor.http.models import WireOut
from job_processor.http.query import value_hint

MAX_FIELDS = 100
"""Maximum number of names in a request."""
TEXTS = frozenset({"prompt", "promptTruncated", "promptBytes", "result", "resultTruncated", "resultBytes", "snippets"})
"""Fields of a job that are made of its prompt and its result."""


def names_of(whole: type[WireOut]) -> tuple[str, ...]:
    """The names of the fields in the API, in the order of the answer."""
    return tuple(field.encode_name for field in msgspec.structs.fields(whole))


def declared(names: Sequence[str], where: str = "") -> Meta:
    """For ``Annotated[str, …]``: names of fields, separated by commas. ``where``: appended to the description."""
    one = "|".join(names)
    listed = ", ".join(names)
    return Meta(
        pattern=f"^({one})(,({one})){{0,{MAX_FIELDS - 1}}}$",
        description=f"only these fields of each job, separated by commas; `id` is always there{where}: {listed}",
        extra=value_hint(must_be(names)),
    )


def must_be(names: Sequence[str]) -> str:
    """The error message for unknown names."""
    return f"must be up to {MAX_FIELDS} names of fields, separated by commas: {', '.join(names)}"


def chosen(fields: str) -> frozenset[str]:
    """The names, and that of the id."""
    return frozenset({"id", *fields.split(",")})


def part(whole: type[WireOut], name: str, says: str) -> type[msgspec.Struct]:
    """The type of an answer that has some fields of ``whole``: every field but the id may be missing."""
    fields: list[tuple[str, type] | tuple[str, type, object]] = [
        (field.name, field.type) if field.name == "id" else (field.name, field.type | UnsetType, UNSET)
        for field in msgspec.structs.fields(whole)
    ]
    return msgspec.defstruct(name, fields, bases=(WireOut,), namespace={"__doc__": says}, kw_only=True)


def only(whole: WireOut, of: type[msgspec.Struct], names: frozenset[str]) -> msgspec.Struct:
    """These fields of ``whole``, as a struct of the type ``of``, which ``part`` made."""
    wanted = (field.name for field in msgspec.structs.fields(type(whole)) if field.encode_name in names)
    return of(**{name: getattr(whole, name) for name in wanted})
