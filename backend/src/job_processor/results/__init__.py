"""Examination of results: is a result JSON, does it match the job's schema, can it be repaired. See docs/results.md."""

from job_processor.results.examination import INLINE_LIMIT, examine
from job_processor.results.pool import Examiners, shared
from job_processor.results.repair import REPAIR_LIMIT
from job_processor.results.schema import check_schema, is_too_costly

__all__ = ["INLINE_LIMIT", "REPAIR_LIMIT", "Examiners", "check_schema", "examine", "is_too_costly", "shared"]
