"""What is made of measurements: the least, the median and the largest of several rounds, and tables of them."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Several rounds of one figure."""

    least: float
    median: float
    most: float

    def show(self, digits: int = 0) -> str:
        """`median (least to most)`."""
        return f"{self.median:,.{digits}f} ({self.least:,.{digits}f} to {self.most:,.{digits}f})"


def spread(values: Iterable[float]) -> Spread:
    """The spread of some values; there must be one at least."""
    found = sorted(values)
    return Spread(found[0], statistics.median(found), found[-1])


def against(values: Sequence[float], others: Sequence[float], how: Callable[[float, float], float]) -> Spread:
    """A figure made of two servers' values, round by round: what disturbs a round disturbs both."""
    return spread(how(value, other) for value, other in zip(values, others, strict=True))


def ratio(values: Sequence[float], others: Sequence[float]) -> Spread:
    """values / others, round by round."""
    return against(values, others, lambda value, other: value / other)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown, padded so that it reads well in a terminal too."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def goal(said: str, found: float, *, at_least: float | None = None, below: float | None = None) -> list[str]:
    """A row of a table of goals: what, wanted, found, and whether it holds."""
    if at_least is not None:
        return [said, f"at least {at_least:g}", f"{found:,.3g}", "holds" if found >= at_least else "MISSED"]
    return [said, f"below {below:g}", f"{found:,.3g}", "holds" if found < below else "MISSED"]
