"""The record of a batch, and its refused lines, as JSON: in both databases and in backups."""

from dataclasses import MISSING, fields
from typing import Any, get_type_hints

import msgspec

from job_processor.core.batch import Batch, RefusedLine

_hints = get_type_hints(Batch) | {"metadata": dict[str, Any]}
_NAMES = tuple(field.name for field in fields(Batch))
_Stored = msgspec.defstruct(
    "_Stored",
    [
        (one.name, _hints[one.name])
        if one.default is MISSING and one.default_factory is MISSING
        else (one.name, _hints[one.name], {} if one.default is MISSING else one.default)
        for one in fields(Batch)
    ],
    omit_defaults=True,
)
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(_Stored).decode
_decode_lines = msgspec.json.Decoder(list[RefusedLine]).decode


def dump(batch: Batch) -> bytes:
    """The same batch gives the same bytes, whatever store it came from."""
    return _encode(_Stored(*(getattr(batch, name) for name in _NAMES)))


def load(record: bytes | str) -> Batch:
    """Raises ``msgspec.DecodeError``."""
    return Batch(*msgspec.structs.astuple(_decode(record)))


def dump_lines(lines: list[RefusedLine]) -> bytes:
    return _encode(lines)


def load_lines(record: bytes | str) -> list[RefusedLine]:
    """Raises ``msgspec.DecodeError``."""
    return _decode_lines(record)
