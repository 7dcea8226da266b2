"""Refuses patterns that could run long: the steps of a pattern, per character of a text, are counted and bounded.

From one place of a text a backtracking engine takes at most the steps counted here: the rest of a pattern is tried once for each
way in which the part before can match. A repeat without an end is refused, because each place of a long run would read the run
again, and so is every operator that this module does not know.
"""

import importlib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

_parser: Any = importlib.import_module("re._parser")  # the syntax tree of the engine that runs the pattern
MAX_STEPS = 600  # per character, for all patterns together
_MAX_LENGTH = 1000
_ONE = {"LITERAL", "NOT_LITERAL", "IN", "ANY", "AT", "CATEGORY", "RANGE"}

Cost = tuple[float, float]  # ways to match from one place, steps to try them all


class PatternError(ValueError):
    """The pattern cannot be used; the message says what to write instead."""


def check_patterns(patterns: Mapping[str, str]) -> None:
    """Check patterns, given by the name that messages use.

    Raises:
        PatternError: A pattern is no regular expression, matches fewer than two characters, or is too slow; or all patterns
            together are too slow.
    """
    total = 0.0
    for name, pattern in patterns.items():
        total += _steps(name, pattern)
    if total > MAX_STEPS:
        raise PatternError(f"all patterns together take {total:.0f} steps a character, above {MAX_STEPS}")


def _steps(name: str, pattern: str) -> float:
    if len(pattern) > _MAX_LENGTH:
        raise PatternError(f"{name}: longer than {_MAX_LENGTH} characters")
    try:
        re.compile(pattern)
        tree = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternError(f"{name}: not a regular expression: {error}") from error
    if tree.getwidth()[0] < 2:
        raise PatternError(f"{name}: matches less than two characters; say more of what it looks like")
    try:
        steps = _sequence(tree)[1]
    except PatternError as error:
        raise PatternError(f"{name}: {error}") from None
    if steps > MAX_STEPS:
        raise PatternError(
            f"{name}: may take {min(steps, 1e9):.0f} steps a character, above {MAX_STEPS}; shorten repeats or make them "
            "possessive, such as {1,20}+"
        )
    return steps


def _sequence(nodes: Any) -> Cost:
    ways, steps = 1.0, 0.0
    for operator, value in nodes:
        more, cost = _cost(str(operator), value)
        steps += ways * cost
        ways *= more
    return ways, steps


def _cost(operator: str, value: Any) -> Cost:
    match operator:
        case operator if operator in _ONE:
            return 1.0, 1.0
        case "BRANCH":
            return _branch(value[1])
        case "SUBPATTERN":
            return _sequence(value[-1])
        case "ATOMIC_GROUP":
            return 1.0, _sequence(value)[1]
        case "ASSERT" | "ASSERT_NOT":
            return 1.0, _sequence(value[1])[1]
        case "MAX_REPEAT" | "MIN_REPEAT":
            return _repeat(*value)
        case "POSSESSIVE_REPEAT":
            return 1.0, _repeat(*value)[1]
    raise PatternError("back-references and conditions are not allowed")


def _branch(branches: Sequence[Any]) -> Cost:
    costs = [_sequence(branch) for branch in branches]
    return sum(ways for ways, _ in costs), sum(steps for _, steps in costs)


def _repeat(least: int, most: Any, item: Any) -> Cost:
    if most is _parser.MAXREPEAT or int(most) > MAX_STEPS:
        raise PatternError("a repeat needs an end: write {1,20} in place of + or *")
    ways, steps = _sequence(item)
    powers = [_power(ways, count) for count in range(int(most) + 1)]
    return sum(powers[least:]), steps * sum(powers[:-1])


def _power(base: float, exponent: int) -> float:
    try:
        return base**exponent
    except OverflowError:
        return math.inf
