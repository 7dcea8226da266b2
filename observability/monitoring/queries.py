"""What an expression in PromQL selects: metrics and labels, read from its syntax tree."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser


@dataclass(frozen=True)
class Use:
    """A metric that an expression selects, with the labels it matches there."""

    metric: str
    labels: frozenset[str]


def filled(expression: str, rate_interval: str = "5m", namespace: str = ".+", leadmodel: str = ".+") -> str:
    """The expression as Grafana sends it, with its variables replaced: of every namespace and LeadModel where none is chosen."""
    values = {"$__rate_interval": rate_interval, "$namespace": namespace, "$leadmodel": leadmodel}
    for name, value in values.items():
        expression = expression.replace(name, value)
    return expression


def parse(expression: str) -> Any:
    """The syntax tree. Raises ValueError where Prometheus would refuse the expression."""
    return promql_parser.parse(expression)


def uses(expression: str) -> list[Use]:
    """The metrics of an expression, each with the labels that its matchers name."""
    return [
        Use(node.name, frozenset(matcher.name for matcher in node.matchers.matchers))
        for node in _nodes(parse(expression))
        if isinstance(node, promql_parser.VectorSelector)
    ]


def grouped(expression: str) -> frozenset[str]:
    """The labels that aggregations and matchings of an expression name."""
    names: set[str] = set()
    for node in _nodes(parse(expression)):
        modifier = getattr(node, "modifier", None)
        if isinstance(node, promql_parser.AggregateExpr) and modifier is not None:
            names.update(modifier.labels)
        elif isinstance(node, promql_parser.BinaryExpr) and modifier is not None and modifier.matching:
            names.update(modifier.matching.labels)
    return frozenset(names)


def _nodes(node: Any) -> Iterator[Any]:
    """A tree's nodes from the root down."""
    yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "args", "param"):
        child = getattr(node, name, None)
        for item in child if isinstance(child, list) else [child]:
            if isinstance(item, promql_parser.Expr):
                yield from _nodes(item)
