"""The fields of an answer that a client chooses: the query parameter `fields`, and the type of what is sent then."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, Meta, UnsetType

from job_processor.http.models import WireOut
from job_processor.http.query import value_hint

MOST = 100
"""Maximum number of names in a request."""
TEXTS = frozenset({"prompt", "promptTruncated", "promptBytes", "result", "resultTruncated", "resultBytes", "snippets"})
"""Fields of a job that are made of its prompt and its result."""


def names_of(whole: type[WireOut]) -> tuple[str, ...]:
    """The fields as a client names them, in the order of the answer."""
    return tuple(field.encode_name for field in msgspec.structs.fields(whole))


def declared(names: Sequence[str], where: str = "") -> Meta:
    """For ``Annotated[str, …]``: names of fields, separated by commas. ``where``: what else is to be said of them."""
    one = "|".join(names)
    listed = ", ".join(names)
    return Meta(
        pattern=f"^({one})(,({one})){{0,{MOST - 1}}}$",
        description=f"only these fields of each job, separated by commas; `id` is always there{where}: {listed}",
        extra=value_hint(must_be(names)),
    )


def must_be(names: Sequence[str]) -> str:
    """The message about names that are none of these."""
    return f"must be up to {MOST} names of fields, separated by commas: {', '.join(names)}"


def chosen(fields: str) -> frozenset[str]:
    """The names, and that of the id."""
    return frozenset({"id", *fields.split(",")})


def part(whole: type[WireOut], name: str, says: str) -> type[msgspec.Struct]:
    """The type of an answer that has some fields of ``whole``: each but the id may be missing."""
    fields: list[tuple[str, type] | tuple[str, type, object]] = [
        (field.name, field.type) if field.name == "id" else (field.name, field.type | UnsetType, UNSET)
        for field in msgspec.structs.fields(whole)
    ]
    return msgspec.defstruct(name, fields, bases=(WireOut,), namespace={"__doc__": says}, kw_only=True)


def only(whole: WireOut, of: type[msgspec.Struct], names: frozenset[str]) -> msgspec.Struct:
    """These fields of ``whole``, as ``of``, which ``part`` made."""
    wanted = (field.name for field in msgspec.structs.fields(type(whole)) if field.encode_name in names)
    return of(**{name: getattr(whole, name) for name in wanted})
