"""The result schemas of a batch: many lines have the same one, which is checked once and kept once."""

from collections.abc import Mapping

import msgspec
from msgspec import structs

from job_processor.acts.batches import NewLine
from job_processor.core.batch import RefusedLine
from job_processor.core.job import Json
from job_processor.http.batch_lines import Lines
from job_processor.http.context import Context
from job_processor.http.problems import RequestRefused
from job_processor.http.submission import check_schema

MAX_SCHEMAS = 100
"""Maximum number of different schemas in a batch: the check of one may take a second."""
_encode = msgspec.json.Encoder(order="sorted").encode


async def check_schemas(context: Context, lines: Lines) -> None:
    """Move the lines whose schema is invalid to the refused lines."""
    first: dict[bytes, Mapping[str, Json]] = {}
    faults: dict[bytes, str] = {}
    kept: list[NewLine] = []
    for one in lines.new:
        schema = one.new.result_schema
        if schema is None:
            kept.append(one)
            continue
        encoded = _encode(schema)
        if encoded not in first and len(first) < MAX_SCHEMAS:
            first[encoded] = schema
            try:
                await check_schema(context, schema)
            except RequestRefused as refused:
                faults[encoded] = refused.errors[0].message
        fault = faults.get(encoded)
        if encoded not in first:
            fault = f"must be one of at most {MAX_SCHEMAS} different ones in a batch"
        if fault is None:
            kept.append(one._replace(new=structs.replace(one.new, result_schema=first[encoded])))
        else:
            lines.refused.append(RefusedLine(one.line, "resultSchema", fault, custom_id=one.custom_id))
    lines.new = kept
    lines.refused.sort(key=lambda line: line.line)
