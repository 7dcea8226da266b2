"""The picture of a replay: distribution of scores, PSI against its limit, decisions as marks. Needs matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any

from leadmodel_local.replay.instant import at
from leadmodel_local.replay.simulation import Day
from leadmodel_operator.resource.spec import Spec

MARKS = {  # event → label, colour, marker
    "Promoted": ("promoted", "tab:green", "^"),
    "GateFailed": ("refused by the gate", "tab:gray", "x"),
    "RolledBack": ("rolled back", "tab:red", "v"),
    "DriftSustained": ("alert, no rollback", "tab:orange", "o"),
}


def draw(days: Sequence[Day], spec: Spec, name: str, path: Path) -> None:
    """Draw the days into a file, as SVG or PNG by the name of the file."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = name  # the same days draw the same file
    figure, axes = plt.subplots(
        3, 1, figsize=(11, 7), sharex=True, height_ratios=(2, 2, 1), layout="constrained"
    )
    _scores(axes[0], days)
    _psi(axes[1], days, spec)
    _decisions(axes[2], days)
    axes[0].set_title(f"{name}: {at(days[0].begin):%Y-%m-%d} to {at(days[-1].begin):%Y-%m-%d}")
    figure.autofmt_xdate()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


def _scores(axis: Any, days: Sequence[Day]) -> None:
    known = [(at(day.begin), quantiles(day.scores, n=20)) for day in days if len(day.scores) > 1]
    if known:
        when = [begin for begin, _ in known]
        for low, high, shade in ((0, 18, 0.15), (4, 14, 0.3)):
            axis.fill_between(
                when,
                [q[low] for _, q in known],
                [q[high] for _, q in known],
                color="tab:blue",
                alpha=shade,
                lw=0,
            )
        axis.plot(
            when, [q[9] for _, q in known], color="tab:blue", label="median; bands hold half and nine in ten"
        )
        axis.legend(loc="upper left", frameon=False)
    axis.set_ylabel("score of live leads")


def _psi(axis: Any, days: Sequence[Day], spec: Spec) -> None:
    when = [at(day.begin) for day in days]
    for values, label, colour in (
        ([day.psi for day in days], "champion", "tab:red"),
        ([day.previous_psi for day in days], "previous, the same leads", "tab:purple"),
    ):
        axis.plot(
            when, [float("nan") if v is None else v for v in values], color=colour, label=label, marker="."
        )
    axis.axhline(spec.drift.max_psi, color="black", lw=1, ls="--", label=f"limit {spec.drift.max_psi:g}")
    axis.set_yscale("symlog", linthresh=0.1)
    axis.set_ylim(bottom=0)
    axis.set_yticks([0, 0.1, 1], ["0", "0.1", "1"])
    axis.set_ylabel("largest PSI of the day")
    axis.legend(loc="upper left", frameon=False)


def _decisions(axis: Any, days: Sequence[Day]) -> None:
    events = [(at(when), event.reason) for day in days for when, event in day.events]
    for height, (reason, (label, colour, marker)) in enumerate(MARKS.items()):
        when = [moment for moment, name in events if name == reason]
        axis.scatter(when, [height] * len(when), color=colour, marker=marker, label=label, s=36)
    axis.set_yticks(range(len(MARKS)), [label for label, _, _ in MARKS.values()])
    axis.set_ylim(-0.7, len(MARKS) - 0.3)
    axis.grid(axis="x", alpha=0.3)
