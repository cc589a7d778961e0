"""Which metrics and labels an expression of PromQL uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import promql_parser


def uses(expression: str) -> Iterator[tuple[str, frozenset[str]]]:
    """(metric, labels that are matched or kept), for each selector. ``$flow`` and the like are Grafana's."""
    yield from _below(promql_parser.parse(expression), frozenset())


def _below(node: Any, kept: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    match type(node).__name__:
        case "VectorSelector":
            matched = {one.name for one in node.matchers.matchers}
            yield node.name, frozenset(matched) | kept
        case "AggregateExpr":
            by = frozenset(node.modifier.labels) if node.modifier is not None else frozenset[str]()
            yield from _below(node.expr, by)
        case "Call":
            for argument in node.args:
                yield from _below(argument, kept)
        case "BinaryExpr":
            yield from _below(node.lhs, kept)
            yield from _below(node.rhs, kept)
        case "MatrixSelector":
            yield from _below(node.vector_selector, kept)
        case "NumberLiteral" | "StringLiteral":
            return
        case _:
            yield from _below(node.expr, kept)
