"""A value that is none of those a field allows: the answer names the field and all of them, and not what was sent."""

from enum import Enum
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from job_processor.http.body import decode
from job_processor.http.problems import RequestRefused


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Inner(msgspec.Struct):
    shade: Colour | None = None


class Wanted(msgspec.Struct):
    one: Colour | None = None
    several: Annotated[list[Colour], Meta(min_length=1)] | None = None
    word: Literal["red", "blue"] | None = None
    named: dict[Colour, int] | None = None
    inner: Inner | None = None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"one": "secret"}', "one"),
        (b'{"several": ["red", "secret"]}', "several"),
        (b'{"word": "secret"}', "word"),
        (b'{"named": {"secret": 1}}', "named"),
        (b'{"inner": {"shade": "secret"}}', "inner.shade"),
    ],
)
def test_the_values_are_named(body: bytes, field: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        decode(body, Wanted)
    assert refused.value.status == 422
    assert refused.value.detail == f"{field}: must be of: red, blue"
