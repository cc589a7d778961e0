"""The record of a batch, and its refused lines, as JSON: in both databases and in backups."""

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields, replace
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
_Line = msgspec.defstruct("_Line", [("batch", _Stored), ("refused", list[RefusedLine], [])], omit_defaults=True)
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(_Stored).decode
_decode_line = msgspec.json.Decoder(_Line).decode
_decode_lines = msgspec.json.Decoder(list[RefusedLine]).decode


def dump(batch: Batch) -> bytes:
    """The same batch gives the same bytes, whatever store it came from."""
    return _encode(_stored(batch))


def load(record: bytes | str) -> Batch:
    """The batch of a record made by ``dump``. Raises ``msgspec.DecodeError``."""
    return Batch(*msgspec.structs.astuple(_decode(record)))


@dataclass(frozen=True, slots=True)
class WholeBatch:
    """A batch and its refused lines, as one line of a backup."""

    batch: Batch
    refused: Sequence[RefusedLine]

    @property
    def line(self) -> bytes:
        """The line, without its newline."""
        return _encode(_Line(_stored(replace(self.batch, is_whole=True)), list(self.refused)))


def load_whole(line: bytes) -> WholeBatch:
    """The batch of a line of a backup. Raises ``msgspec.DecodeError``."""
    stored, refused = msgspec.structs.astuple(_decode_line(line))
    return WholeBatch(Batch(*msgspec.structs.astuple(stored)), refused)


def _stored(batch: Batch) -> msgspec.Struct:
    return _Stored(*(getattr(batch, name) for name in _NAMES))


def dump_lines(lines: list[RefusedLine]) -> bytes:
    return _encode(lines)


def load_lines(record: bytes | str) -> list[RefusedLine]:
    """The refused lines of a record made by ``dump_lines``. Raises ``msgspec.DecodeError``."""
    return _decode_lines(record)
