"""Examination of results: JSON validation, schema validation, suggested repairs. See docs/results.md."""

from job_processor.results.examination import INLINE_LIMIT, examine
from job_processor.results.pool import Examiners, shared
from job_processor.results.repair import REPAIR_LIMIT
from job_processor.results.schema import check_schema, cost_problem

__all__ = ["INLINE_LIMIT", "REPAIR_LIMIT", "Examiners", "check_schema", "cost_problem", "examine", "shared"]
