"""Drawings of whole dashboards, from the answers of a Prometheus: matplotlib stands in for Grafana in the docs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monitoring.drawn_panels import DARK, GRAY, KINDS, Answers, characters
from monitoring.panels import WIDTH, Dashboard, Panel

COLUMN, ROW, GAP = 0.6, 0.3, 0.06  # inches: a cell of the grid, and the room between two panels
HEAD, FOOT = 0.5, 0.35  # inches above and below the grid
LEGEND_POINTS = 7.5
COLORS = 256  # of the file's palette
PAGE = "#f4f5f5"


def draw(board: Dashboard, answers: Answers, path: Path, caption: str) -> None:
    """Draw every panel of a dashboard at its place.

    Args:
        board: the dashboard.
        answers: the result of /api/v1/query_range for each expression of each panel.
        path: the picture to write.
        caption: the line below, which says that this is a drawing.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from PIL import Image  # comes with matplotlib

    placed = board.model()["panels"]
    height = HEAD + FOOT + ROW * max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in placed)
    figure = plt.figure(figsize=(COLUMN * WIDTH, height), facecolor=PAGE)
    figure.text(0.01, 1 - 0.3 / height, board.title, fontsize=14, color=DARK, va="center")
    figure.text(0.01, 0.15 / height, caption, fontsize=8.5, color=GRAY, va="center")
    panels, span = iter(board.panels()), _span(answers)
    for place in placed:
        box = _box(place["gridPos"], height)
        if place["type"] == "row":
            figure.text(0.01, box[1] + box[3] / 2, place["title"], fontsize=11, color=DARK, va="center")
        else:
            _panel(figure, next(panels), answers, span, box)
    figure.savefig(path, dpi=100, metadata={"Software": None})
    plt.close(figure)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLORS).save(path, optimize=True)


def _span(answers: Answers) -> tuple[float, float]:
    """The first and the last instant of all answers, in Unix seconds."""
    instants = [float(s["values"][i][0]) for found in answers.values() for s in found for i in (0, -1)]
    return min(instants, default=0.0), max(instants, default=1.0)


def _box(grid: dict[str, int], height: float) -> tuple[float, float, float, float]:
    """A place of the grid as shares of the figure: left, bottom, width, height."""
    top = height - HEAD - ROW * grid["y"]
    bottom = top - ROW * grid["h"] + GAP
    width = COLUMN * WIDTH
    return (
        (COLUMN * grid["x"] + GAP) / width,
        bottom / height,
        (COLUMN * grid["w"] - 2 * GAP) / width,
        (top - bottom) / height,
    )


def _panel(
    figure: Any,
    panel: Panel,
    answers: Answers,
    span: tuple[float, float],
    box: tuple[float, float, float, float],
) -> None:
    from matplotlib.patches import Rectangle

    left, bottom, width, height = box
    inch_x, inch_y = 1 / figure.get_figwidth(), 1 / figure.get_figheight()
    look = {"facecolor": "white", "edgecolor": "#d8dadd", "linewidth": 0.8, "zorder": -1}
    figure.add_artist(Rectangle((left, bottom), width, height, transform=figure.transFigure, **look))
    figure.text(
        left + 0.08 * inch_x,
        bottom + height - 0.14 * inch_y,
        panel.title,
        fontsize=9.5,
        color=DARK,
        va="center",
    )
    margins = dict(zip(("left", "bottom", "right", "top"), _margins(panel), strict=True))
    inside = (
        left + margins["left"] * inch_x,
        bottom + margins["bottom"] * inch_y,
        width - (margins["left"] + margins["right"]) * inch_x,
        height - (margins["bottom"] + margins["top"]) * inch_y,
    )
    axis = figure.add_axes(inside)
    if not any(answers[query.expr] for query in panel.queries):
        axis.axis("off")
        axis.text(0.5, 0.5, "No data", ha="center", va="center", fontsize=11, color=GRAY)
        return
    KINDS[panel.kind](axis, panel, answers, span)
    _legend(axis, figure, left + 0.1 * inch_x, bottom + 0.03 * inch_y)


def _margins(panel: Panel) -> Iterator[float]:
    """Inches from the edge of a panel to its inside: left, bottom, right, top."""
    yield from (0.12, 0.1, 0.12, 0.28) if panel.kind in {"stat", "table"} else (0.75, 0.55, 0.15, 0.3)


def _legend(axis: Any, figure: Any, left: float, bottom: float) -> None:
    """Names below the lines, in two rows at most; the last one tells how many are left out."""
    handles, labels = axis.get_legend_handles_labels()
    if not labels:
        return
    columns = max(1, characters(axis, LEGEND_POINTS) // (max(map(len, labels)) + 5))
    most = 2 * columns
    if len(labels) > most:
        labels[most - 1] = f"+ {len(labels) - most + 1} more"
    look = {"fontsize": LEGEND_POINTS, "frameon": False, "labelcolor": GRAY, "borderaxespad": 0}
    place = {"loc": "lower left", "bbox_to_anchor": (left, bottom), "bbox_transform": figure.transFigure}
    shape = {"ncols": columns, "handlelength": 1, "columnspacing": 1, "labelspacing": 0.3}
    axis.legend(handles[:most], labels[:most], **look, **place, **shape)
