"""Pictures of the study, as SVG that is the same for the same figures: no date, no random ids, text as text."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import matplotlib as mpl
import numpy as np
from simulation import figures, gate
from simulation.cases import FLAT, OTHER, SIZES, WEEKLY, Case
from simulation.play import Outcome

mpl.use("svg")

from matplotlib import pyplot as plt  # after the backend

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
COLORS = ("#1b4f72", "#b9770e", "#1e8449", "#943126", "#6c3483")
LINES = {FLAT: "o-", WEEKLY: "s--", OTHER: "^:"}
STYLE = {
    "svg.hashsalt": "leadmodel",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}
Found = Sequence[tuple[Case, list[Outcome]]]


def _save(figure, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)


def gate_power(alone, paired) -> None:
    """How often a model passes, by its true AUC and by its true difference to the champion."""
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.8))
        for color, (size, cells) in zip(COLORS, groupby(alone, key=lambda row: row[0]), strict=False):
            rows = list(cells)
            left.plot(
                [r[1] for r in rows], [r[3].share for r in rows], "o-", ms=3.5, color=color,
                label=f"{size:,} rows, {size // 10} positives",
            )  # fmt: skip
        left.axvline(gate.MIN_AUC, color="#888888", lw=1, ls="--")
        left.annotate("minAuc", (gate.MIN_AUC, 1.03), ha="center", fontsize=8.5, color="#555555")
        left.set(xlabel="true AUC", ylabel="passes the gate", ylim=(-0.03, 1.1))
        left.set_title("minAuc and the lower bound", fontsize=10, pad=10)
        left.legend(fontsize=8, loc="lower right")
        for color, (positives, cells) in zip(COLORS, groupby(paired, key=lambda row: row[0]), strict=False):
            rows = list(cells)
            right.plot(
                [r[1] for r in rows], [r[2].share for r in rows], "o-", ms=3.5, color=color,
                label=f"{positives:,} positives",
            )  # fmt: skip
        right.axvline(0, color="#888888", lw=1, ls="--")
        right.set(xlabel="true AUC minus the champion's", ylabel="is stopped", ylim=(-0.03, 1.1))
        right.set_title("comparison with the champion", fontsize=10, pad=10)
        right.legend(fontsize=8, loc="upper right")
        _save(figure, "gate-power")


def false_alarms(found: Found) -> None:
    """Days without drift that would raise an alarm, by the limit on PSI alone, and by the mean-shift score."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(6.6, 3.8))
        for i, (case, outcomes) in enumerate(found):
            days = figures.days(outcomes)
            shares = [np.mean([figures.lasting(day, limit) for day in days]) for limit in figures.LIMITS]
            axes.plot(
                figures.LIMITS, shares, LINES[case.world], ms=3.5, color=COLORS[i % 3],
                label=f"{case.rate:,} a day, {case.world}",
            )  # fmt: skip
        for limit, name in ((0.10, "previous must stay below"), (0.25, "breach")):
            axes.axvline(limit, color="#888888", lw=1, ls="--")
            axes.annotate(name, (limit + 0.003, 0.9), fontsize=8.5, color="#555555")
        axes.set(xlabel="limit on PSI", ylabel="drift-free days with an hour above it", ylim=(-0.03, 1.03))
        axes.legend(fontsize=8, loc="upper right", bbox_to_anchor=(1, 0.86))
        _save(figure, "false-alarms")


def detection_delay(found: Found) -> None:
    """Hours from a shift to its alert."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(6.6, 3.8))
        for color, rate in zip(COLORS, sorted({case.rate for case, _ in found}), strict=False):
            points = [
                (float(case.name), sorted(figures.said(outcomes)), len(outcomes))
                for case, outcomes in found
                if case.rate == rate
            ]
            heard = [(size, late) for size, late, plays in points if 2 * len(late) >= plays]
            middle = [float(np.median(late)) for _, late in heard]
            spread = [
                [m - late[0] for m, (_, late) in zip(middle, heard, strict=True)],
                [late[-1] - m for m, (_, late) in zip(middle, heard, strict=True)],
            ]
            axes.errorbar(
                [size for size, _ in heard], middle, spread, fmt="o-", ms=4, capsize=3, color=color,
                label=f"{rate:,} leads a day",
            )  # fmt: skip
        axes.set(
            xlabel="shift of two features, in standard deviations",
            ylabel="hours to the alert",
            xticks=SIZES,
            ylim=(0, None),
            xlim=(0, max(SIZES) + 0.1),
        )
        axes.legend(fontsize=8)
        _save(figure, "detection-delay")


CAUSES = {
    "bad retrain": ("retrain", "leaked"),
    "world shift": ("world shift", "source", "tenth"),
    "serving bug, night bot": ("serving bug", "night bot"),
    "the world moved back": ("campaign",),
}


def counterfactual(found: Found) -> None:
    """The PSI of champion and previous at each sustained breach."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(6.6, 4.6))
        least = 0.01
        for color, marker, (cause, words) in zip(COLORS, "oxs^", CAUSES.items(), strict=False):
            pairs = np.array(list(_pairs(found, words))).reshape(-1, 2)
            axes.scatter(
                np.maximum(pairs[:, 0], least), np.maximum(pairs[:, 1], least), s=22, marker=marker,
                color=color, alpha=0.6, label=f"{cause} ({len(pairs)})",
            )  # fmt: skip
        axes.axvline(0.25, color="#888888", lw=1, ls="--")
        axes.axhline(0.10, color="#888888", lw=1, ls="--")
        axes.fill_between([0.25, 10], least * 0.8, 0.10, color="#943126", alpha=0.06, lw=0)
        axes.annotate("here the planner goes back", (0.28, 0.082), fontsize=8.5, color="#555555")
        axes.set(
            xscale="log", yscale="log", xlim=(0.15, 10), ylim=(least * 0.8, 10),
            xlabel="PSI of the champion", ylabel="PSI of the previous model, same leads",
        )  # fmt: skip
        axes.legend(fontsize=8, loc="upper left")
        _save(figure, "counterfactual")


def _pairs(found: Found, words: Sequence[str]) -> Iterator[tuple[float, float]]:
    for case, outcomes in found:
        if any(word in case.name for word in words):
            yield from (pair for outcome in outcomes for pair in outcome.pairs if not np.isnan(pair[1]))
