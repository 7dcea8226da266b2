"""The inside of a panel, drawn by matplotlib from the answers to its queries: numbers, tables, lines and heat maps."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitoring.panels import Panel
from monitoring.units import shown

Series = Mapping[str, Any]  # an element of the result of /api/v1/query_range
Answers = Mapping[str, Sequence[Series]]  # by expression
HIDDEN = {"__name__", "instance", "job", "container", "endpoint", "service", "cluster"}
KEY = ("namespace", "leadmodel", "pod", "slot")  # what a row of a table is of
ROW_POINTS = 14
FEW = 10  # points of a series that needs markers to be seen
CLOCK = (
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    21_600,
    86_400,
    172_800,
    604_800,
    2_592_000,
    8_640_000,
)
NAME_POINTS = 10.5
COLORS = ("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#b877d9", "#f2495c", "#8ab8ff", "#96d98d", "#ffa6b0")
DARK, GRAY, GRID = "#24292e", "#6e7681", "#e4e7eb"
NAMED = {"red": "#e02f44", "orange": "#ff780a", "green": "#37872d", "transparent": GRAY}


def legend(series: Series, form: str) -> str:
    """The name of a series as Grafana writes it: `{{label}}` replaced by the label's value."""
    if form == "__auto":
        return ", ".join(f"{k}={v}" for k, v in series["metric"].items() if k not in HIDDEN)
    for name, value in series["metric"].items():
        form = form.replace("{{" + name + "}}", value)
    return form


def last(found: Sequence[Series]) -> list[tuple[Series, float]]:
    """The series that still have a value at the end, each with it."""
    end = max((float(series["values"][-1][0]) for series in found), default=0.0)
    return [(s, float(s["values"][-1][1])) for s in found if float(s["values"][-1][0]) >= end - 5]


def stat(axis: Any, panel: Panel, answers: Answers, _span: tuple[float, float]) -> None:
    """One large number, or a line for each of several series."""
    axis.axis("off")
    rows = [(legend(s, q.legend), value) for q in panel.queries for s, value in last(answers[q.expr])]
    for number, (name, value) in enumerate(rows):
        y, text = 1 - (number + 0.5) / len(rows), shown(value, panel.unit, panel.decimals)
        if not name:
            axis.text(0.5, y, text, va="center", ha="center", fontsize=24, color=_color(panel, value))
            continue
        room = characters(axis, NAME_POINTS) - len(text) - 2
        axis.text(0, y, _ending(name, room), va="center", fontsize=NAME_POINTS, color=DARK)
        axis.text(1, y, text, va="center", ha="right", fontsize=NAME_POINTS, color=_color(panel, value))


def characters(axis: Any, points: float) -> int:
    """How many characters of this size fit beside each other; a character is about 0.6 of its height wide."""
    return int(axis.bbox.width / axis.figure.dpi * 72 / (0.6 * points))


def _ending(name: str, room: int) -> str:
    """The name, or its end where it is too long: pods differ there."""
    return name if len(name) <= room else f"…{name[-max(room - 1, 1) :]}"


def table(axis: Any, panel: Panel, answers: Answers, _span: tuple[float, float]) -> None:
    """One line per set of labels, with a column for each label and each query, as Grafana merges them."""
    axis.axis("off")
    columns, rows = _merged(panel, answers)
    places = _places(columns, rows)
    for number, row in enumerate([{name: name for name in columns}, *rows]):
        for name, x in places.items():
            look = {"fontsize": 8.5, "color": GRAY if number == 0 else DARK, "va": "top"}
            below = {"xytext": (0, -ROW_POINTS * number), "textcoords": "offset points"}
            axis.annotate(row.get(name, ""), (x, 1), xycoords="axes fraction", **below, **look)


def _merged(panel: Panel, answers: Answers) -> tuple[list[str], list[dict[str, str]]]:
    """The columns of a table and its rows: series of all queries that agree in what they are of."""
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for number, query in enumerate(panel.queries):
        column = "Value" if len(panel.queries) == 1 else f"Value #{chr(ord('A') + number)}"
        for series, value in last(answers[query.expr]):
            labels = {k: v for k, v in series["metric"].items() if k not in HIDDEN}
            row = rows.setdefault(tuple(labels.get(name, "") for name in KEY), {})
            row |= labels | {panel.names.get(column, column): shown(value)}
    return list(dict.fromkeys(name for row in rows.values() for name in row)), list(rows.values())


def _places(columns: Sequence[str], lines: Sequence[Mapping[str, str]]) -> dict[str, float]:
    """Where each column begins, by the length of its longest text."""
    widths = [
        max(len(text) for text in (name, *(line.get(name, "") for line in lines))) + 4 for name in columns
    ]
    return {name: sum(widths[:i]) / max(sum(widths), 1) for i, name in enumerate(columns)}


def lines(axis: Any, panel: Panel, answers: Answers, span: tuple[float, float]) -> None:
    """A line for each series, and a dashed one for each limit."""
    _time(axis, panel, span)
    named = [(legend(s, q.legend), s) for q in panel.queries for s in answers[q.expr]]
    for number, (name, series) in enumerate(named):
        points = [(float(at) - span[0], float(value)) for at, value in series["values"]]
        marker = {"marker": "o", "markersize": 2.5} if len(points) < FEW else {}
        look = {"color": COLORS[number % len(COLORS)], "linewidth": 1.4, "label": name, **marker}
        axis.plot(*zip(*_with_gaps(points), strict=True), **look)
    _scale(axis, panel)


def _scale(axis: Any, panel: Panel) -> None:
    """Begin at zero unless all values lie far above it; show limits that are not far away, and round ticks."""
    low, high = axis.dataLim.y0, axis.dataLim.y1
    low, high = (low, high) if math.isfinite(low) and math.isfinite(high) else (0.0, 1.0)
    near = [limit for limit in panel.limits if limit[0] <= 3 * high]
    for value, color in near:
        axis.axhline(value, color=NAMED.get(color, color), linestyle="--", linewidth=1)
    low, high = min([low, *(v for v, _ in near)]), max([high, *(v for v, _ in near)])
    if 0 <= low <= 0.6 * high or math.isclose(low, high, rel_tol=1e-6):  # as good as one value
        low, high = min(low, 0.0), max(high, 0.0) or 1.0
    step = tick((high - low) / 4, panel.unit)
    top = step * math.ceil(high / step - 1e-9)
    axis.set_yticks([step * i for i in range(math.floor(low / step + 1e-9), round(top / step) + 1)])
    axis.set_ylim(step * math.floor(low / step + 1e-9), top + 0.04 * (top - low))


def tick(least: float, unit: str) -> float:
    """The smallest round distance of at least this much: in seconds of the clock's units, in bytes of powers of two."""
    if unit == "s" and least > CLOCK[0]:
        return next((s for s in CLOCK if s >= least), CLOCK[-1] * math.ceil(least / CLOCK[-1]))
    if unit == "bytes":
        return 2.0 ** math.ceil(math.log2(least))
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= least * (1 - 1e-9))


def _with_gaps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points, with a break where none came for more than five seconds."""
    drawn = [points[0]]
    for before, point in itertools.pairwise(points):
        if point[0] - before[0] > 5:
            drawn.append((before[0], float("nan")))
        drawn.append(point)
    return drawn


def heatmap(axis: Any, panel: Panel, answers: Answers, span: tuple[float, float]) -> None:
    """Cumulative buckets as the number of each bucket alone, dark where many fell."""
    _time(axis, panel, span)
    buckets = {float(s["metric"]["le"]): dict(s["values"]) for s in answers[panel.queries[0].expr]}
    bounds = sorted(buckets)
    times = sorted({at for values in buckets.values() for at in values}, key=float)[::5]
    counts = [[float(buckets[bound].get(at, 0)) for at in times] for bound in bounds]
    alone = [
        counts[0],
        *([max(b - a, 0) for a, b in zip(x, y, strict=True)] for x, y in itertools.pairwise(counts)),
    ]
    tops = [bound if bound != float("inf") else bounds[-2] + 0.05 for bound in bounds]
    edges = [*(float(at) - span[0] for at in times), float(times[-1]) - span[0] + 5]
    axis.pcolormesh(edges, [0.0, *tops], alone, cmap="Blues")
    axis.set_ylim(0, min(tops[-1], 1.0))


def _time(axis: Any, panel: Panel, span: tuple[float, float]) -> None:
    axis.set_xlim(0, span[1] - span[0])
    axis.xaxis.set_major_formatter(lambda at, _: f"{int(at) // 60}:{int(at) % 60:02d}")
    axis.xaxis.set_major_locator(_locator(60 if span[1] - span[0] > 100 else 15))
    axis.yaxis.set_major_formatter(lambda value, _: shown(round(value, 9), panel.unit))
    axis.grid(visible=True, color=GRID, linewidth=0.8)
    axis.tick_params(labelsize=8, colors=GRAY, length=0, pad=4)
    axis.set_axisbelow(True)
    for side in axis.spines.values():
        side.set_visible(False)


def _locator(step: int) -> Any:
    from matplotlib.ticker import MultipleLocator

    return MultipleLocator(step)


def _color(panel: Panel, value: float) -> str:
    """The colour of the highest limit that a value reaches."""
    reached = [color for limit, color in panel.limits if value >= limit]
    return NAMED.get(reached[-1], reached[-1]) if reached else NAMED["green"]


KINDS: Mapping[str, Callable[[Any, Panel, Answers, tuple[float, float]], None]] = {
    "stat": stat,
    "table": table,
    "timeseries": lines,
    "heatmap": heatmap,
}
