"""Drawings of a dashboard's queries, from the answers of a Prometheus: matplotlib stands in for Grafana in the docs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitoring.panels import Panel

Series = Mapping[str, Any]  # an element of the result of /api/v1/query_range


def legend(series: Series, form: str) -> str:
    """The name of a series as Grafana writes it: `{{label}}` replaced by the label's value."""
    if form == "__auto":
        return ", ".join(f"{k}={v}" for k, v in series["metric"].items() if k != "__name__")
    for name, value in series["metric"].items():
        form = form.replace("{{" + name + "}}", value)
    return form


def draw(
    panels: Sequence[tuple[Panel, Sequence[tuple[str, Sequence[Series]]]]], path: Path, title: str
) -> None:
    """Draw panels two abreast.

    Args:
        panels: each with its queries' legends and answers.
        path: the picture to write.
        title: the caption, which says that this is a drawing.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rows = (len(panels) + 1) // 2
    figure, axes = plt.subplots(rows, 2, figsize=(12, 2.7 * rows + 0.6), squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for axis, (panel, answers) in zip(axes.flat, panels, strict=False):
        begin = min((float(s["values"][0][0]) for _, found in answers for s in found), default=0.0)
        for form, found in answers:
            for series in found:
                times = [float(at) - begin for at, _ in series["values"]]
                axis.plot(
                    times,
                    [float(value) for _, value in series["values"]],
                    label=legend(series, form),
                    linewidth=1.5,
                )
        for value, color in panel.limits:
            axis.axhline(
                value, color="gray" if color == "transparent" else color, linestyle="--", linewidth=1
            )
        axis.set_title(panel.title, loc="left", fontsize=10)
        axis.set_xlabel("seconds", fontsize=8)
        axis.set_ylabel("" if panel.unit == "short" else panel.unit, fontsize=8)
        axis.tick_params(labelsize=8)
        if any(found for _, found in answers):
            axis.legend(fontsize=7, frameon=False, loc="best")
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    figure.tight_layout()
    figure.savefig(path, dpi=90, metadata={"Software": None})
    plt.close(figure)
