"""How values are decoded from BSON: times with a time zone, integers as plain ``int``."""

from typing import Any, TypeAlias

from bson.codec_options import CodecOptions, TypeDecoder, TypeRegistry
from bson.int64 import Int64
from pymongo.asynchronous.collection import AsyncCollection

Document: TypeAlias = dict[str, Any]
Collection: TypeAlias = AsyncCollection[Document]


class _PlainInt(TypeDecoder):
    """Decodes 64-bit integers to plain ``int``: BSON's subclass of it would get into every job."""

    @property
    def bson_type(self) -> type[Int64]:
        return Int64

    def transform_bson(self, value: Int64) -> int:
        return int(value)


CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True, type_registry=TypeRegistry([_PlainInt()]))
